"""Where the windows lie that together cover something longer than a tower takes."""

from __future__ import annotations


def starts(length: int, size: int, step: int) -> list[int]:
    """Where windows of one size begin: one a step, the last one aligned to the end.

    Something no longer than a window has one window, from its beginning.
    """
    return [*range(0, length - size, step), max(0, length - size)]
