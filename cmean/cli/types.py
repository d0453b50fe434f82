"""Types of arguments, with messages for people."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cmean.domain import LONGEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


def positive(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return value


def natural(text: str) -> int:
    """A whole number of at least 0."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, not {text!r}")
    return value


def seconds(text: str) -> float:
    """How long a rating took, in seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"must be a number from 0 to {LONGEST_SECONDS:,}, not {text!r}"
        )
    return value


def at_most(most: int, least: int = 1) -> Callable[[str], int]:
    """A type of whole numbers from `least` to `most`."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {least} to {most:,}, not {text!r}"
            )
        return value

    return number


def port(text: str) -> int:
    """A TCP port, 0..65535."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 65_535:  # noqa: PLR2004 - the range is the definition
        raise argparse.ArgumentTypeError(f"must be a port, 0 to 65535, not {text!r}")
    return value


def share(text: str) -> float:
    """A share above 0 and at most a half."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 0.5:  # noqa: PLR2004 - said in the message
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 0.5, not {text!r}")
    return value


def similarity(text: str) -> float:
    """A similarity, from -1 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = 2.0
    if not -1 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from -1 to 1, not {text!r}")
    return value
