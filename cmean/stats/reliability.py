"""Test-retest reliability of runs: intraclass correlations and self-retrieval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from cmean.stats.estimate import Estimate, require_finite, require_same_length
from cmean.stats.intervals import LEVEL, attach_interval, bootstrap_interval
from cmean.stats.retrieval import RetrievalMetric, compute_retrieval_metrics, rank_relevant_targets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Floats

ICCS: Final = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
"""Intraclass correlations by their names in Shrout & Fleiss (1979)."""

_ROUNDING: Final = 1e-14
"""Deviations below this share of the largest rating are rounding error."""

_ZERO: Final = 1e-12
"""A divisor below this share of the dividend is rounding error."""

_Bounds: TypeAlias = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class SelfRetrieval:
    """Ranks at which items of one run retrieve themselves in another, and those by chance."""

    n: int
    median_rank: RetrievalMetric
    mean_reciprocal_rank: RetrievalMetric
    first: RetrievalMetric
    """The share of items at rank 1."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _MeanSquares:
    """Mean squares of n subjects by k runs: between subjects, within, between runs, residual."""

    n: int
    k: int
    subjects: float
    within: float
    runs: float
    residual: float


def compute_iccs(ratings: ArrayLike, level: float = LEVEL) -> dict[str, Estimate]:
    """Compute intraclass correlations of n subjects rated in each of k runs, with F intervals.

    ICC1: runs differ from subject to subject (one-way). ICC2: the same random runs, absolute
    agreement. ICC3: the same fixed runs, consistency. With k, of the mean over the k runs. Values
    after P. E. Shrout & J. L. Fleiss, "Intraclass correlations" (1979), intervals after K. O.
    McGraw & S. P. Wong, "Forming inferences about some intraclass correlation coefficients" (1996).

    Args:
        ratings: finite numbers, shape (n, k), complete.
        level: of the intervals.

    Returns:
        By the names `ICCS`; n is the number of subjects. Undefined with fewer than two subjects or
        runs, where all ratings are equal, or where a formula divides by 0.

    Raises:
        InputError: ratings of another shape, or not finite.
    """
    array = require_finite(ratings, "ratings (subjects, runs)", 2)
    n, k = array.shape
    if min(n, k) < 2:  # noqa: PLR2004 - of each, to compare
        return dict.fromkeys(
            ICCS, Estimate.undefined(n, "it needs two subjects and two runs or more")
        )
    if array.min() == array.max():
        return dict.fromkeys(ICCS, Estimate.undefined(n, "all ratings are equal"))
    squares = _compute_mean_squares(array)
    tails = (1 - level) / 2
    values, bounds = _compute_values(squares), _compute_bounds(squares, tails)
    return {name: _build_estimate(n, value, bounds[name]) for name, value in values.items()}


def compute_self_retrieval(one: ArrayLike, other: ArrayLike, seed: int = 0) -> SelfRetrieval:
    """Compute the rank, by cosine, at which a row of one run retrieves itself in another run.

    Args:
        one: shape (n, d), finite.
        other: shape (n, d), the same items in the same order.
        seed: of the bootstrap that gives the median and the mean their intervals.

    Raises:
        InputError: vectors of other shapes, or not finite.
    """
    n = len(np.asarray(one))
    require_same_length(n, len(np.asarray(other)), "rows of both runs")
    found = rank_relevant_targets(one, other, {row: (row,) for row in range(n)})
    figures = compute_retrieval_metrics(
        found, (1,), targets=n, relevant_counts=np.ones(n), seed=seed
    )
    if n == 0:
        median = RetrievalMetric(Estimate.undefined(0, "there is no item"), None)
    else:
        interval = bootstrap_interval(np.median, found, seed=seed)
        estimate = attach_interval(Estimate(float(np.median(found)), n), interval)
        median = RetrievalMetric(estimate, (n + 1) / 2)
    return SelfRetrieval(n, median, figures["MRR"], figures["R@1"])


def _compute_mean_squares(ratings: Floats) -> _MeanSquares:
    n, k = ratings.shape
    moved = ratings - ratings.mean()
    subjects, runs = moved.mean(axis=1, keepdims=True), moved.mean(axis=0, keepdims=True)
    least = (_ROUNDING * float(np.abs(ratings).max())) ** 2
    found = [
        k * float(np.sum(subjects**2)) / (n - 1),
        float(np.sum((moved - subjects) ** 2)) / (n * (k - 1)),
        n * float(np.sum(runs**2)) / (k - 1),
        float(np.sum((moved - subjects - runs) ** 2)) / ((n - 1) * (k - 1)),
    ]
    return _MeanSquares(n, k, *(square if square > least else 0.0 for square in found))


def _compute_values(of: _MeanSquares) -> dict[str, float | None]:
    n, k = of.n, of.k
    one_way, two_way = of.subjects - of.within, of.subjects - of.residual
    drift = (of.runs - of.residual) / n
    return {
        "ICC1": _divide(one_way, of.subjects + (k - 1) * of.within),
        "ICC2": _divide(two_way, of.subjects + (k - 1) * of.residual + k * drift),
        "ICC3": _divide(two_way, of.subjects + (k - 1) * of.residual),
        "ICC1k": _divide(one_way, of.subjects),
        "ICC2k": _divide(two_way, of.subjects + drift),
        "ICC3k": _divide(two_way, of.subjects),
    }


def _compute_bounds(of: _MeanSquares, tail: float) -> dict[str, _Bounds]:
    df, rest = of.n - 1, (of.n - 1) * (of.k - 1)
    one_way = _bound_consistency(of, of.within, (df, of.n * (of.k - 1)), tail)
    two_way = _bound_consistency(of, of.residual, (df, rest), tail)
    agreement = _bound_agreement(of, tail)
    return {
        "ICC1": one_way[0],
        "ICC2": agreement,
        "ICC3": two_way[0],
        "ICC1k": one_way[1],
        "ICC2k": (_bound_mean(agreement[0], of.k), _bound_mean(agreement[1], of.k)),
        "ICC3k": two_way[1],
    }


def _bound_consistency(
    of: _MeanSquares, error: float, freedom: tuple[int, int], tail: float
) -> tuple[_Bounds, _Bounds]:
    """Compute the bounds of (B − E) / (B + (k − 1)·E) and (B − E) / B by quantiles of F = B / E."""
    from scipy.stats import f

    df, rest = freedom
    low = error * float(f.isf(tail, df, rest))
    high = error / float(f.isf(tail, rest, df))
    single, mean = [], []
    for scaled in (low, high):
        single.append(_divide(of.subjects - scaled, of.subjects + (of.k - 1) * scaled))
        mean.append(_divide(of.subjects - scaled, of.subjects))
    return (single[0], single[1]), (mean[0], mean[1])


def _bound_agreement(of: _MeanSquares, tail: float) -> _Bounds:
    """Compute the bounds of ICC2, with the degrees of freedom of Satterthwaite's approximation."""
    from scipy.stats import f

    n, k, value = of.n, of.k, _compute_values(of)["ICC2"]
    if value is None:
        return None, None
    if of.residual == 0 and of.runs == 0:
        return 1.0, 1.0
    runs = k * value * of.runs
    rest = (n * (1 + (k - 1) * value) - k * value) * of.residual
    freedom = _divide((n - 1) * (k - 1) * (runs + rest) ** 2, (n - 1) * runs**2 + rest**2)
    if not freedom:
        return None, None
    other = k * of.runs + (k * n - k - n) * of.residual
    above, below = float(f.isf(tail, n - 1, freedom)), float(f.isf(tail, freedom, n - 1))
    low = _divide(n * (of.subjects - above * of.residual), above * other + n * of.subjects)
    high = _divide(n * (below * of.subjects - of.residual), other + n * below * of.subjects)
    return low, high


def _bound_mean(single: float | None, k: int) -> float | None:
    """Convert a bound for one run to that for the mean over k of them (Spearman-Brown).

    None where one run may be as low as −1 / (k − 1): the mean has no bound then.
    """
    if single is None or 1 + (k - 1) * single <= 0:
        return None
    return _divide(k * single, 1 + (k - 1) * single)


def _divide(above: float, below: float) -> float | None:
    """Divide; None where the divisor is 0 but for rounding, or a quantile was infinite."""
    if abs(below) <= _ZERO * abs(above) or not math.isfinite(above / below):
        return None
    return above / below


def _build_estimate(n: int, value: float | None, bounds: _Bounds) -> Estimate:
    if value is None:
        return Estimate.undefined(n, "the variance that it is a share of is zero")
    if None in bounds:
        return Estimate(value, n, why="a bound of its interval is not finite")
    return Estimate(value, n, *bounds)
