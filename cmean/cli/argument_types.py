"""Types of command-line arguments, with messages for people."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from cmean.domain import LONGEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_PORT: Final = 65_535
_LARGEST_HELD_OUT: Final = 0.5


def parse_positive_integer(text: str) -> int:
    """Parse a whole number of at least 1."""
    return _parse_integer(text, 1)


def parse_natural_number(text: str) -> int:
    """Parse a whole number of at least 0."""
    return _parse_integer(text, 0)


def _parse_integer(text: str, least: int) -> int:
    value = _read_integer(text)
    if value is None or value < least:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of at least {least}, not {text!r}"
        )
    return value


def make_integer_parser(most: int, least: int = 1) -> Callable[[str], int]:
    """Make a parser of whole numbers from `least` to `most`."""

    def parse_integer(text: str) -> int:
        value = _read_integer(text)
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {least} to {most:,}, not {text!r}"
            )
        return value

    return parse_integer


def parse_port(text: str) -> int:
    """Parse a TCP port, 0..65535; 0 lets the system choose."""
    value = _read_integer(text)
    if value is None or not 0 <= value <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"must be a port, 0 to {_LARGEST_PORT}, not {text!r}")
    return value


def parse_duration(text: str) -> float:
    """Parse the time that a rating took, in seconds."""
    value = _read_number(text)
    if value is None or not 0 <= value <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"must be a number from 0 to {LONGEST_SECONDS:,}, not {text!r}"
        )
    return value


def parse_held_out_share(text: str) -> float:
    """Parse a share of items to hold out: above 0, at most a half."""
    value = _read_number(text)
    if value is None or not 0 < value <= _LARGEST_HELD_OUT:
        raise argparse.ArgumentTypeError(
            f"must be above 0 and at most {_LARGEST_HELD_OUT}, not {text!r}"
        )
    return value


def parse_similarity(text: str) -> float:
    """Parse a similarity, -1..1."""
    value = _read_number(text)
    if value is None or not -1 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from -1 to 1, not {text!r}")
    return value


def _read_integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _read_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
