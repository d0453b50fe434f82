"""Null distributions, and the comparison of an observed statistic with one.

The null model of a pairing is a random one-to-one pairing of the same items. Where the moments of
its null distribution have a closed form they come from `cmean.stats.random_pairing_moments`; draws
for a permutation p come from `cmean.stats.permutation_draws`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.stats.estimate import Floats

ALTERNATIVES: Final = ("greater", "less", "two-sided")

_ROUNDING: Final = 1e-12
"""A standard deviation below this (or this share of the mean) is rounding error: no variation."""

_EQUAL: Final = 1e-6
"""Statistics that differ by less than this share of a standard deviation count as equal, so that
rounding error does not decide a comparison of ties."""


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """Mean and standard deviation of a statistic under a null model.

    Attributes:
        mean: for a mean similarity under random one-to-one pairing, that of all n·m similarities.
        sd: standard deviation over all permutations; 0 where the statistic does not vary.
        exact: whether both are exact but for rounding; otherwise estimated from a seeded sample.
    """

    mean: float
    sd: float
    exact: bool = True


@dataclass(frozen=True, slots=True)
class NullComparison:
    """An observed statistic compared with its null distribution.

    Attributes:
        mean: of the null distribution; None where it is undefined.
        sd: its standard deviation (ddof = 0).
        z: (observed − mean) / sd; None where nothing was observed or the null does not vary.
        p: of the permutation test; None where nothing was observed or nothing was drawn.
        permutations: number of random pairings drawn.
        why: why a value is None; empty where none is.
    """

    mean: float | None
    sd: float | None
    z: float | None
    p: float | None
    permutations: int
    why: str = ""

    @classmethod
    def undefined(cls, why: str) -> NullComparison:
        """Make a comparison without any value, with the reason."""
        return cls(None, None, None, None, 0, why)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


def compare_with_null(
    observed: float | None,
    draws: Floats | None = None,
    *,
    null: NullDistribution | None = None,
    alternative: str = "greater",
) -> NullComparison:
    """Compare an observed statistic with its null distribution: z, and a permutation p.

    The observed pairing counts as one of the random ones, p = (1 + #{drawn ≥ observed}) /
    (1 + #drawn), so that p is never 0 and the test keeps its level (B. Phipson & G. K. Smyth,
    "Permutation p-values should never be zero", 2010). Two-sided p is twice the smaller one-sided
    p, at most 1. Draws that differ from the observed value by rounding alone count as equal to it.

    Args:
        observed: None or NaN where it is undefined.
        draws: the statistic of random pairings, shape (permutations,); NaN are left out.
        null: the distribution where its moments are known; otherwise those of `draws` are used.
        alternative: a name of `ALTERNATIVES`.

    Raises:
        InputError: an unknown alternative.
    """
    if alternative not in ALTERNATIVES:
        raise InputError(f"there is no alternative {alternative!r}; there is {ALTERNATIVES}")
    kept = np.empty(0) if draws is None else draws[np.isfinite(draws)]
    count = int(kept.size)
    if null is None and count:
        null = NullDistribution(float(kept.mean()), float(kept.std()), exact=False)
    if null is None:
        return NullComparison.undefined(
            "there is no random pairing of which the statistic is defined"
        )
    mean = null.mean
    tolerance = _ROUNDING * max(1.0, abs(mean))
    is_constant = null.sd <= tolerance
    sd = 0.0 if is_constant else null.sd
    if observed is None or not np.isfinite(observed):
        return NullComparison(mean, sd, None, None, count, "nothing was observed")
    p = _compute_p(observed, kept, tolerance + _EQUAL * sd, alternative)
    if is_constant:
        return NullComparison(mean, sd, None, p, count, "every random pairing gives the same")
    why = "" if count else "no random pairing was drawn"
    return NullComparison(mean, sd, (observed - mean) / sd, p, count, why)


def combine_nulls(parts: Sequence[tuple[int, NullDistribution]]) -> NullDistribution:
    """Compute the null distribution of the mean over all pairs of several independent pairings.

    That mean is the mean of the parts' means weighted by their numbers of pairs, so its variance
    is the sum of their variances times the squared weights.

    Args:
        parts: for each pairing its number of pairs, at least 1, and its null distribution.
    """
    total = sum(pairs for pairs, _ in parts)
    weighted = [(pairs / total, null) for pairs, null in parts]
    return NullDistribution(
        mean=sum(weight * null.mean for weight, null in weighted),
        sd=math.hypot(*(weight * null.sd for weight, null in weighted)),
        exact=all(null.exact for _, null in parts),
    )


def _compute_p(observed: float, draws: Floats, tolerance: float, alternative: str) -> float | None:
    if draws.size == 0:
        return None
    greater = (1 + int(np.sum(draws >= observed - tolerance))) / (1 + draws.size)
    less = (1 + int(np.sum(draws <= observed + tolerance))) / (1 + draws.size)
    p = {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}
    return p[alternative]
