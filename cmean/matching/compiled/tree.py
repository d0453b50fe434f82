"""A KD-tree over distinct vectors, as arrays that compiled code can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from cmean.matching.compiled.jit import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAF_SIZES: Final = ((4, 32), (8, 128))
_LEAF_SIZE: Final = 512
"""Points in a leaf, by the width of vectors: few where boxes separate well, many where scanning all
points is quicker than testing boxes. Measured."""

DEPTH: Final = 64
"""More than the levels of any tree."""


class KDTree(NamedTuple):
    """A complete binary tree: node k has the children 2k + 1 and 2k + 2.

    The points of a leaf lie in consecutive slots, those not yet removed first.
    """

    vectors: NDArray[np.float32]
    """(d, slots): integers, slot by slot."""
    squares: NDArray[np.float64]
    """(slots,): the square of each vector's length."""
    point: NDArray[np.int32]
    """(slots,): the point in each slot."""
    slot: NDArray[np.int32]
    """(points,): the slot of each point."""
    leaf: NDArray[np.int32]
    """(slots,): the leaf of each slot."""
    start: NDArray[np.int32]
    """(nodes,): the first slot of each node."""
    alive: NDArray[np.int32]
    """(nodes,): number of points not yet removed."""
    low: NDArray[np.float64]
    """(nodes, d): the lower corner of their bounding box."""
    high: NDArray[np.float64]
    """(nodes, d): the upper corner."""


def build_tree(vectors: NDArray[np.float32], places: NDArray[np.float64]) -> KDTree:
    """Build a KD-tree.

    Args:
        vectors: whole numbers, shape (n, d).
        places: their coordinates for the boxes, shape (n, d).
    """
    count, width = vectors.shape
    leaf_size = next((size for widest, size in _LEAF_SIZES if width <= widest), _LEAF_SIZE)
    levels = max(0, int(np.ceil(np.log2(max(count, 1) / leaf_size))))
    columns = np.ascontiguousarray(places.T)
    point, start, alive, low, high = split_points(columns, levels)
    slot = np.empty(count, np.int32)
    slot[point] = np.arange(count, dtype=np.int32)
    first = (1 << levels) - 1
    leaf = np.repeat(np.arange(first, 2 * first + 1, dtype=np.int32), alive[first:])
    ordered = np.ascontiguousarray(vectors[point].T)
    squares = np.einsum("dn,dn->n", ordered, ordered).astype(np.float64)
    return KDTree(ordered, squares, point, slot, leaf, start, alive, low, high)


@compiled
def split_points(
    places: NDArray[np.float64], levels: int
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.float64],
    NDArray[np.float64],
]:
    """Halve the points again and again across the longest side of their box.

    Returns:
        An order that keeps each node's points together; for each node its first place in that
        order, its number of points, and the corners of its box.
    """
    width, count = places.shape
    nodes = (1 << (levels + 1)) - 1
    order = np.empty(count, np.int32)
    for point in range(count):
        order[point] = point
    start = np.zeros(nodes, np.int32)
    end = np.zeros(nodes, np.int32)
    low = np.empty((nodes, width))
    high = np.empty((nodes, width))
    end[0] = count
    for node in range(nodes):
        first, last = start[node], end[node]
        for axis in range(width):
            smallest, largest = np.inf, -np.inf
            for position in range(first, last):
                value = places[axis, order[position]]
                smallest = min(smallest, value)
                largest = max(largest, value)
            low[node, axis], high[node, axis] = smallest, largest
        if 2 * node + 2 < nodes:
            middle = (first + last) >> 1
            if first < middle:
                longest = 0
                for axis in range(1, width):
                    if (
                        high[node, axis] - low[node, axis]
                        > high[node, longest] - low[node, longest]
                    ):
                        longest = axis
                _select_median(places[longest], order, first, last, middle)
            start[2 * node + 1], end[2 * node + 1] = first, middle
            start[2 * node + 2], end[2 * node + 2] = middle, last
    for node in range(nodes):
        end[node] -= start[node]
    return order, start, end, low, high


@compiled
def _select_median(
    values: NDArray[np.float64], order: NDArray[np.int32], first: int, last: int, middle: int
) -> None:
    """Hoare's quickselect: no value of order[first:middle] above one of order[middle:last]."""
    low, high = first, last - 1
    while low < high:
        a, b, c = values[order[low]], values[order[(low + high) >> 1]], values[order[high]]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[order[i]] < pivot:
                i += 1
            while values[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return
