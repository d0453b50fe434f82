"""Emotion vectors and their metrics: an exact order of pairs, and a similarity as float64."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

Indices: TypeAlias = NDArray[np.intp]
Floats: TypeAlias = NDArray[np.float64]

HIGHEST: Final = 255
"""The largest number in a vector; the smallest is 0."""

WIDEST: Final = 128
"""The widest vector of integers: products of two are below 2^24, exact even in float32, and the
fractions below have denominators below 2^47."""

_BLOCK: Final = 1 << 16
"""Pairs that are worked on at a time, so that memory grows with the pairs alone."""


def require_integer_vectors(vectors: ArrayLike, what: str) -> NDArray[np.uint8]:
    """Convert vectors to a uint8 array of shape (n, d), n ≥ 1.

    Args:
        vectors: n rows of d integers 0..255, or an array of that shape and any integer type.
        what: their name in messages.

    Raises:
        InputError: another shape or type, out of range, too wide, or no vectors at all.
    """
    array = require_array(vectors, what)
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{what}: the numbers must be integers, not {array.dtype}")
    if array.min() < 0 or array.max() > HIGHEST:
        raise InputError(
            f"{what}: the numbers must be 0..{HIGHEST}, not {array.min()}..{array.max()}"
        )
    if array.shape[1] > WIDEST:
        raise InputError(
            f"{what}: at most {WIDEST} integers a row, not {array.shape[1]}; "
            "wider vectors are matched as floats"
        )
    return np.ascontiguousarray(array, dtype=np.uint8)


def require_array(vectors: ArrayLike, what: str) -> NDArray[np.generic]:
    """Convert vectors of any type to an array of shape (n, d), n ≥ 1.

    Raises:
        InputError: another shape, or no vectors at all.
    """
    try:
        array = np.asarray(vectors)
    except ValueError as error:  # rows of different widths
        raise InputError(f"{what}: the rows must all have the same number of columns") from error
    if array.size == 0:
        raise InputError(f"{what}: there are none; at least one is needed")
    if array.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise InputError(f"{what}: the shape must be (items, numbers), not {array.shape}")
    return array


def require_comparable(
    tracks: NDArray[np.generic], artworks: NDArray[np.generic]
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Require that both sides, of shapes (n, d) and (m, d), are finite numbers.

    Raises:
        InputError: they are not, or of different widths.
    """
    sides = {"tracks": tracks, "artworks": artworks}
    for what, array in sides.items():
        if array.dtype.kind not in "iuf":
            raise InputError(f"{what}: the vectors must be numbers, not {array.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array.astype(np.float64)).all():
            raise InputError(f"{what}: a number is not finite (NaN or infinite)")
    widths = tracks.shape[1], artworks.shape[1]
    if widths[0] != widths[1]:
        raise InputError(f"tracks have {widths[0]} numbers each, but artworks have {widths[1]}")
    return tracks, artworks


class Metric(ABC):
    """A similarity measure between n tracks and m artworks.

    Pairs have an exact order: by a fraction of whole numbers, ascending, which is the similarity
    descending; then by track index, then by artwork index. It involves no rounding, so it is the
    same on every platform.

    Args:
        tracks: integers 0..255, shape (n, d), as `require_integer_vectors` returns them.
        artworks: the same, shape (m, d).
    """

    cosine: bool
    """Whether it ignores the length of vectors; for compiled code."""

    def __init__(self, tracks: NDArray[np.uint8], artworks: NDArray[np.uint8]) -> None:
        require_comparable(tracks, artworks)
        self.tracks = self._normalise(tracks)
        self.artworks = self._normalise(artworks)

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        return len(self.tracks), len(self.artworks)

    @property
    def width(self) -> int:
        """d."""
        return int(self.tracks.shape[1])

    def compute_similarity(self, track: Indices, artwork: Indices) -> Floats:
        """Compute the similarities of tracks with artworks, index by index."""
        result = np.empty(len(track))
        for first in range(0, len(track), _BLOCK):
            part = slice(first, first + _BLOCK)
            result[part] = self._convert_products(
                *self._compute_products(track[part], artwork[part])
            )
        return result

    def compute_order(self, track: Indices, artwork: Indices) -> Indices:
        """Compute the permutation that sorts these pairs into the exact order, the best first."""
        columns = [
            self._compute_digits(
                *self._compute_products(
                    track[first : first + _BLOCK], artwork[first : first + _BLOCK]
                )
            )
            for first in range(0, len(track), _BLOCK)
        ]
        keys = [np.concatenate(column) for column in zip(*columns, strict=True)]
        return np.lexsort((artwork, track, *reversed(keys)))

    def _compute_products(self, track: Indices, artwork: Indices) -> tuple[Floats, Floats, Floats]:
        """Compute a·b, |a|² and |b|² of each pair: whole numbers."""
        a = self.tracks[track].astype(np.float32)
        b = self.artworks[artwork].astype(np.float32)
        return _multiply_rows(a, b), _multiply_rows(a, a), _multiply_rows(b, b)

    def _normalise(self, vectors: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Normalise vectors to what is compared of them."""
        return vectors

    @abstractmethod
    def _convert_products(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> Floats:
        """Convert the products of each pair to its similarity."""

    @abstractmethod
    def _compute_digits(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> tuple[NDArray[np.int64], ...]:
        """Compute the exact fraction of each pair as integers, the most significant first."""


class CosineMetric(Metric):
    """The cosine of the angle between two vectors: 0..1, since no number is negative.

    The order is that of sin² = (|a|²|b|² − (a·b)²) / (|a|²|b|²), ascending. A zero vector has no
    direction: its sin² is taken as 1 and its similarity as 0 with everything. Vectors are divided
    by their greatest common divisor, so that the same direction is the same vector.

    The similarity is a·b / √(|a|²|b|²): exactly 1 for parallel vectors, and for no others.
    """

    cosine = True

    def _normalise(self, vectors: NDArray[np.uint8]) -> NDArray[np.uint8]:
        divisors = np.gcd.reduce(vectors, axis=1, keepdims=True)
        return vectors // np.maximum(divisors, 1)

    def _convert_products(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> Floats:
        squares = track_square * artwork_square
        cosines = np.zeros_like(dot)
        np.divide(dot, np.sqrt(squares), out=cosines, where=squares > 0)
        return cosines

    def _compute_digits(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> tuple[NDArray[np.int64], ...]:
        """Compute the integer part and the first 96 binary digits of sin².

        Two different fractions with denominators below 2^47 differ by more than 2^-94, so they
        differ here, and equal ones are equal.
        """
        under = (track_square * artwork_square).astype(np.int64)
        over = under - (dot * dot).astype(np.int64)
        nothing = under == 0
        over[nothing] = under[nothing] = 1
        digits = []
        for _ in range(7):
            digits.append(over // under)
            over = (over % under) << 16
        whole, *parts = digits
        return whole, _join_digits(parts[:3]), _join_digits(parts[3:])


class EuclideanMetric(Metric):
    """1 − |a − b| / (255·√d): 1 for equal vectors, 0 for the farthest that there are.

    Unlike the cosine it depends on intensity. The order is that of |a − b|², a whole number.
    """

    cosine = False

    def _convert_products(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> Floats:
        squares = track_square + artwork_square - 2 * dot
        similarities: Floats = 1.0 - np.sqrt(squares / (HIGHEST**2 * self.width))
        return similarities

    def _compute_digits(
        self, dot: Floats, track_square: Floats, artwork_square: Floats
    ) -> tuple[NDArray[np.int64], ...]:
        return ((track_square + artwork_square - 2 * dot).astype(np.int64),)


METRICS: Final[Mapping[str, Callable[[NDArray[np.uint8], NDArray[np.uint8]], Metric]]] = {
    "cosine": CosineMetric,
    "euclidean": EuclideanMetric,
}
"""The metrics by name."""


def make_metric(name: str, tracks: ArrayLike, artworks: ArrayLike) -> Metric:
    """Build the metric of that name over integer vectors.

    Raises:
        InputError: an unknown metric, or invalid vectors (see `require_integer_vectors`).
    """
    if name not in METRICS:
        raise InputError(f"there is no metric {name!r}; there is {', '.join(METRICS)}")
    return METRICS[name](
        require_integer_vectors(tracks, "tracks"), require_integer_vectors(artworks, "artworks")
    )


def _multiply_rows(a: NDArray[np.float32], b: NDArray[np.float32]) -> Floats:
    """Multiply whole numbers row by row: exact in any order of summation."""
    products: Floats = np.einsum("nd,nd->n", a, b).astype(np.float64)
    return products


def _join_digits(digits: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join three groups of 16 binary digits to one number."""
    return (digits[0] << 32) | (digits[1] << 16) | digits[2]
