"""``file:`` URIs and paths, whose names may hold any bytes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit


def local_path(uri: str) -> Path:
    """Return the path that a ``file:`` URI names."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def format_path(path: Path) -> str:
    """Return a path as text without undecodable bytes, for terminals, databases and JSON."""
    return os.fsencode(path).decode("utf-8", errors="replace")
