"""Calibration: map the vectors of each kind to a scale that both kinds share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.errors import InputError
from cmean.matching.vectors import HIGHEST, require_integer_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

NONE, QUANTILE = "none", "quantile"

CALIBRATIONS: Final[Mapping[str, str]] = {
    NONE: "unchanged",
    QUANTILE: "each number becomes its percentile within its kind",
}
"""Calibrations by name, and what each does to the vectors of one kind."""


def calibrate_vectors(vectors: ArrayLike, calibrate: str = QUANTILE) -> NDArray[np.uint8]:
    """Calibrate the vectors of one kind before they are compared with those of the other.

    By quantiles each number becomes its mid-rank percentile within its column, p = (l + e / 2) / n
    for l smaller and e equal numbers among n, scaled to round(255 · p): equal numbers stay equal,
    their order is kept, and a single item gets 128. The rank of a number says nothing
    of the other kind, so calibrate each kind independently, and take nulls of what this returns.

    Args:
        vectors: integers 0..255, shape (n, d): all items of one kind that are compared.
        calibrate: a name of `CALIBRATIONS`.

    Returns:
        Integers 0..255, shape (n, d).

    Raises:
        InputError: invalid vectors (see `cmean.matching.match`), or an unknown name.
    """
    if calibrate not in CALIBRATIONS:
        raise InputError(
            f"there is no calibration {calibrate!r}; there is {', '.join(CALIBRATIONS)}"
        )
    given = require_integer_vectors(vectors, "vectors")
    if calibrate == NONE:
        return given
    return np.stack([_compute_percentiles(column) for column in given.T], axis=1)


def _compute_percentiles(column: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compute mid-rank percentiles in whole numbers: no rounding depends on the platform."""
    equal = np.bincount(column, minlength=HIGHEST + 1)
    smaller = np.cumsum(equal) - equal
    n = len(column)
    table = (HIGHEST * (2 * smaller + equal) + n) // (2 * n)
    percentiles: NDArray[np.uint8] = table.astype(np.uint8)[column]
    return percentiles
