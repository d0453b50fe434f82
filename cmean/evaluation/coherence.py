"""How alike the two sides of the pairs are: the statistics of the study's Table V, with their null.

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike


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

    def z(self, mean: float) -> float | None:
        """The distance of a mean from its own, in deviations; None where it does not vary."""
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
class Coherence:
    """Similarities of pairs, beside the null of their mean; None where there is no pair, or where
    the null does not vary (`z`)."""

    similarity: Distribution
    null_mean: float
    null_sd: float
    z: float | None

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values, flat."""
        null = {"null_mean": self.null_mean, "null_sd": self.null_sd, "z": self.z}
        return self.similarity.as_dict() | null


@dataclass(frozen=True, slots=True)
class CoherenceTable:
    """Table V: the rows by name, `pairs` (the whole) first, and who found no partner."""

    rows: Mapping[str, Coherence]
    unpaired_tracks: int
    unpaired_artworks: int

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {name: row.as_dict() for name, row in self.rows.items()} | {
            "unpaired_tracks": self.unpaired_tracks,
            "unpaired_artworks": self.unpaired_artworks,
        }


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


def coherence(similarities: ArrayLike, null: Null) -> Coherence:
    """The similarities of some pairs, shape (n,), beside the null of their mean.

    Args:
        similarities: one a pair, finite.
        null: of the items that were there to be paired, by the same similarity.

    Raises:
        InputError: a similarity is not finite.
    """
    similarity = describe(similarities)
    z = None if similarity.mean is None else null.z(similarity.mean)
    return Coherence(similarity, null.mean, null.sd, z)
