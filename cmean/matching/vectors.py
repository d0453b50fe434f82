"""Emotion vectors, and how alike two of them are: an exact order, and a similarity to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

HIGHEST: Final = 255
"""The largest number in a vector; the smallest is 0."""

WIDEST: Final = 1459
"""The widest vector: with d·255² squared below 2^53, every product below is an exact float64."""


def checked(vectors: ArrayLike, what: str) -> NDArray[np.int64]:
    """Vectors as an integer array of shape (n, d), n ≥ 1.

    Args:
        vectors: n rows of d integers 0..255, or an array of that shape and any integer type.
        what: what they are, for the message.

    Raises:
        InputError: they are of another shape or type, out of range, too wide, or none at all.
    """
    try:
        array = np.asarray(vectors)
    except ValueError as error:  # rows of different widths
        raise InputError(f"{what}: the rows must all have the same number of columns") from error
    if array.size == 0:
        raise InputError(f"{what}: there are none; at least one is needed")
    if array.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise InputError(f"{what}: the shape must be (items, numbers), not {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{what}: the numbers must be integers, not {array.dtype}")
    if array.min() < 0 or array.max() > HIGHEST:
        raise InputError(
            f"{what}: the numbers must be 0..{HIGHEST}, not {array.min()}..{array.max()}"
        )
    if array.shape[1] > WIDEST:
        raise InputError(f"{what}: at most {WIDEST} numbers a row, not {array.shape[1]}")
    return array.astype(np.int64)


def checked_sides(
    tracks: ArrayLike, artworks: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both sides of a pairing, checked, of shapes (n, d) and (m, d).

    Raises:
        InputError: a side is not fit (see `checked`), or they are of different widths.
    """
    sides = checked(tracks, "tracks"), checked(artworks, "artworks")
    widths = sides[0].shape[1], sides[1].shape[1]
    if widths[0] != widths[1]:
        raise InputError(f"tracks have {widths[0]} numbers each, but artworks have {widths[1]}")
    return sides


class Metric(Protocol):
    """A measure of likeness between n tracks and m artworks, made ready for many questions."""

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        ...

    def alike(self) -> NDArray[np.intp]:
        """A label for each track, shape (n,): tracks with the same label have the same keys."""
        ...

    def keys(self, track: int) -> NDArray[np.float64]:
        """Sort keys of one track with all artworks, shape (m,): the smaller, the more alike.

        The same bits on every platform; equal where the likeness is equal.
        """
        ...

    def similarity(self, track: NDArray[np.intp], artwork: NDArray[np.intp]) -> NDArray[np.float64]:
        """Similarities of tracks with artworks, index by index, of the shape of the indices."""
        ...

    def mean(self) -> float:
        """The mean similarity of all n·m combinations, in memory that grows with n + m."""
        ...


class Cosine:
    """The cosine of the angle between two vectors: 0..1, since no number is negative.

    The order is that of sin² = (|a|²|b|² − (a·b)²) / (|a|²|b|²), ascending. Numerator and
    denominator are integers below 2^53, hence exact, so the one division rounds equal angles to
    equal keys on every platform, which a float cosine does not. A zero vector has no direction:
    its key is 1 and its similarity 0 with everything.

    The similarity is a·b / √(|a|²|b|²): exactly 1 for parallel vectors, and for no others.

    Args:
        tracks: integers 0..255, shape (n, d), as `checked` returns them.
        artworks: the same, shape (m, d).
    """

    def __init__(self, tracks: NDArray[np.int64], artworks: NDArray[np.int64]) -> None:
        self._tracks = _directions(tracks)
        self._artworks = _directions(artworks)
        self._track_squares = _dot(self._tracks, self._tracks)
        self._artwork_squares = _dot(self._artworks, self._artworks)

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        return len(self._tracks), len(self._artworks)

    def alike(self) -> NDArray[np.intp]:
        """A label for each track: the same for the same direction."""
        return np.unique(self._tracks, axis=0, return_inverse=True)[1]

    def keys(self, track: int) -> NDArray[np.float64]:
        """The sin² of one track with all artworks, shape (m,)."""
        dots = self._artworks @ self._tracks[track]
        squares = self._artwork_squares * self._track_squares[track]
        keys: NDArray[np.float64] = np.ones_like(squares)
        np.divide(squares - dots * dots, squares, out=keys, where=squares > 0)
        return keys

    def similarity(self, track: NDArray[np.intp], artwork: NDArray[np.intp]) -> NDArray[np.float64]:
        """Cosines, index by index."""
        dots = _dot(self._tracks[track], self._artworks[artwork])
        squares = self._track_squares[track] * self._artwork_squares[artwork]
        cosines = np.zeros_like(dots)
        np.divide(dots, np.sqrt(squares), out=cosines, where=squares > 0)
        return cosines

    def mean(self) -> float:
        """The mean cosine of all n·m combinations: (Σ a/|a|) · (Σ b/|b|) / (n·m)."""
        tracks = _units(self._tracks, self._track_squares).mean(axis=0)
        artworks = _units(self._artworks, self._artwork_squares).mean(axis=0)
        return min(float(tracks @ artworks), 1.0)  # rounding alone can pass 1


METRICS: Final[Mapping[str, Callable[[NDArray[np.int64], NDArray[np.int64]], Metric]]] = {
    "cosine": Cosine,
}
"""The metrics by name."""


def metric_for(name: str, tracks: NDArray[np.int64], artworks: NDArray[np.int64]) -> Metric:
    """The metric of that name over checked vectors.

    Raises:
        InputError: there is no such metric.
    """
    if name not in METRICS:
        raise InputError(f"there is no metric {name!r}; there is {', '.join(METRICS)}")
    return METRICS[name](tracks, artworks)


def _directions(vectors: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row divided by its greatest common divisor, so that equal directions are equal rows."""
    divisors = np.gcd.reduce(vectors, axis=1, keepdims=True)
    return (vectors // np.maximum(divisors, 1)).astype(np.float64)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row-wise products of integers held in float64: exact in any order of summation."""
    products: NDArray[np.float64] = np.einsum("...d,...d->...", a, b)
    return products


def _units(vectors: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt(squares)[:, np.newaxis]
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
