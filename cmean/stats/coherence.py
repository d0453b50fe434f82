"""How alike the two sides of the pairs are: the statistics of the study's Table V, and nulls.

The study prints them for the similarity by which it paired. Here the same statistics stand for the
whole, for each fragment with its counterpart (first quarter with top left, and so on), and for the
fragments aggregated, each beside what random pairing of the same items gives. The study names no
aggregated similarity of pairs; here it is the mean over the four positions for each pair.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cmean.errors import InputError
from cmean.stats import permutation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class Null(Protocol):
    """The distribution of a mean over random one-to-one pairings of the same items."""

    @property
    def mean(self) -> float:
        """Its mean."""
        ...

    @property
    def sd(self) -> float:
        """Its standard deviation."""
        ...


@dataclass(frozen=True, slots=True)
class Distribution:
    """n values in six numbers; `std` is that of a population (ddof = 0). None where n is 0."""

    n: int
    mean: float | None
    median: float | None
    std: float | None
    min: float | None
    max: float | None

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Nulls:
    """What a mean stands beside; None where it is undefined or was not asked for.

    Attributes:
        null_mean: the mean over random one-to-one pairings of the same items.
        null_sd: its standard deviation.
        z: how many deviations the mean lies above it.
        p: the share of random pairings whose mean is no lower, the pairing itself counted.
        resampled_mean: the mean where the pairs are made by the same method of vectors that
            carry no identity: each artwork has that of an artwork drawn at random.
        resampled_sd: its standard deviation over the draws.
        constant_mean: the mean where one triple stands for all artworks.
        why: what is undefined, and why.
    """

    null_mean: float | None = None
    null_sd: float | None = None
    z: float | None = None
    p: float | None = None
    resampled_mean: float | None = None
    resampled_sd: float | None = None
    constant_mean: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Coherence:
    """Similarities of pairs, beside the nulls of their mean."""

    similarity: Distribution
    nulls: Nulls

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values, flat."""
        return self.similarity.as_dict() | asdict(self.nulls)


def describe(values: ArrayLike) -> Distribution:
    """The distribution of some finite values, shape (n,).

    Raises:
        InputError: a value is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise InputError("a statistic was asked of values that are not all finite numbers")
    if array.size == 0:
        return Distribution(0, None, None, None, None, None)
    return Distribution(
        n=array.size,
        mean=float(array.mean()),
        median=float(np.median(array)),
        std=float(array.std()),
        min=float(array.min()),
        max=float(array.max()),
    )


def coherence(
    similarities: ArrayLike,
    null: Null | None,
    drawn: NDArray[np.float64] | None = None,
    resampled: Sequence[float] = (),
    constant: float | None = None,
    why: str = "",
) -> Coherence:
    """The similarities of some pairs, shape (n,), beside the nulls of their mean.

    Args:
        similarities: one a pair, finite.
        null: of the items that were there to be paired, by the same similarity; None: unknown.
        drawn: the means of random pairings of those items, shape (permutations,).
        resampled: the means of pairings of vectors without identity.
        constant: the mean where one triple stands for all artworks.
        why: what is undefined, and why, as far as the caller knows.

    Raises:
        InputError: a similarity is not finite.
    """
    similarity = describe(similarities)
    free = describe(resampled)
    beside: dict[str, Any] = {}
    if null is not None:
        stands = permutation.beside(
            similarity.mean,
            np.empty(0) if drawn is None else drawn,
            mean=null.mean,
            sd=null.sd,
        )
        asked = drawn is not None and len(drawn) > 0
        beside = {
            "null_mean": null.mean,
            "null_sd": null.sd,
            "z": stands.z,
            "p": stands.p if asked else None,
        }
        why = why or stands.why
    return Coherence(
        similarity,
        Nulls(
            **beside,
            resampled_mean=free.mean,
            resampled_sd=free.std,
            constant_mean=constant,
            why=why,
        ),
    )
