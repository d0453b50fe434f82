"""Similarity of the two sides of pairs (the study's Table V), compared with null distributions.

The study prints these statistics for the similarity by which it paired. Here they are computed for
the whole, for each fragment with its counterpart (first quarter with top left, and so on), and for
the fragments aggregated, each compared with random pairing of the same items. The study names no
aggregated similarity of pairs; here it is the mean over the four positions for each pair.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import InputError
from cmean.stats.null_distribution import NullComparison, compare_with_null

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmean.stats.null_distribution import NullDistribution


@dataclass(frozen=True, slots=True)
class DescriptiveStatistics:
    """Descriptive statistics of n values; `std` has ddof = 0. None where n is 0."""

    n: int
    mean: float | None
    median: float | None
    std: float | None
    min: float | None
    max: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Coherence:
    """Similarities of pairs, and the null distributions of their mean.

    Attributes:
        similarity: of the pairs.
        null: the mean compared with random one-to-one pairing of the same items; without values
            where that is not known.
        resampled: means of pairings by the same method over vectors without identity: each artwork
            has the vector of one drawn at random.
        constant_mean: the mean similarity to one vector that stands for all artworks.
        why: why a value is None; empty where none is.
    """

    similarity: DescriptiveStatistics
    null: NullComparison
    resampled: DescriptiveStatistics
    constant_mean: float | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values, flat."""
        return self.similarity.as_dict() | {
            "null_mean": self.null.mean,
            "null_sd": self.null.sd,
            "z": self.null.z,
            "p": self.null.p,
            "resampled_mean": self.resampled.mean,
            "resampled_sd": self.resampled.std,
            "constant_mean": self.constant_mean,
            "why": self.why,
        }


def describe_values(values: ArrayLike) -> DescriptiveStatistics:
    """Compute the descriptive statistics of finite values, shape (n,).

    Raises:
        InputError: a value is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise InputError("statistics need finite numbers; the values are not all finite")
    if array.size == 0:
        return DescriptiveStatistics(0, None, None, None, None, None)
    return DescriptiveStatistics(
        n=array.size,
        mean=float(array.mean()),
        median=float(np.median(array)),
        std=float(array.std()),
        min=float(array.min()),
        max=float(array.max()),
    )


def compute_coherence(
    similarities: ArrayLike,
    null: NullDistribution | None,
    draws: NDArray[np.float64] | None = None,
    resampled: Sequence[float] = (),
    constant: float | None = None,
    why: str = "",
) -> Coherence:
    """Compare the similarities of pairs, shape (n,), with the null distributions of their mean.

    Args:
        similarities: one a pair, finite.
        null: of the items available for pairing, by the same similarity; None: unknown.
        draws: the means of random pairings of those items, shape (permutations,).
        resampled: the means of pairings of vectors without identity.
        constant: the mean similarity to one vector that stands for all artworks.
        why: why a value is undefined, as far as the caller knows.

    Raises:
        InputError: a similarity is not finite.
    """
    similarity = describe_values(similarities)
    if null is None:
        comparison = NullComparison.undefined(why)
    else:
        comparison = compare_with_null(similarity.mean, draws, null=null)
    return Coherence(
        similarity, comparison, describe_values(resampled), constant, why or comparison.why
    )
