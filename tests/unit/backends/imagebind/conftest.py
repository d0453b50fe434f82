"""A tiny checkpoint of ImageBind, and the embedder that it makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checkpoints import imagebind


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return imagebind.build(tmp_path_factory.mktemp("weights") / "imagebind")


@pytest.fixture
def copied(folder, tmp_path):
    """A checkpoint that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "imagebind"))


@pytest.fixture(scope="module")
def embedder(folder):
    return imagebind.loaded(folder)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """For so small a model, a second thread costs more than it brings."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("CMEAN_DEVICE", "cpu")


@pytest.fixture
def models(monkeypatch, tmp_path):
    """A folder of models, and nothing fetched."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", tmp_path / "cache")
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(tmp_path / "models"))
    return tmp_path / "models"
