"""Inter-rater agreement: Krippendorff's alpha.

K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): 1 − observed / expected
disagreement. The disagreement of two values is 1 where they differ (nominal), the square of their
difference (interval), or the square of the number of values from the one to the other, both counted
half (ordinal). The last is the squared difference of their mean ranks, so ordinal values are their
mean ranks, taken as interval ones.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from cmean.errors import InputError
from cmean.stats.estimate import Estimate
from cmean.stats.intervals import LEVEL, attach_interval, bootstrap_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cmean.stats.estimate import Flags, Floats, Indices

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
LEVELS: Final = ("nominal", "ordinal", "interval")


def compute_krippendorff_alpha(ratings: ArrayLike, level: Level = "ordinal") -> Estimate:
    """Compute Krippendorff's alpha: 1 for perfect agreement, 0 for agreement by chance, or less.

    Undefined where no unit has two ratings, or where all ratings of such units are equal.

    Args:
        ratings: shape (raters, units), NaN where a rater did not rate a unit.
        level: of measurement, a name of `LEVELS`.

    Returns:
        With n, the number of ratings of units that have two or more.

    Raises:
        InputError: an unknown level, or ratings of another shape.
    """
    units = _arrange_units(ratings, level)
    given = ~np.isnan(units)
    n = int(given[given.sum(axis=1) > 1].sum())
    if n == 0:
        return Estimate.undefined(0, "no unit has two ratings")
    value = _compute_alpha(units, level)
    return Estimate.undefined(n, "all ratings are equal") if value is None else Estimate(value, n)


def bootstrap_krippendorff_alpha(
    ratings: ArrayLike,
    level: Level = "ordinal",
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = LEVEL,
) -> Estimate:
    """Compute Krippendorff's alpha with its percentile bootstrap interval over units.

    Raises:
        InputError: an unknown level, or ratings of another shape.
    """
    units = _arrange_units(ratings, level)
    statistic = partial(_compute_alpha, level=level)
    interval = bootstrap_interval(
        statistic, units, resamples=resamples, level=confidence, seed=seed
    )
    return attach_interval(compute_krippendorff_alpha(ratings, level), interval)


def _arrange_units(ratings: ArrayLike, level: str) -> Floats:
    """Arrange the ratings by unit, shape (units, raters)."""
    if level not in LEVELS:
        raise InputError(f"there is no level of measurement {level!r}; there is {LEVELS}")
    array = np.asarray(ratings, dtype=np.float64)
    if array.ndim != 2 or np.isinf(array).any():  # noqa: PLR2004 - raters, units
        raise InputError("ratings have the shape (raters, units) and are finite numbers or NaN")
    return array.T


def _compute_alpha(units: Floats, level: Level) -> float | None:
    given = ~np.isnan(units)
    paired = given.sum(axis=1) > 1
    units, given = units[paired], given[paired]
    values, codes, counts = np.unique(units[given], return_inverse=True, return_counts=True)
    if len(values) < 2:  # noqa: PLR2004 - none differs from another
        return None
    ratings = given.sum(axis=1)
    n = int(ratings.sum())
    if level == "nominal":
        differing = ratings**2 - _count_equal_pairs(given, codes)
        expected = float(n**2 - np.sum(counts**2)) / (n - 1)
        return 1 - float(np.sum(differing / (ratings - 1))) / expected
    places = np.cumsum(counts) - counts / 2 if level == "ordinal" else values
    placed = np.zeros(units.shape)
    placed[given] = places[codes]
    means = placed.sum(axis=1, keepdims=True) / ratings[:, np.newaxis]
    within = np.sum(np.where(given, placed - means, 0) ** 2, axis=1)  # Σ (a − b)² = 2·m·this
    around = places - np.average(places, weights=counts)
    expected = n * float(counts @ around**2) / (n - 1)
    return 1 - float(np.sum(ratings * within / (ratings - 1))) / expected


def _count_equal_pairs(given: Flags, codes: Indices) -> Floats:
    """Count for each unit the ordered pairs of equal ratings, each with itself included."""
    of_unit, width = np.nonzero(given)[0], int(codes.max()) + 1
    cells, counts = np.unique(of_unit * width + codes, return_counts=True)
    return np.bincount(cells // width, counts**2, len(given)).astype(np.float64)
