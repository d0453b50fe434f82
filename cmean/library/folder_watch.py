"""Watching folders for new media: files that have stopped growing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.errors import InputError
from cmean.media import files
from cmean.media.files import RejectedPath

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class FolderWatch:
    """Folders that are polled for new media files.

    A file counts as new once its size and time have stayed the same for some polls, so that one
    that is still being copied is left alone. One that has changed since counts as new again.
    Polling works on network folders, too, on which file system events do not arrive.

    Args:
        folders: the folders.
        unchanged_polls: so many polls in a row must see a file unchanged.

    Raises:
        InputError: a folder does not exist.
    """

    def __init__(self, folders: Sequence[Path], unchanged_polls: int) -> None:
        self.folders = folders
        self.unchanged_polls = unchanged_polls
        self._last: dict[Path, tuple[tuple[int, float], int]] = {}
        self._list_media_files()
        self._given: dict[Path, tuple[int, float]] = {}

    def find_new_files(self) -> list[Path]:
        """Return the files that are complete and new since the last poll."""
        now: dict[Path, tuple[tuple[int, float], int]] = {}
        for path in self._list_media_files():
            try:
                status = path.stat()
            except OSError:
                continue  # gone again
            state = (status.st_size, status.st_mtime)
            before, polls = self._last.get(path, (state, 0))
            now[path] = (state, polls + 1 if before == state else 1)
        self._last = now
        settled = [
            path
            for path, (state, polls) in now.items()
            if polls > self.unchanged_polls and self._given.get(path) != state
        ]
        self._given |= {path: now[path][0] for path in settled}
        return settled

    def _list_media_files(self) -> list[Path]:
        found: list[Path] = []
        for folder in self.folders:
            if not folder.is_dir():
                raise InputError(f"no such folder: {folder}")
            try:
                entries = files.find_media_files([folder])
            except InputError:
                continue  # no media in it yet
            found += [e for e in entries if not isinstance(e, RejectedPath)]
        return found
