"""Groups of items with equal vectors, and compiled work in interruptible steps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmean.matching.vectors import Floats, Indices, Metric

_STEP_SECONDS: Final = 0.2
_FIRST_STEPS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The items of one side grouped by vector; zero vectors are in no group.

    Attributes:
        vectors: distinct vectors, float32 of whole numbers, shape (groups, d).
        sizes: members of each group, shape (groups,).
        members: items, group after group, by index within a group.
        label: the group of each item, shape (items,); -1 for zero vectors.
    """

    vectors: NDArray[np.float32]
    sizes: NDArray[np.int64]
    members: Indices
    label: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.int64]:
        """Where each group begins in `members`, shape (groups,)."""
        return np.cumsum(self.sizes) - self.sizes

    def link_members(self) -> NDArray[np.int64]:
        """Link each item to the next of its group, by index; -1 after the last, shape (items,)."""
        result = np.full(len(self.label), -1, dtype=np.int64)
        last = np.zeros(len(self.members), dtype=np.bool_)
        last[self.first + self.sizes - 1] = True
        result[self.members[:-1][~last[:-1]]] = self.members[1:][~last[:-1]]
        return result

    def compute_squares(self) -> Floats:
        """Compute the square of each vector's length, exact, shape (groups,)."""
        squares: Floats = np.einsum("gd,gd->g", self.vectors, self.vectors).astype(np.float64)
        return squares

    def compute_places(self, metric: Metric) -> NDArray[np.float64]:
        """Compute points whose distances order like the metric: unit vectors for cosine."""
        vectors = self.vectors.astype(np.float64)
        if metric.cosine:
            vectors /= np.sqrt(self.compute_squares())[:, np.newaxis]
        return vectors


def group_items(vectors: NDArray[np.uint8], metric: Metric) -> Groups:
    """Group the items of a side, as the metric compares them."""
    count, width = vectors.shape
    words = np.zeros((count, -(-width // 8) * 8), dtype=np.uint8)
    words[:, :width] = vectors
    packed = words.view(np.uint64)
    order = np.lexsort(packed.T)
    if metric.cosine:
        order = order[packed[order].any(axis=1)]  # a zero vector has cosine 0 with everything
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (packed[order[1:]] != packed[order[:-1]]).any(axis=1)
    label = np.full(count, -1, dtype=np.int64)
    label[order] = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(order))
    return Groups(vectors[order[starts]].astype(np.float32), sizes, order, label)


def run_in_steps(work: Callable[[int], bool], report: Callable[[], None]) -> None:
    """Call `work` with a number of steps, again and again, until it returns True.

    Compiled code handles no signal and reports no progress, so each call takes about 0.2 s only.
    """
    steps = _FIRST_STEPS
    started = time.perf_counter()
    while not work(steps):
        report()
        now = time.perf_counter()
        if now - started < _STEP_SECONDS:
            steps *= 2
        elif now - started > 2 * _STEP_SECONDS:
            steps = max(1, steps // 2)
        started = now
    report()
