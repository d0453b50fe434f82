"""Watching folders for new media: files that have stopped growing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.errors import InputError
from cmean.media import files
from cmean.media.files import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Watch:
    """Some folders, looked through again and again.

    A file counts as new once it looks the same in two looks: one that is still being copied is
    left alone. One that has changed since counts as new again. Looking works on network folders,
    which tell nobody of what changes in them.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._last: dict[Path, tuple[int, float]] = {}
        self._given: dict[Path, tuple[int, float]] = {}

    def look(self) -> list[Path]:
        """The files that are new since the last look, and complete."""
        now: dict[Path, tuple[int, float]] = {}
        for path in self._present():
            try:
                status = path.stat()
            except OSError:
                continue  # gone again
            now[path] = (status.st_size, status.st_mtime)
        settled = [
            path
            for path, state in now.items()
            if self._last.get(path) == state and self._given.get(path) != state
        ]
        self._last = now
        self._given |= {path: now[path] for path in settled}
        return settled

    def _present(self) -> list[Path]:
        found: list[Path] = []
        for folder in self.folders:
            if not folder.is_dir():
                raise InputError(f"no such folder: {folder}")
            try:
                entries = files.walk([folder])
            except InputError:
                continue  # no media in it yet
            found += [e for e in entries if not isinstance(e, Rejected)]
        return found
