"""Kernels for sums over many random one-to-one pairings of the same items, in few passes.

Both sides are put into random orders, cut into runs of g = 2^p items. Pairing s of g pairs place i
of a run with place i ⊕ s (bitwise exclusive or). Since each side's order is random, every pairing
is uniformly random.

For products, all g sums are a correlation over the group of these shifts: transform both sides by
Walsh-Hadamard, multiply, add up over columns and runs, transform back. Distances are no products,
but the g² of a run are computed at once, and each belongs to one pairing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.stats.estimate import Floats, Indices

_BLOCK: Final = 1 << 20
"""Numbers processed at a time, so that memory does not grow with the items."""

_NEAR: Final = 64
"""Rows of a run whose distances are processed at a time, so that they stay in the cache."""


class CentredRows:
    """The rows of one side less their mean, filled up with zeros to the size of the larger side.

    Args:
        rows: floats of shape (n, d).
        total: their sum, float64 of shape (d,).
        size: of the larger side, at least n.
    """

    def __init__(self, rows: NDArray[Any], total: Floats, size: int) -> None:
        self.rows = rows
        self.total = total
        self.size = size
        self.mean: NDArray[Any] = (total / size).astype(rows.dtype)

    def take_rows(self, places: Indices) -> NDArray[Any]:
        """Take the rows at some places of 0..size - 1, shape (k, d)."""
        n = len(self.rows)
        if n == self.size:
            taken = np.take(self.rows, places, axis=0)
        else:
            taken = np.zeros((len(places), self.rows.shape[1]), self.rows.dtype)
            there = places < n
            taken[there] = self.rows[places[there]]
        taken -= self.mean  # constant columns become 0, and float32 keeps its digits
        return taken


class PairingSums(ABC):
    """Sums over random pairings of two sides of the same size."""

    size: int

    def draw_independent(self, count: int, random: np.random.Generator) -> Floats:
        """Draw the sums of so many independent pairings."""
        places = np.arange(self.size)
        return self._draw(places, places, count, random) + self._constant

    def draw_group(self, size: int, random: np.random.Generator) -> Floats:
        """Draw the sums of `size` pairings, a power of two, from one random order of both sides."""
        orders = [random.permutation(self.size) for _ in range(2)]
        shifted = self.size // size * size
        one, other = (order[:shifted].reshape(-1, size) for order in orders)
        sums = self._sum_shifts(one, other)
        rest = self._draw(orders[0][shifted:], orders[1][shifted:], size, random)
        total: Floats = sums + rest + self._constant
        return total

    _constant = 0.0
    """A constant that is added to every sum."""

    @abstractmethod
    def _sum_shifts(self, one: Indices, other: Indices) -> Floats:
        """Sum over all runs of places, shape (runs, g): one sum for each of the g shifts."""

    @abstractmethod
    def _combine_all(self, one: Indices, other: Indices) -> Floats:
        """Compute the summands of all combinations of some places: shape (k, k)."""

    def _draw(
        self, one: Indices, other: Indices, count: int, random: np.random.Generator
    ) -> Floats:
        """Draw the sums of so many independent pairings of some places."""
        combined = self._combine_all(one, other)
        places = np.arange(len(one))
        step = max(1, _BLOCK // max(1, len(one)))
        sums = np.empty(count)
        for first in range(0, count, step):
            size = min(step, count - first)
            partners = random.permuted(np.tile(places, (size, 1)), axis=1)
            sums[first : first + size] = combined[places, partners].sum(axis=1)
        return sums


class ProductSums(PairingSums):
    """Sums of the products of rows of the same width."""

    def __init__(self, one: CentredRows, other: CentredRows) -> None:
        self.one, self.other, self.size = one, other, one.size
        means = [side.mean.astype(np.float64) for side in (one, other)]
        self._constant = float(
            one.total @ means[1] + means[0] @ other.total - one.size * (means[0] @ means[1])
        )  # compensates for the subtracted means

    def _sum_shifts(self, one: Indices, other: Indices) -> Floats:
        """Sum all shifts at once, as a correlation."""
        size = one.shape[1]
        step = max(1, _BLOCK // (size * self.one.rows.shape[1]))
        spectrum = np.zeros(size)
        for first in range(0, len(one), step):
            left, right = (
                _transform(side.take_rows(run[first : first + step].ravel()), size)
                for side, run in ((self.one, one), (self.other, other))
            )
            spectrum += np.einsum("rgd,rgd->rg", left, right).sum(axis=0, dtype=np.float64)
        sums: Floats = _transform(spectrum, size).ravel() / size
        return sums

    def _combine_all(self, one: Indices, other: Indices) -> Floats:
        left, right = self.one.take_rows(one), self.other.take_rows(other)
        products: Floats = left.astype(np.float64) @ right.astype(np.float64).T
        return products


class DistanceSums(PairingSums):
    """Sums of the Euclidean distances of rows of integers; for p rows an item the sum over them.

    An item without partner has the distance 0. All combinations of a run are compared, which is
    each place with its partner at each of the shifts: a matrix product and a square root.

    Args:
        one: whole numbers of shape (n, p, d), such that sums of d squares stay below 2^53.
        other: the same, shape (m, p, d).
    """

    def __init__(self, one: NDArray[np.integer[Any]], other: NDArray[np.integer[Any]]) -> None:
        self.one, self.other = one, other
        self.size = max(len(one), len(other))

    def _sum_shifts(self, one: Indices, other: Indices) -> Floats:
        """Sum run by run, for some rows at a time, so that the accumulator stays in the cache."""
        size, (_, p, d) = one.shape[1], self.one.shape
        step = max(1, _BLOCK // (size * p * (d + 2)))
        sums, places = np.zeros(size), np.arange(size)
        room = np.empty((min(_NEAR, size), size))
        for first in range(0, len(one), step):
            part = slice(first, first + step)
            left, right = self._build_factors(one[part], other[part])
            for row in range(0, size, len(room)):
                total = np.zeros_like(room)
                rows = left[..., row : row + len(room), :]
                for at in np.ndindex(rows.shape[:2]):
                    total += np.sqrt(np.matmul(rows[at], right[at].T, out=room), out=room)
                shifts = places[row : row + len(room), np.newaxis] ^ places
                sums += np.take_along_axis(total, shifts, axis=1).sum(axis=0)
        return sums

    def _combine_all(self, one: Indices, other: Indices) -> Floats:
        left, right = self._build_factors(one[np.newaxis], other[np.newaxis])
        total = np.zeros((len(one), len(other)))
        for ours, theirs in zip(left[:, 0], right[:, 0], strict=True):
            squares = ours @ theirs.T
            total += np.sqrt(squares, out=squares)
        return total

    def _build_factors(self, one: Indices, other: Indices) -> tuple[Floats, Floats]:
        """Build rows (−2a, |a|², 1) and (b, 1, |b|²), whose products are |a − b|², exact integers.

        Of shape (p, runs, g, d + 2); rows of zeros fill a side up.
        """
        filled = []
        for side, places, factor, order in (
            (self.one, one, -2, (0, 1)),
            (self.other, other, 1, (1, 0)),
        ):
            there = places < len(side)
            numbers = side[places[there]].astype(np.float64)
            rows = np.zeros((*places.shape, side.shape[1], side.shape[2] + 2))
            extra = np.stack([np.square(numbers).sum(axis=-1), np.ones(numbers.shape[:-1])], -1)
            rows[there] = np.concatenate([factor * numbers, extra[..., order]], axis=-1)
            filled.append(np.ascontiguousarray(np.moveaxis(rows, 2, 0)))
        return filled[0], filled[1]


def _transform(rows: NDArray[Any], size: int) -> NDArray[Any]:
    """Transform each run of `size` rows by Walsh-Hadamard, shape (runs, size, width).

    In two steps, along the high and the low digits of the place: each is a product of matrices.
    """
    from scipy.linalg import hadamard

    low = 1 << (size.bit_length() - 1) // 2
    width = rows[0].size
    first, second = (hadamard(order, dtype=rows.dtype) for order in (size // low, low))
    high = np.matmul(first, rows.reshape(-1, size // low, low * width))
    transformed: NDArray[Any] = np.matmul(second, high.reshape(-1, low, width))
    return transformed.reshape(-1, size, width)
