"""The folder of weights: each package in a folder of its own, which is whole or not there.

A folder is written under another name, and renamed when all of it is on the disk. Its manifest has
the size and the SHA-256 of each file.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import platformdirs

from cmean.config import load_settings
from cmean.errors import WeightsError
from cmean.util.hashing import hash_file, hash_parts
from cmean.weights.packages import find_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cmean.weights.packages import WeightPackage

_MANIFEST, _LOCK, _UNFINISHED = "manifest.json", ".lock", ".unfinished-"
_AGAIN = "run: cmean setup"


class PackageState(StrEnum):
    """Whether a package's files are on this machine."""

    PRESENT = "present"
    ABSENT = "absent"
    DAMAGED = "damaged"


def get_weights_folder() -> Path:
    """Return the folder of all packages: CMEAN_WEIGHTS_DIR, else in the user's data folder."""
    own = load_settings().weights_dir
    if own:
        return own.expanduser().absolute()
    return platformdirs.user_data_path("cmean", appauthor=False) / "weights"


def get_package_folder(package: WeightPackage) -> Path:
    """Return the folder of a package, whether it is there or not."""
    return get_weights_folder() / f"{package.name}-{package.version}-{package.revision}"


def locate_package(name: str, *, thorough: bool = False) -> Path:
    """Return the folder of a package that is ready.

    Args:
        name: of the package.
        thorough: as in `find_state`.

    Raises:
        WeightsError: it is not on this machine, or a file is missing or cut.
        ConfigError: there is no such package.
    """
    require_package(find_package(name), thorough=thorough)
    return get_package_folder(find_package(name))


def require_package(package: WeightPackage, *, thorough: bool = False) -> None:
    """Check that a package is ready; `thorough` as in `find_state`.

    Raises:
        WeightsError: it is not.
    """
    found = find_state(package, thorough=thorough)
    if found is PackageState.ABSENT:
        raise WeightsError(f"the weights of {package.title} are not on this machine; {_AGAIN}")
    if found is PackageState.DAMAGED:
        damage = _find_damage(package, thorough=thorough)
        raise WeightsError(f"the weights of {package.title} are damaged: {damage}; {_AGAIN}")


def find_state(package: WeightPackage, *, thorough: bool = False) -> PackageState:
    """Find whether a package is ready.

    Args:
        package: of the table.
        thorough: read every file and compare its digest, instead of its size only.
    """
    if not os.path.lexists(get_package_folder(package)):
        return PackageState.ABSENT
    return (
        PackageState.DAMAGED if _find_damage(package, thorough=thorough) else PackageState.PRESENT
    )


def _find_damage(package: WeightPackage, *, thorough: bool) -> str | None:
    """Describe what is wrong with a package's folder; None: nothing."""
    folder = get_package_folder(package)
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        # The converter is not compared: another conversion has another revision, hence folder.
        if manifest["wheel"] != package.sha256 or not manifest["files"]:
            return f"{folder / _MANIFEST} is of another wheel, or lists no files"
        for name, facts in manifest["files"].items():
            path = folder / name
            if (size := path.stat().st_size) != facts["bytes"]:
                return f"{path} has {size:,} of {facts['bytes']:,} bytes"
            if thorough and _digest_file(path) != facts["sha256"]:
                return f"{path} has another SHA-256 than when it was written"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"{folder / _MANIFEST} is no manifest"
    return None


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hash_file(file)


@contextmanager
def lock_weights(on_wait: Callable[[], None]) -> Iterator[None]:
    """Lock the weights against other writers in a block; remove what a killed one left.

    Args:
        on_wait: called once if another process has to be waited for.

    Raises:
        WeightsError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - who only reads needs none

    folder = get_weights_folder()
    with _explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    with _explain_write_errors(folder):
        try:
            lock.acquire(blocking=False)
        except Timeout:
            on_wait()
            lock.acquire()
    try:
        for path in folder.glob(
            f"{_UNFINISHED}*"
        ):  # no other process is writing: these are left over
            shutil.rmtree(path, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextmanager
def make_temporary_folder() -> Iterator[Path]:
    """Make a new folder beside those of the packages, removed at the end of the block.

    Raises:
        WeightsError: the folder of weights cannot be written.
    """
    folder = get_weights_folder()
    path = folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
    try:
        with _explain_write_errors(folder):
            path.mkdir()  # unlike tempfile's, readable by whom the umask allows
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write_package(package: WeightPackage, files: Mapping[str, bytes], temporary: Path) -> None:
    """Make a package ready. To be called with `lock_weights`.

    Args:
        package: of the table.
        files: contents by path in its folder.
        temporary: from `make_temporary_folder`.

    Raises:
        WeightsError: the disk is full or cannot be written.
    """
    new, old = temporary / "new", temporary / "old"
    manifest = {
        "package": package.name,
        "version": package.version,
        "licence": package.licence,
        "wheel": package.sha256,
        "convert": package.convert,
        "files": {name: _describe(content) for name, content in files.items()},
    }
    content = {**files, _MANIFEST: json.dumps(manifest, indent=2).encode()}
    target = get_package_folder(package)
    with _explain_write_errors(get_weights_folder()):
        for name, part in content.items():
            _write_file(new / name, part)
        if os.path.lexists(target):  # damaged, else it would not be written
            target.rename(old)
        new.rename(target)


def _describe(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hash_parts([content])}


def _write_file(path: Path, content: bytes) -> None:
    """Write a file, and have it on the disk before anything is renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explain_write_errors(folder: Path) -> Iterator[None]:
    """Convert errors of the operating system in a block to one line."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            why = "no space is left on the disk: make room, or"
        else:
            why = f"{error.strerror or error};"
        raise WeightsError(
            f"{folder} cannot be written: {why} set CMEAN_WEIGHTS_DIR to another folder"
        ) from error
    except NotImplementedError as error:  # of the lock
        raise WeightsError(
            f"{folder} is on a file system without locks; set CMEAN_WEIGHTS_DIR to another folder"
        ) from error
