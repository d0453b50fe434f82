"""Null distribution of the mean reciprocal rank: relevant targets permuted among the queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import InputError
from cmean.stats.cosines import build_unit_vectors, iterate_cosine_blocks

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
    """Draw mean reciprocal ranks of random assignments of relevant targets to queries.

    In each, a random permutation gives the queries the relevant targets of one another: the sets of
    relevant targets stay as they are, but not which query they belong to. Ranks are those of
    `cmean.stats.retrieval.rank_relevant_targets`. One pass over the cosines serves all
    permutations, in memory that grows with the queries alone.

    Args:
        queries: shape (n, d), finite.
        targets: shape (m, d), finite.
        relevant: for each query the rows of its relevant targets, one or more.
        permutations: how many, at least 1.
        seed: the same seed gives the same values.

    Returns:
        Shape (permutations,); empty without queries.

    Raises:
        InputError: no permutation, invalid vectors, or a query without relevant target.
    """
    query_vectors, target_vectors = build_unit_vectors(queries), build_unit_vectors(targets)
    if permutations < 1:
        raise InputError(f"a permutation test needs at least 1 permutation, not {permutations}")
    if len(relevant) != len(query_vectors) or not all(relevant):
        raise InputError("each query needs one relevant target or more")
    if not len(query_vectors):
        return np.empty(0)
    random = np.random.default_rng(seed)
    permuted = np.array(
        [random.permutation(len(query_vectors)) for _ in range(permutations)], np.int32
    )
    relevant_rows = [np.unique(np.fromiter(each, np.intp)) for each in relevant]
    rows, counts = np.concatenate(relevant_rows), np.array([len(each) for each in relevant_rows])
    starts = np.cumsum(counts) - counts
    total = np.zeros(permutations)
    for first, cosines in iterate_cosine_blocks(query_vectors, target_vectors):
        for row, similar in enumerate(cosines):
            relevant_cosines = similar[rows]
            best = np.maximum.reduceat(relevant_cosines, starts)
            tied = np.add.reduceat(
                relevant_cosines == np.repeat(best, counts), starts, dtype=np.intp
            )
            similar.sort()
            below = np.searchsorted(similar, best, side="left")
            at_most = np.searchsorted(similar, best, side="right")
            ranks = len(target_vectors) - at_most + (at_most - below + 1) / (tied + 1)
            total += (1 / ranks)[permuted[:, first + row]]
    mean: Floats = total / len(query_vectors)
    return mean
