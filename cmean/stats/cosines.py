"""Cosines of all combinations of two sides, some rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from cmean.stats.estimate import Floats

_DECIMALS: Final = 12
"""Cosines are rounded to this, so that those of equal vectors are equal."""

_BLOCK: Final = 1 << 22
"""Cosines that are held at a time."""


def build_unit_vectors(vectors: ArrayLike) -> Floats:
    """Each row of shape (n, d) divided by its length; zero rows stay.

    Raises:
        InputError: vectors of another shape, or not finite.
    """
    rows = np.array(vectors, dtype=np.float64)
    if rows.ndim != 2:  # noqa: PLR2004 - rows, columns
        raise InputError(f"vectors have the shape (items, numbers), not {rows.shape}")
    if not np.isfinite(rows).all():
        raise InputError("vectors must be finite numbers")
    rows /= _replace_zeros(np.abs(rows).max(axis=1, initial=0.0))  # lest squares overflow or vanish
    rows /= _replace_zeros(np.linalg.norm(rows, axis=1))
    return rows


def iterate_cosine_blocks(one: Floats, other: Floats) -> Iterator[tuple[int, Floats]]:
    """Cosines of unit rows (n, d) with all of (m, d): the first row's number, shape (rows, m)."""
    if one.shape[1] != other.shape[1]:
        raise InputError(f"vectors of {one.shape[1]} and {other.shape[1]} numbers have no cosine")
    step = max(1, _BLOCK // max(1, len(other)))
    for first in range(0, len(one), step):
        cosines: Floats = one[first : first + step] @ other.T
        yield first, np.round(cosines, _DECIMALS, out=cosines)


def _replace_zeros(lengths: NDArray[Any]) -> NDArray[Any]:
    """As a column, 1 in place of 0."""
    return np.where(lengths > 0, lengths, 1.0)[:, np.newaxis]
