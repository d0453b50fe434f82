"""Linear readings of many inputs: what was fitted on people's judgements, kept as a table."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST: Final = 4.0
"""Spreads from its middle at which an input stops counting for more."""

BASE: Final = "(base)"
"""The row of a table that is added to every reading."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearHeads:
    """Readings of inputs: ``base + sum of weight · clip((input - middle) / spread)``.

    Args:
        inputs: their names, n of them.
        outputs: the names of the readings, k of them.
        middle: of each input, shape (n,).
        spread: of each input, above 0, shape (n,).
        weights: shape (n, k).
        base: shape (k,).
    """

    inputs: Sequence[str]
    outputs: Sequence[str]
    middle: Floats
    spread: Floats
    weights: Floats
    base: Floats

    @classmethod
    def load(cls, file: str) -> LinearHeads:
        """Read a table that lies in this package: CSV, a row an input, one row the base.

        Columns: input, middle, spread, and one a reading.
        """
        text = files(__package__).joinpath(file).read_text(encoding="utf-8")
        header, *rows = csv.reader(io.StringIO(text))
        numbers = {row[0]: [float(cell) for cell in row[1:]] for row in rows}
        base = np.array(numbers.pop(BASE)[2:])
        table = np.array(list(numbers.values()))
        return cls(list(numbers), header[3:], table[:, 0], table[:, 1], table[:, 2:], base)

    def read(self, values: Mapping[str, float]) -> dict[str, float]:
        """Compute the readings of named inputs."""
        return self.read_row(np.array([values[name] for name in self.inputs]))

    def read_row(self, values: NDArray[np.floating]) -> dict[str, float]:
        """Compute the readings of inputs in the order of `inputs`, shape (n,)."""
        scaled = np.clip((values - self.middle) / self.spread, -FARTHEST, FARTHEST)
        found = self.base + scaled @ self.weights
        return dict(zip(self.outputs, map(float, found), strict=True))


def grade_score(score: float) -> float:
    """Convert a score (0: middle, 1: one spread above) to the share of items below it, 0..1."""
    return (1 + math.erf(score / math.sqrt(2))) / 2
