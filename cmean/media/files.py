"""Media files: found in folders, named by URIs, identified by their content, read quietly."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from cmean.errors import InputError, MediaError
from cmean.failure_reasons import FailureReason
from cmean.media.formats import SUFFIXES
from cmean.util.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmean.domain import Kind


@dataclass(frozen=True, slots=True)
class RejectedPath:
    """A path that cannot be used: a stable `reason` and a one-line `detail`, as in MediaError."""

    path: Path
    reason: str
    detail: str


def parse_file_uri(uri: str) -> Path:
    """Return the path that a ``file:`` URI names."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def format_path(path: Path) -> str:
    """Return a path as text without undecodable bytes, for terminals, databases and JSON."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def guess_kind(path: Path) -> Kind | None:
    """Return the kind that a file's suffix stands for, or None; the file is not opened."""
    return SUFFIXES.get(path.suffix.lower())


def find_media_files(paths: Iterable[Path]) -> list[Path | RejectedPath]:
    """Find all media files under the given files and folders, as paths under the path given.

    A file that was named is always in the list, whatever its suffix. Folders are searched
    recursively in the order of names; in them, hidden files and folders and files without a media
    suffix are skipped. A link to a file of the same folder counts as a file; a link that leads out
    of it is rejected (``outside-root``), never followed; no link to a folder is entered. Other
    reasons: ``no-permission``, ``missing`` (a dangling link) and ``not-a-file`` (a pipe, a device).

    Raises:
        InputError: a path does not exist, or a folder holds no media file at all.
    """
    found: list[Path | RejectedPath] = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except PermissionError:
            found.append(_reject_unreadable(path))
            continue
        except (OSError, ValueError):  # ValueError: a null byte, which no path can hold
            raise InputError(f"no such file or folder: {path}") from None
        inside = _find_in_folder(path) if stat.S_ISDIR(mode) else [path]
        if not inside:
            raise InputError(f"no media file in folder: {path} (known: {' '.join(SUFFIXES)})")
        found += inside
    return found


def require_readable(path: Path) -> None:
    """Check that a path is a regular file with content that may be read.

    Raises:
        MediaError: ``missing``, ``no-permission``, ``not-a-file``, ``empty-file``, or
            ``read-error`` if the medium or the file system fails.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # before opening: opening a pipe blocks indefinitely
            raise MediaError(FailureReason.NOT_A_FILE, "not a regular file")
        with path.open("rb") as file:
            file.read(1)
    except PermissionError:
        raise MediaError(FailureReason.NO_PERMISSION, "no permission to read the file") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise MediaError(FailureReason.MISSING, "no such file") from None
    except OSError as error:
        raise MediaError(FailureReason.READ_ERROR, f"reading failed: {error.strerror}") from error
    if status.st_size == 0:
        raise MediaError(FailureReason.EMPTY_FILE, "the file has 0 bytes")


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
        raise MediaError(FailureReason.READ_ERROR, f"reading failed: {error.strerror}") from error


def _reject_unreadable(path: Path) -> RejectedPath:
    return RejectedPath(path, FailureReason.NO_PERMISSION, "no permission to read it")


def _find_in_folder(root: Path) -> list[Path | RejectedPath]:
    found: list[Path | RejectedPath] = []
    real_root = Path(os.path.realpath(root))

    def unreadable(error: OSError) -> None:
        found.append(_reject_unreadable(Path(os.fsdecode(error.filename))))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *linked]):
            entry = None if name.startswith(".") else _check_entry(Path(folder) / name, real_root)
            if entry is not None:
                found.append(entry)
    return found


def _check_entry(path: Path, real_root: Path) -> Path | RejectedPath | None:
    """Return a path of a folder if it is a media file, a rejection, or None to skip it."""
    is_link = path.is_symlink()
    is_folder = is_link and path.is_dir()
    if guess_kind(path) is None and not is_folder:
        return None
    if is_link and not Path(os.path.realpath(path)).is_relative_to(real_root):
        return RejectedPath(path, FailureReason.OUTSIDE_ROOT, "a link to a file outside the folder")
    if is_folder:
        return None  # its target is in the folder, too, and found there
    try:
        mode = path.stat().st_mode
    except OSError:
        return RejectedPath(path, FailureReason.MISSING, "a link to a file that does not exist")
    if not stat.S_ISREG(mode):
        return RejectedPath(path, FailureReason.NOT_A_FILE, "not a regular file")
    return path


_STDERR = 2


class _StderrMute:
    """Redirects file descriptor 2 to the null device while at least one thread asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved = -1

    def acquire(self) -> None:
        with self._lock:
            if self._users == 0:
                self._saved = os.dup(_STDERR)
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, _STDERR)
                os.close(nothing)
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.dup2(self._saved, _STDERR)
                os.close(self._saved)


_mute = _StderrMute()


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Mute file descriptor 2: mpg123 (in libsndfile) and libtiff (in Pillow) print there.

    Neither has an option against it. What they print is also returned as an error, or harmless.

    The descriptor belongs to the process, so what another thread writes to it meanwhile is lost
    as well: decode in worker processes where a progress bar runs, not in threads beside it.
    """
    try:
        _mute.acquire()
    except OSError:  # started without a standard error: nothing to mute
        yield
        return
    try:
        yield
    finally:
        _mute.release()
