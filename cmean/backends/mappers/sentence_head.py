"""A linear head that turns a sentence vector into channel points."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.backends.mappers.word_table import BASE
from cmean.domain import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HEAD: Final = "sentence_head.csv"
"""The file: a row `BASE`, then one for each number of a vector; the columns are channels."""


class SentenceHead:
    """Weights of the head.

    Args:
        base: what every text starts from, of shape (3,), in channel points.
        weights: of shape (width, 3), in channel points.
    """

    def __init__(self, base: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        self._base = base
        self._weights = weights

    @classmethod
    def parse(cls, text: str) -> SentenceHead:
        """Read what `rows` gave as CSV."""
        rows = csv.DictReader(io.StringIO(text))
        numbers = np.array([[float(row[channel]) for channel in CHANNELS] for row in rows])
        return cls(numbers[0], numbers[1:])

    def rows(self) -> Iterator[list[str]]:
        """Return the rows of the file, rounded to a tenth of a point."""
        yield ["number", *CHANNELS]
        for name, points in zip(
            [BASE, *map(str, range(len(self._weights)))], [self._base, *self._weights], strict=True
        ):
            yield [name, *(f"{value:.1f}" for value in points)]

    def read(self, vector: NDArray[np.float32]) -> tuple[float, float, float]:
        """Compute the points of a sentence vector in each channel, neither rounded nor clamped."""
        red, green, blue = self._base + vector.astype(np.float64) @ self._weights
        return float(red), float(green), float(blue)
