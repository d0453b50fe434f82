"""Confidence intervals of means, proportions and any statistic (bootstrap); the binomial test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from cmean.errors import InputError
from cmean.stats.estimate import Estimate, require_finite, require_same_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Alternative: TypeAlias = Literal["greater", "less", "two-sided"]

LEVEL: Final = 0.95
"""Default confidence level."""


def estimate_mean(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Estimate the mean of finite values, shape (n,), with Student's t interval.

    Raises:
        InputError: a value is not finite.
    """
    array = require_finite(values, "the values of a mean")
    n = array.size
    if n == 0:
        return Estimate.undefined(0, "there is no value")
    mean = float(array.mean())
    if n == 1:
        return Estimate(mean, n, why="one value has no interval")
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, n - 1)) * float(array.std(ddof=1)) / n**0.5
    return Estimate(mean, n, mean - half, mean + half)


def estimate_proportion(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """Estimate the proportion of successes among n, with the Clopper-Pearson interval (1934).

    Raises:
        InputError: there cannot be so many successes.
    """
    _require_possible_count(successes, n)
    if n == 0:
        return Estimate.undefined(0, "there is no value")
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(level, method="exact")
    return Estimate(successes / n, n, float(interval.low), float(interval.high))


def compute_binomial_p(
    successes: int, n: int, chance: float = 0.5, alternative: Alternative = "greater"
) -> float:
    """Compute the p of a binomial test: so many successes or more by chance; 1 where n is 0.

    Args:
        successes: how many of n.
        n: independent trials.
        chance: the probability of a success, 0..1.
        alternative: "greater", "less" (so many or fewer) or "two-sided" (so unlikely or more).

    Raises:
        InputError: there cannot be so many successes.
    """
    _require_possible_count(successes, n)
    if n == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(successes, n, chance, alternative).pvalue)


def bootstrap_interval(
    statistic: Callable[..., float | None],
    *columns: NDArray[Any],
    resamples: int = 1000,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Compute the percentile bootstrap interval of a statistic, over rows drawn with replacement.

    Args:
        statistic: of as many columns as are given; None or NaN where it is undefined.
        columns: arrays of n rows each, whose rows belong together.
        resamples: how many times n rows are drawn.
        level: of the interval.
        seed: the same seed gives the same interval.

    Returns:
        Both ends, over the resamples of which the statistic is defined; None where those are fewer
        than half of all, or where there are fewer than three rows.

    Raises:
        InputError: the columns are not of the same length.
    """
    n = len(columns[0])
    for column in columns:
        require_same_length(n, len(column), "the rows of columns that belong together")
    if n < 3:  # noqa: PLR2004 - of two rows every resample that varies is the same
        return None
    random = np.random.default_rng(seed)
    found = np.full(resamples, np.nan)
    for number in range(resamples):
        rows = random.integers(n, size=n)
        value = statistic(*(column[rows] for column in columns))
        found[number] = np.nan if value is None else value
    found = found[np.isfinite(found)]
    if found.size == 0 or 2 * found.size < resamples:
        return None
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def attach_interval(estimate: Estimate, interval: tuple[float, float] | None) -> Estimate:
    """Attach the interval to an estimate, or the reason why there is none."""
    if estimate.value is None:
        return estimate
    if interval is None:
        why = "too few values, or resamples of them that define it, for an interval"
        return Estimate(estimate.value, estimate.n, why=why)
    return Estimate(estimate.value, estimate.n, *interval)


def _require_possible_count(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise InputError(f"there cannot be {successes} successes among {n}")
