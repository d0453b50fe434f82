"""``file:`` URIs and the paths that they name, whatever bytes their names hold."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit


def local_path(uri: str) -> Path:
    """The path that a ``file:`` URI names."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def display(path: Path) -> str:
    """A path as text that any terminal, database and JSON takes."""
    return os.fsencode(path).decode("utf-8", errors="replace")
