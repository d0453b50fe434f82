"""Checkpoints of ImageBind that are not there, or are no use: each is told in a line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from checkpoints import imagebind

from cmean.backends import registry
from cmean.backends.embedders.imagebind import FILES_TO_FETCH
from cmean.errors import ConfigError, EmbeddingError, WeightsError

pytest.importorskip("torch", reason="the models extra is not installed")
pytest.importorskip("transformers", reason="the models extra is not installed")


def saved(weights, folder):
    from safetensors.torch import save_file  # noqa: PLC0415 - of an extra

    save_file(weights, folder / imagebind.CHECKPOINT)


def test_weights_that_give_no_numbers_are_told(copied):
    weights = imagebind.weights()
    weights["modality_heads.text.proj.1.weight"] *= float("nan")
    saved(weights, copied)
    with pytest.raises(EmbeddingError, match="length nan"):
        imagebind.loaded(copied).embed_texts(["an inn"])


def test_weights_that_are_not_here_are_told(tmp_path):
    embedder = registry.create_embedder("imagebind", {"model": str(tmp_path / "none")})
    with pytest.raises(WeightsError, match="not on this machine"):
        embedder.load()


@pytest.mark.parametrize(
    ("name", "said"), [(imagebind.CHECKPOINT, "no checkpoint"), ("merges.txt", "fetch openai/clip")]
)
@pytest.mark.usefixtures("models")
def test_a_missing_file_is_told(copied, name, said):
    (copied / name).unlink()
    with pytest.raises(WeightsError, match=said):
        imagebind.loaded(copied)


def test_the_tokenizer_may_lie_in_clips_repository(copied, embedder, models):
    shelf = models / "clip-vit-base-patch32"
    shelf.mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        (copied / name).rename(shelf / name)
    vector = imagebind.loaded(copied).embed_texts(["an"])[0]
    assert np.array_equal(vector, embedder.embed_texts(["an"])[0])


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"\x80\x02}q\x00."])
def test_a_damaged_checkpoint_is_told(copied, content):
    (copied / imagebind.CHECKPOINT).write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be read") as told:
        imagebind.loaded(copied)
    assert "\n" not in str(told.value)


def test_a_checkpoint_that_would_run_code_is_refused(copied):
    import torch

    (copied / imagebind.CHECKPOINT).unlink()
    torch.save({"state_dict": Path("code")}, copied / "imagebind_huge.pth")
    with pytest.raises(WeightsError, match="cannot be read"):
        imagebind.loaded(copied)


def test_another_architecture_is_told(copied):
    state = imagebind.weights()
    del state["modality_trunks.audio.blocks.1.attn.bias_k"]
    saved(state, copied)
    with pytest.raises(WeightsError, match=r"lacks 1 of \d+ tensors, .*bias_k"):
        imagebind.loaded(copied)


def test_another_size_is_told(copied):
    (copied / "config.json").write_text(json.dumps(imagebind.SIZES | {"out_embed_dim": 16}))
    with pytest.raises(WeightsError, match="another size"):
        imagebind.loaded(copied)


@pytest.mark.parametrize("config", ["[]", "{", '{"out_embed_dim": "12"}', '{"text_num_heads": 5}'])
def test_a_config_of_no_use_is_told(copied, config):
    (copied / "config.json").write_text(config)
    with pytest.raises(WeightsError, match=r"config\.json"):
        imagebind.loaded(copied)


def test_two_checkpoints_are_told_apart_by_name_only(copied):
    (copied / imagebind.CHECKPOINT).rename(copied / "a.pth")
    shutil.copy(copied / "a.pth", copied / "b.pth")
    with pytest.raises(WeightsError, match="several"):
        imagebind.loaded(copied)


def test_another_tokenizer_is_told(copied):
    imagebind.write_tokenizer(copied, merges=["t h"])
    with pytest.raises(WeightsError, match="the tokenizer"):
        imagebind.loaded(copied)


def test_parameters_of_no_use_are_told(folder):
    with pytest.raises(ConfigError, match="dtype"):
        imagebind.loaded(folder, dtype="int3")
    for clips in (0, True, 2.0):
        with pytest.raises(ConfigError, match="clips"):
            imagebind.loaded(folder, clips=clips)
    with pytest.raises(ConfigError, match="takes no parameter"):
        registry.create_embedder("imagebind", {"size": "huge"})


def test_the_files_to_fetch_are_those_that_load_reads(folder):
    assert all((folder / name).is_file() for _, name in FILES_TO_FETCH)
