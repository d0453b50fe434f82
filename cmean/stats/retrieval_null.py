"""The mean reciprocal rank where each query seeks, at random, what belongs to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import InputError
from cmean.stats.cosines import blocks, units

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Floats


def draw_mean_reciprocal_ranks(
    queries: ArrayLike,
    targets: ArrayLike,
    relevant: Sequence[Collection[int]],
    permutations: int = 1000,
    seed: int = 0,
) -> Floats:
    """Mean reciprocal ranks, as of `cmean.stats.retrieval.ranks`, in random assignments.

    In each, the queries are given the relevant targets of one another by a random permutation:
    what is kept is which targets are sought, and together with which; what is lost is by whom.
    One pass over the cosines serves all permutations, in memory that grows with the queries alone.

    Args:
        queries: shape (n, d), finite.
        targets: shape (m, d), finite.
        relevant: for each query the rows of its relevant targets, one or more.
        permutations: how many, at least 1.
        seed: the same seed gives the same values.

    Returns:
        Shape (permutations,); empty without queries.

    Raises:
        InputError: no permutation, vectors that are none, or a query that seeks nothing.
    """
    one, other = units(queries), units(targets)
    if permutations < 1:
        raise InputError(f"a permutation test needs at least 1 permutation, not {permutations}")
    if len(relevant) != len(one) or not all(relevant):
        raise InputError("each query needs one relevant target or more")
    if not len(one):
        return np.empty(0)
    random = np.random.default_rng(seed)
    sought = np.array([random.permutation(len(one)) for _ in range(permutations)], np.int32)
    wanted = [np.unique(np.fromiter(each, np.intp)) for each in relevant]
    rows, counts = np.concatenate(wanted), np.array([len(each) for each in wanted])
    starts = np.cumsum(counts) - counts
    total = np.zeros(permutations)
    for first, cosines in blocks(one, other):
        for row, similar in enumerate(cosines):
            theirs = similar[rows]
            best = np.maximum.reduceat(theirs, starts)
            shared = np.add.reduceat(theirs == np.repeat(best, counts), starts, dtype=np.intp)
            similar.sort()
            to_here = np.searchsorted(similar, best, side="left")
            beyond = np.searchsorted(similar, best, side="right")
            ranks = len(other) - beyond + (beyond - to_here + 1) / (shared + 1)
            total += (1 / ranks)[sought[:, first + row]]
    mean: Floats = total / len(one)
    return mean
