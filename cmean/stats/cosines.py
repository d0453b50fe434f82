"""Unit vectors, and cosines of all combinations of two sides, some rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Floats

_DECIMALS: Final = 12
"""Cosines are rounded to this, so that equal vectors have equal cosines."""

_BLOCK: Final = 1 << 22
"""Cosines in memory at a time."""


def build_unit_vectors(vectors: ArrayLike) -> Floats:
    """Convert vectors, shape (n, d), to unit vectors as float64; zero rows stay.

    Raises:
        InputError: vectors of another shape, or not finite.
    """
    rows = np.array(vectors, dtype=np.float64)
    if rows.ndim != 2:  # noqa: PLR2004 - rows, columns
        raise InputError(f"vectors have the shape (items, numbers), not {rows.shape}")
    if not np.isfinite(rows).all():
        raise InputError("vectors must be finite numbers")
    return normalise_rows(rows)


def normalise_rows(rows: Floats) -> Floats:
    """Divide each row of finite numbers, shape (n, d), by its length; zero rows stay."""
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    # scaled first: squares of very large or small numbers would overflow or vanish
    scaled: Floats = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    lengths: Floats = np.sqrt(np.einsum("nd,nd->n", scaled, scaled))[:, np.newaxis]
    np.divide(scaled, lengths, out=scaled, where=lengths > 0)
    return scaled


def iterate_cosine_blocks(one: Floats, other: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield the cosines of unit rows (n, d) with all of (m, d): first row's index, (rows, m)."""
    if one.shape[1] != other.shape[1]:
        raise InputError(f"vectors of {one.shape[1]} and {other.shape[1]} numbers have no cosine")
    step = max(1, _BLOCK // max(1, len(other)))
    for first in range(0, len(one), step):
        cosines: Floats = one[first : first + step] @ other.T
        yield first, np.round(cosines, _DECIMALS, out=cosines)
