"""A pairing in a few numbers, beside its null."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmean.matching.methods import Matching
    from cmean.matching.null import Null


@dataclass(frozen=True, slots=True)
class Summary:
    """What `cmean pair` and `cmean match` print of a pairing.

    Attributes:
        method: the matching method.
        vector: what was compared: ``whole`` or ``concatenated``.
        metric: the measure of likeness.
        pairs: how many pairs.
        unpaired_tracks: tracks without a partner.
        unpaired_artworks: artworks without one.
        mean: mean similarity of the pairs.
        minimum: the smallest.
        maximum: the largest.
        null_mean: mean similarity of random one-to-one pairings of the same items.
        null_sd: standard deviation of the mean of such a pairing.
        z: (mean − null_mean) / null_sd; None where the null does not vary.
        gap: how much larger the total similarity could at most be; None where not known.
    """

    method: str
    vector: str
    metric: str
    pairs: int
    unpaired_tracks: int
    unpaired_artworks: int
    mean: float
    minimum: float
    maximum: float
    null_mean: float
    null_sd: float
    z: float | None
    gap: float | None

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values, in this order."""
        return asdict(self)


def summarise(matching: Matching, null: Null, vector: str = "whole") -> Summary:
    """Sum up a matching beside the null of the same items.

    Args:
        matching: the pairs.
        null: of all items that were there to be paired, by the same metric.
        vector: what was compared, for the record.
    """
    mean = float(matching.similarity.mean())
    return Summary(
        method=matching.method,
        vector=vector,
        metric=matching.metric,
        pairs=len(matching),
        unpaired_tracks=matching.tracks - len(matching),
        unpaired_artworks=matching.artworks - len(matching),
        mean=mean,
        minimum=float(matching.similarity.min()),
        maximum=float(matching.similarity.max()),
        null_mean=null.mean,
        null_sd=null.sd,
        z=null.z(mean),
        gap=matching.gap,
    )
