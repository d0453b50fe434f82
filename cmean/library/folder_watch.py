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

    A file counts as new once it has looked the same for a while: one that is still being copied is
    left alone. One that has changed since counts as new again. Looking works on network folders,
    which tell nobody of what changes in them.

    Args:
        folders: the folders.
        quiet: so many looks in a row must see the file unchanged.

    Raises:
        InputError: a folder does not exist.
    """

    def __init__(self, folders: Sequence[Path], quiet: int) -> None:
        self.folders = folders
        self.quiet = quiet
        self._last: dict[Path, tuple[tuple[int, float], int]] = {}
        self._present()
        self._given: dict[Path, tuple[int, float]] = {}

    def look(self) -> list[Path]:
        """The files that are new since the last look, and complete."""
        now: dict[Path, tuple[tuple[int, float], int]] = {}
        for path in self._present():
            try:
                status = path.stat()
            except OSError:
                continue  # gone again
            state = (status.st_size, status.st_mtime)
            before, looks = self._last.get(path, (state, 0))
            now[path] = (state, looks + 1 if before == state else 1)
        self._last = now
        settled = [
            path
            for path, (state, looks) in now.items()
            if looks > self.quiet and self._given.get(path) != state
        ]
        self._given |= {path: now[path][0] for path in settled}
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
