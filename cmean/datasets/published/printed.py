"""Tables I to VI as the study printed them, each figure with its decimals."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Printed = dict[str, dict[str, dict[str, str]]]
"""Table → column → metric → the figure as it was printed."""


@cache
def load_printed_tables() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the printed tables."""
    text = files(__package__).joinpath("printed.json").read_text(encoding="utf-8")
    tables: Printed = json.loads(text)["tables"]
    return tables


def parse_figure(figure: str) -> float | int:
    """Return a printed figure as a number: a count where it has no decimals."""
    return float(figure) if "." in figure else int(figure)


def count_decimals(figure: str) -> int:
    """Return the number of decimals that a figure was printed with."""
    return len(figure.partition(".")[2])


def rounds_to_figure(value: float, figure: str) -> bool:
    """Return whether a value, rounded as a figure is printed, is that figure.

    One that lies half way, but for its rounding in memory, agrees with both neighbours.
    """
    half = 0.5 * 10 ** -count_decimals(figure) if "." in figure else 0.0
    return abs(value - parse_figure(figure)) <= half * (1 + 1e-9)
