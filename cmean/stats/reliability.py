"""Whether a second run says the same as the first: intraclass correlations, and self-retrieval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from cmean.stats.estimate import Estimate, finite, same_length, undefined
from cmean.stats.intervals import LEVEL, bootstrap, with_interval
from cmean.stats.retrieval import Retrieved, ranks, retrieval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Floats

ICCS: Final = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
"""Intraclass correlations by their names in Shrout & Fleiss (1979)."""

_ROUNDING: Final = 1e-14
"""Deviations below this share of the largest rating are rounding."""

_ZERO: Final = 1e-12
"""A divisor below this share of the dividend is rounding."""

_Bounds: TypeAlias = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class SelfRetrieval:
    """The ranks at which items of one run find themselves in another, beside those of chance."""

    n: int
    median_rank: Retrieved
    mean_reciprocal_rank: Retrieved
    first: Retrieved
    """The share of items at rank 1."""

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of n subjects by k runs: between subjects, within, between runs, residual."""

    n: int
    k: int
    subjects: float
    within: float
    runs: float
    residual: float


def icc(ratings: ArrayLike, level: float = LEVEL) -> dict[str, Estimate]:
    """Intraclass correlations of n subjects rated in each of k runs, with their F intervals.

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
    array = finite(ratings, "ratings (subjects, runs)", 2)
    n, k = array.shape
    if min(n, k) < 2:  # noqa: PLR2004 - of each, to compare
        return dict.fromkeys(ICCS, undefined(n, "it needs two subjects and two runs or more"))
    if array.min() == array.max():
        return dict.fromkeys(ICCS, undefined(n, "all ratings are equal"))
    squares = _mean_squares(array)
    tails = (1 - level) / 2
    values, bounds = _values(squares), _bounds(squares, tails)
    return {name: _estimate(n, value, bounds[name]) for name, value in values.items()}


def self_retrieval(one: ArrayLike, other: ArrayLike, seed: int = 0) -> SelfRetrieval:
    """At which rank, by cosine, a row of one run finds the same row among all of another run.

    Args:
        one: shape (n, d), finite.
        other: shape (n, d), the same items in the same order.
        seed: of the bootstrap that gives the median and the mean their intervals.

    Raises:
        InputError: vectors of other shapes, or not finite.
    """
    n = len(np.asarray(one))
    same_length(n, len(np.asarray(other)), "rows of both runs")
    found = ranks(one, other, {row: (row,) for row in range(n)})
    figures = retrieval(found, (1,), targets=n, relevant_counts=np.ones(n), seed=seed)
    if n == 0:
        median = Retrieved(undefined(0, "there is no item"), None)
    else:
        interval = bootstrap(np.median, found, seed=seed)
        estimate = with_interval(Estimate(float(np.median(found)), n), interval)
        median = Retrieved(estimate, (n + 1) / 2)
    return SelfRetrieval(n, median, figures["MRR"], figures["R@1"])


def _mean_squares(ratings: Floats) -> _Squares:
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
    return _Squares(n, k, *(square if square > least else 0.0 for square in found))


def _values(of: _Squares) -> dict[str, float | None]:
    n, k = of.n, of.k
    one_way, two_way = of.subjects - of.within, of.subjects - of.residual
    drift = (of.runs - of.residual) / n
    return {
        "ICC1": _ratio(one_way, of.subjects + (k - 1) * of.within),
        "ICC2": _ratio(two_way, of.subjects + (k - 1) * of.residual + k * drift),
        "ICC3": _ratio(two_way, of.subjects + (k - 1) * of.residual),
        "ICC1k": _ratio(one_way, of.subjects),
        "ICC2k": _ratio(two_way, of.subjects + drift),
        "ICC3k": _ratio(two_way, of.subjects),
    }


def _bounds(of: _Squares, tail: float) -> dict[str, _Bounds]:
    df, rest = of.n - 1, (of.n - 1) * (of.k - 1)
    one_way = _consistency(of, of.within, (df, of.n * (of.k - 1)), tail)
    two_way = _consistency(of, of.residual, (df, rest), tail)
    agreement = _agreement(of, tail)
    return {
        "ICC1": one_way[0],
        "ICC2": agreement,
        "ICC3": two_way[0],
        "ICC1k": one_way[1],
        "ICC2k": (_bound_of_mean(agreement[0], of.k), _bound_of_mean(agreement[1], of.k)),
        "ICC3k": two_way[1],
    }


def _consistency(
    of: _Squares, error: float, freedom: tuple[int, int], tail: float
) -> tuple[_Bounds, _Bounds]:
    """Bounds of (B − E) / (B + (k − 1)·E) and of (B − E) / B: F = B / E, over its quantiles."""
    from scipy.stats import f

    df, rest = freedom
    low = error * float(f.isf(tail, df, rest))
    high = error / float(f.isf(tail, rest, df))
    single, mean = [], []
    for scaled in (low, high):
        single.append(_ratio(of.subjects - scaled, of.subjects + (of.k - 1) * scaled))
        mean.append(_ratio(of.subjects - scaled, of.subjects))
    return (single[0], single[1]), (mean[0], mean[1])


def _agreement(of: _Squares, tail: float) -> _Bounds:
    """Bounds of ICC2, with the degrees of freedom of Satterthwaite's approximation."""
    from scipy.stats import f

    n, k, value = of.n, of.k, _values(of)["ICC2"]
    if value is None:
        return None, None
    if of.residual == 0 and of.runs == 0:
        return 1.0, 1.0
    runs = k * value * of.runs
    rest = (n * (1 + (k - 1) * value) - k * value) * of.residual
    freedom = _ratio((n - 1) * (k - 1) * (runs + rest) ** 2, (n - 1) * runs**2 + rest**2)
    if not freedom:
        return None, None
    other = k * of.runs + (k * n - k - n) * of.residual
    above, below = float(f.isf(tail, n - 1, freedom)), float(f.isf(tail, freedom, n - 1))
    low = _ratio(n * (of.subjects - above * of.residual), above * other + n * of.subjects)
    high = _ratio(n * (below * of.subjects - of.residual), other + n * below * of.subjects)
    return low, high


def _bound_of_mean(single: float | None, k: int) -> float | None:
    """From a bound for one run to that for the mean over k of them (Spearman and Brown).

    None where one run may be as low as −1 / (k − 1): the mean has no bound then.
    """
    if single is None or 1 + (k - 1) * single <= 0:
        return None
    return _ratio(k * single, 1 + (k - 1) * single)


def _ratio(above: float, below: float) -> float | None:
    """None where the divisor is 0 but for rounding, or a quantile was infinite."""
    if abs(below) <= _ZERO * abs(above) or not math.isfinite(above / below):
        return None
    return above / below


def _estimate(n: int, value: float | None, bounds: _Bounds) -> Estimate:
    if value is None:
        return undefined(n, "the variance that it is a share of is zero")
    if None in bounds:
        return Estimate(value, n, why="a bound of its interval is not finite")
    return Estimate(value, n, *bounds)
