"""Summary statistics of a matching, compared with random pairing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import InputError
from cmean.matching.calibration import NONE
from cmean.stats.null_distribution import combine_nulls, compare_with_null

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.matching.methods import Matching
    from cmean.stats.null_distribution import NullDistribution


@dataclass(frozen=True, slots=True)
class MatchingSummary:
    """The figures that `cmean pair` and `cmean match` print of a pairing.

    Attributes:
        method: the matching method.
        vector: what was compared: ``whole``, ``fragments`` or ``concatenated``.
        metric: the similarity measure.
        calibrate: how each kind's vectors were calibrated: a name of `CALIBRATIONS`.
        min_similarity: the minimum similarity of a pair; None: any.
        pairs: number of pairs.
        unpaired_tracks: tracks without a partner.
        unpaired_artworks: artworks without one.
        below_floor: pairs not made because they would be below `min_similarity`.
        mean: mean similarity of the pairs.
        tenth_percentile: 0.1 quantile of the similarities (linear interpolation).
        minimum: the smallest.
        maximum: the largest.
        null_mean: mean similarity of random one-to-one pairings of the same items.
        null_sd: standard deviation of the mean of such a pairing.
        z: (mean − null_mean) / null_sd; None where the null does not vary.
        gap: upper bound of what the total similarity lacks of the optimum; None: not known.

    For fragments all numbers count fragments: an item has up to four.
    """

    method: str
    vector: str
    metric: str
    calibrate: str
    min_similarity: float | None
    pairs: int
    unpaired_tracks: int
    unpaired_artworks: int
    below_floor: int
    mean: float
    tenth_percentile: float
    minimum: float
    maximum: float
    null_mean: float
    null_sd: float
    z: float | None
    gap: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values, in this order."""
        return asdict(self)


def summarise_matching(
    matching: Matching, null: NullDistribution, vector: str = "whole", calibrate: str = NONE
) -> MatchingSummary:
    """Summarise a matching, compared with random pairing of the same items.

    Args:
        matching: the pairs.
        null: of all items available for pairing, by the same metric and of the same vectors
            (calibrated ones if the matched ones were).
        vector: what was compared, for the record.
        calibrate: how the vectors were calibrated, for the record.

    Raises:
        InputError: there are no pairs.
    """
    return summarise_matchings([(matching, null)], vector, calibrate)


def summarise_matchings(
    parts: Sequence[tuple[Matching, NullDistribution | None]], vector: str, calibrate: str = NONE
) -> MatchingSummary:
    """Summarise several matchings by the same method and metric as one.

    Args:
        parts: the matchings, each with its null distribution; None where there is no pair.
        vector: what was compared, for the record.
        calibrate: how the vectors were calibrated, for the record.

    Raises:
        InputError: no matching has any pair.
    """
    matchings = [matching for matching, _ in parts]
    if not any(map(len, matchings)):
        floor = matchings[0].min_similarity
        raise InputError(
            f"no pair reaches the minimum similarity of {floor}, so there is nothing to pair: "
            "choose a lower one"
        )
    null = combine_nulls([(len(matching), null) for matching, null in parts if null is not None])
    gaps = [matching.gap for matching in matchings if len(matching)]
    similarity = np.concatenate([matching.similarity for matching in matchings])
    mean = float(similarity.mean())
    return MatchingSummary(
        method=matchings[0].method,
        vector=vector,
        metric=matchings[0].metric,
        calibrate=calibrate,
        min_similarity=matchings[0].min_similarity,
        pairs=len(similarity),
        unpaired_tracks=sum(matching.tracks - len(matching) for matching in matchings),
        unpaired_artworks=sum(matching.artworks - len(matching) for matching in matchings),
        below_floor=sum(matching.below_floor for matching in matchings),
        mean=mean,
        tenth_percentile=compute_tenth_percentile(similarity),
        minimum=float(similarity.min()),
        maximum=float(similarity.max()),
        null_mean=null.mean,
        null_sd=null.sd,
        z=compare_with_null(mean, null=null).z,
        gap=None if None in gaps else sum(gap for gap in gaps if gap is not None),
    )


def compute_tenth_percentile(similarity: NDArray[np.float64]) -> float:
    """Compute the 0.1 quantile of similarities, shape (pairs,), at least one."""
    return float(np.quantile(similarity, 0.1))
