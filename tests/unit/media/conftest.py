"""Fixtures of the media room's tests."""

import os
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_folder():
    """A new folder that any user may enter; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def unprivileged():
    """A function that gives up root for the rest of the test, so that permissions count."""
    if os.geteuid() != 0:
        yield lambda: None
        return
    yield lambda: os.seteuid(65_534)
    os.seteuid(0)


@pytest.fixture
def put(tmp_path):
    """A function that writes bytes to a new file of the given name and returns its path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write
