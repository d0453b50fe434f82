"""Sums of products over many random one-to-one pairings of the same items, from few passes.

Both sides are put into random orders. With the places of each run of g = 2^p items written in
binary digits, pairing s of g lets place i meet place i ⊕ s. All g sums are a correlation over the
group of these shifts: transform both sides by Walsh and Hadamard, multiply, add up over columns and
runs, transform back. Each side's order being random, every pairing is uniformly random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.evaluation.estimate import Floats, Indices

_BLOCK: Final = 1 << 20
"""Numbers worked on at a time, so that memory does not grow with the items."""


class Side:
    """The rows of one side, less their mean, after zeros that fill the side up.

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

    def take(self, places: Indices) -> NDArray[Any]:
        """The rows at some places of 0..size - 1, shape (k, d)."""
        n = len(self.rows)
        if n == self.size:
            taken = np.take(self.rows, places, axis=0)
        else:
            taken = np.zeros((len(places), self.rows.shape[1]), self.rows.dtype)
            there = places < n
            taken[there] = self.rows[places[there]]
        taken -= self.mean  # what is left of constant columns is 0, and float32 keeps its digits
        return taken


class Sums:
    """Sums of products over random pairings of two sides of the same size and width."""

    def __init__(self, one: Side, other: Side) -> None:
        self.one, self.other = one, other
        means = [side.mean.astype(np.float64) for side in (one, other)]
        self.constant = float(
            one.total @ means[1] + means[0] @ other.total - one.size * (means[0] @ means[1])
        )  # what subtracting the means takes from every sum

    def single(self, count: int, random: np.random.Generator) -> Floats:
        """Of so many pairings, each drawn by itself."""
        places = np.arange(self.one.size)
        return self._drawn(places, places, count, random) + self.constant

    def group(self, size: int, random: np.random.Generator) -> Floats:
        """Of the pairings of one random order of both sides; `size` of them, a power of two."""
        orders = [random.permutation(self.one.size) for _ in range(2)]
        shifted = self.one.size // size * size
        runs = [order[:shifted].reshape(-1, size) for order in orders]
        step = max(1, _BLOCK // (size * self.one.rows.shape[1]))
        spectrum = np.zeros(size)
        for first in range(0, len(runs[0]), step):
            one, other = (
                _transformed(side.take(run[first : first + step].ravel()), size)
                for side, run in zip((self.one, self.other), runs, strict=True)
            )
            spectrum += np.einsum("rgd,rgd->rg", one, other).sum(axis=0, dtype=np.float64)
        sums = _transformed(spectrum, size).ravel() / size
        rest = self._drawn(orders[0][shifted:], orders[1][shifted:], size, random)
        total: Floats = sums + rest + self.constant
        return total

    def _drawn(
        self, one: Indices, other: Indices, count: int, random: np.random.Generator
    ) -> Floats:
        """Of so many pairings of some places, each drawn by itself, from all their products."""
        left, right = self.one.take(one), self.other.take(other)
        products = left.astype(np.float64) @ right.astype(np.float64).T
        places = np.arange(len(one))
        step = max(1, _BLOCK // max(1, len(one)))
        sums = np.empty(count)
        for first in range(0, count, step):
            size = min(step, count - first)
            partners = random.permuted(np.tile(places, (size, 1)), axis=1)
            sums[first : first + size] = products[places, partners].sum(axis=1)
        return sums


def _transformed(rows: NDArray[Any], size: int) -> NDArray[Any]:
    """The Walsh-Hadamard transform of each run of `size` rows, shape (runs, size, width).

    In two steps, along the high and the low digits of the place: each is a product of matrices.
    """
    from scipy.linalg import hadamard

    low = 1 << (size.bit_length() - 1) // 2
    width = rows[0].size
    first, second = (hadamard(order, dtype=rows.dtype) for order in (size // low, low))
    high = np.matmul(first, rows.reshape(-1, size // low, low * width))
    transformed: NDArray[Any] = np.matmul(second, high.reshape(-1, low, width))
    return transformed.reshape(-1, size, width)
