"""Retrieval of relevant targets by queries: ranks, R@k and MRR, and their expectation by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import InputError
from cmean.stats.cosines import build_unit_vectors, iterate_cosine_blocks
from cmean.stats.estimate import Estimate, require_finite, require_same_length
from cmean.stats.intervals import attach_interval, bootstrap_interval, estimate_proportion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Floats


@dataclass(frozen=True, slots=True)
class RetrievalMetric:
    """A retrieval metric, and its expectation under uniformly random ranks."""

    estimate: Estimate
    chance: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values, flat."""
        return self.estimate.as_dict() | {"chance": self.chance}


def rank_relevant_targets(
    queries: ArrayLike, targets: ArrayLike, relevant: Mapping[int, Collection[int]]
) -> Floats:
    """Rank all targets by cosine for each query, and find the best rank of a relevant one.

    Among t equally similar targets, r of them relevant, the first relevant one has the rank
    (t + 1) / (r + 1), its mean rank in a random order, so ties have no effect on average. A zero
    vector has cosine 0 with everything.

    Args:
        queries: shape (n, d), finite.
        targets: shape (m, d), finite.
        relevant: for a query's row the rows of its relevant targets.

    Returns:
        Shape (n,), from 1 to m; NaN for a query to which nothing is relevant.

    Raises:
        InputError: vectors of other shapes or not finite, or relevant rows that are not there.
    """
    one, other = build_unit_vectors(queries), build_unit_vectors(targets)
    wanted = {
        query: np.unique(np.fromiter(rows, np.intp)) for query, rows in relevant.items() if rows
    }
    for query, rows in wanted.items():
        if not 0 <= query < len(one) or rows.min() < 0 or rows.max() >= len(other):
            raise InputError(f"query {query} or a target relevant to it is not there")
    found = np.full(len(one), np.nan)
    for first, cosines in iterate_cosine_blocks(one, other):
        for row, similar in enumerate(cosines):
            if first + row in wanted:
                theirs = similar[wanted[first + row]]
                above, equal = np.sum(similar > theirs.max()), np.sum(similar == theirs.max())
                relevant_equal = np.sum(theirs == theirs.max())
                found[first + row] = above + (equal + 1) / (relevant_equal + 1)
    return found


def compute_retrieval_metrics(
    ranks: ArrayLike,
    at: Sequence[int] = (1, 5, 10),
    *,
    targets: int,
    relevant_counts: ArrayLike,
    seed: int = 0,
) -> dict[str, RetrievalMetric]:
    """Compute R@k, the share of queries with a relevant target in the first k ranks, and MRR.

    Args:
        ranks: of `rank_relevant_targets`, shape (n,); queries with NaN are left out.
        at: the k of "R@k".
        targets: number of targets.
        relevant_counts: for each query the number of relevant targets, shape (n,).
        seed: of the bootstrap that gives "MRR" its interval; "R@k" has an exact one.

    Returns:
        "R@1", …, "MRR"; `chance` is the expectation under uniformly random ranks for the same
        numbers of relevant targets (hypergeometric distribution of those in the first k).

    Raises:
        InputError: not as many counts as ranks, or ranks or counts that cannot be.
    """
    all_ranks, counts = np.asarray(ranks, np.float64), np.asarray(relevant_counts, np.intp)
    require_same_length(len(all_ranks), len(counts), "ranks and numbers of relevant targets")
    kept = ~np.isnan(all_ranks)
    found, counts = require_finite(all_ranks[kept], "ranks"), counts[kept]
    outside = (found < 1) | (found > targets) | (counts < 1) | (counts > targets)
    if outside.any():
        raise InputError(f"ranks and numbers of relevant targets go from 1 to {targets}")
    n = len(found)
    later = {int(count): _compute_tail(targets, int(count)) for count in np.unique(counts)}
    result = {}
    for k in at:
        chance = [1 - later[int(count)][min(k, targets)] for count in counts]
        result[f"R@{k}"] = RetrievalMetric(
            estimate_proportion(int(np.sum(found <= k)), n), _average(chance)
        )
    inverse = 1 / found
    mean = Estimate(float(inverse.mean()), n) if n else Estimate.undefined(0, "there is no query")
    expected = {count: _expect_reciprocal_rank(beyond) for count, beyond in later.items()}
    result["MRR"] = RetrievalMetric(
        attach_interval(mean, bootstrap_interval(np.mean, inverse, seed=seed)),
        _average([expected[int(count)] for count in counts]),
    )
    return result


def _compute_tail(targets: int, relevant: int) -> Floats:
    """Compute P(best of so many random ranks > k) for k = 0..targets."""
    k = np.arange(targets)
    left = np.maximum(targets - relevant - k, 0) / (targets - k)
    beyond: Floats = np.concatenate([[1.0], np.cumprod(left)])
    return beyond


def _expect_reciprocal_rank(beyond: Floats) -> float:
    """Compute the expectation of 1 / the best rank from its tail probabilities."""
    return float(np.sum(-np.diff(beyond) / np.arange(1, len(beyond))))


def _average(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
