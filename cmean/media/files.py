"""Which files are media: found in folders, told by suffix, identified by their content."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.domain import Kind
from cmean.errors import InputError, MediaError
from cmean.util.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys(
        (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif"), Kind.TRACK
    ),
    **dict.fromkeys(
        (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"), Kind.ARTWORK
    ),
}
"""File name suffix, in lower case, to the kind that it promises."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A path that cannot be used: a stable `reason` and a one-line `detail`, as in MediaError."""

    path: Path
    reason: str
    detail: str


def guess_kind(path: Path) -> Kind | None:
    """The kind that a file's suffix promises, or None. The content is not looked at."""
    return SUFFIXES.get(path.suffix.lower())


def walk(paths: Iterable[Path]) -> list[Path | Rejected]:
    """All media files under the given files and folders, as paths under the path given.

    A file that was named is always in the list, whatever it is called. Folders are searched
    through and through, in the order of names; in them, hidden files and folders and files that
    are no media by their suffix are passed over. A link to a file of the same folder is as good
    as a file; a link that leads out of it is rejected (``outside-root``), never followed; no link
    to a folder is entered. Other reasons: ``no-permission``, ``missing`` (a dangling link) and
    ``not-a-file`` (a pipe, a device).

    Raises:
        InputError: a path does not exist, or a folder holds no media file at all.
    """
    found: list[Path | Rejected] = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except PermissionError:
            found.append(_no_permission(path))
            continue
        except (OSError, ValueError):  # ValueError: a null byte, which no path can hold
            raise InputError(f"no such file or folder: {path}") from None
        inside = _in_folder(path) if stat.S_ISDIR(mode) else [path]
        if not inside:
            raise InputError(f"no media file in folder: {path} (known: {' '.join(SUFFIXES)})")
        found += inside
    return found


def require_readable(path: Path) -> None:
    """Raise MediaError unless `path` is a regular file with content that may be read.

    Raises:
        MediaError: ``missing``, ``no-permission``, ``not-a-file``, ``empty-file``, or
            ``read-error`` if the medium or the file system fails.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # before opening: opening a pipe waits for ever
            raise MediaError("not-a-file", "not a regular file")
        with path.open("rb") as file:
            file.read(1)
    except PermissionError:
        raise MediaError("no-permission", "no permission to read the file") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise MediaError("missing", "no such file") from None
    except OSError as error:
        raise MediaError("read-error", f"reading failed: {error.strerror}") from error
    if status.st_size == 0:
        raise MediaError("empty-file", "the file has 0 bytes")


def hash_media_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits: the identity of an item.

    Raises:
        MediaError: the reasons of `require_readable`.
    """
    require_readable(path)
    try:
        with path.open("rb") as file:
            return hash_file(file)
    except OSError as error:
        raise MediaError("read-error", f"reading failed: {error.strerror}") from error


def _no_permission(path: Path) -> Rejected:
    return Rejected(path, "no-permission", "no permission to read it")


def _in_folder(root: Path) -> list[Path | Rejected]:
    found: list[Path | Rejected] = []
    real_root = Path(os.path.realpath(root))

    def unreadable(error: OSError) -> None:
        found.append(_no_permission(Path(os.fsdecode(error.filename))))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *linked]):
            entry = None if name.startswith(".") else _entry(Path(folder) / name, real_root)
            if entry is not None:
                found.append(entry)
    return found


def _entry(path: Path, real_root: Path) -> Path | Rejected | None:
    """What `path`, met in a folder, is worth: a file, a rejection, or nothing."""
    is_link = path.is_symlink()
    is_folder = is_link and path.is_dir()
    if guess_kind(path) is None and not is_folder:
        return None
    if is_link and not Path(os.path.realpath(path)).is_relative_to(real_root):
        return Rejected(path, "outside-root", "a link that leads out of the folder given")
    if is_folder:
        return None  # what it links to is met on its own
    try:
        mode = path.stat().st_mode
    except OSError:
        return Rejected(path, "missing", "a link to a file that does not exist")
    if not stat.S_ISREG(mode):
        return Rejected(path, "not-a-file", "not a regular file")
    return path
