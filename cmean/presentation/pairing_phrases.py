"""A pairing in words: the one place that describes a pairing, its nulls and what they mean.

The command line prints these texts as they are; the report sets them with `typeset`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

from cmean.presentation.number_formats import (
    NO_BREAK_SPACE,
    format_count,
    format_mean_and_sd,
    format_number,
    format_percent,
    use_minus_sign,
)
from cmean.profile_names import is_control

if TYPE_CHECKING:
    from collections.abc import Mapping

CLEAR_Z: Final = 3
"""Standard deviations from the null that are called clear."""

NOTABLE_Z: Final = 2
"""Standard deviations from the null below which no difference is claimed."""

_EMOTION: Final = "emotion"
_RANDOM: Final = "random"
_MAX_ROUNDING_ERROR: Final = 1e-12  # of a sum of similarities

_SPACE_NAMES: Final = {
    _EMOTION: "emotion triples",
    "imagebind": "ImageBind embeddings",
    "captions": "caption embeddings",
}

_CALIBRATION_SUFFIXES: Final = {
    "none": "",
    "quantile": ", calibrated by quantiles within each kind",
}

_VECTOR_SUFFIXES: Final = {
    "whole": "",
    "fragments": " of fragments",
    "concatenated": " of concatenated vectors",
}

_TYPESET: Final = re.compile(r" (?=[±=<] )|(?<=[±=<]) |(?<!\w)-(?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSummary:
    """What is known of a pairing as a whole.

    Attributes:
        pairing: its id; None for one that is not in a catalog.
        profile: whose recipes were used; empty where there is none.
        method: greedy, sequential, optimal or random.
        vector: whole, fragments or concatenated.
        metric: cosine or euclidean.
        space: emotion, imagebind or captions: which vectors were compared.
        calibrate: none or quantile: what was done to the vectors of each kind before.
        pairs: their number.
        mean: similarity of the pairs, as are `minimum`, `maximum` and `tenth_percentile`.
        null_mean: mean of the null distribution (random one-to-one pairing of the same items) of
            `mean`; None where the vectors are not known, as for published pairs.
        null_sd: its standard deviation.
        z: (mean - null_mean) / null_sd; None where it is undefined.
        resampled_mean: mean similarity that the same method reaches on vectors resampled among the
            artworks; None where it was not computed.
        resampled_sd: its standard deviation.
        gap: by how much the total similarity may be below that of an optimal assignment.
        unpaired_tracks: tracks, or fragments of tracks, without a partner.
        unpaired_artworks: artworks, or fragments of artworks, without a partner.
        min_similarity: pairs below it were left out.
        below_floor: how many pairs that were.
    """

    pairing: int | None = None
    profile: str = ""
    method: str
    vector: str
    metric: str
    space: str = _EMOTION
    calibrate: str = "none"
    pairs: int
    mean: float
    minimum: float
    maximum: float
    tenth_percentile: float | None = None
    null_mean: float | None
    null_sd: float | None
    z: float | None
    resampled_mean: float | None = None
    resampled_sd: float | None = None
    gap: float | None = None
    unpaired_tracks: int = 0
    unpaired_artworks: int = 0
    min_similarity: float | None = None
    below_floor: int = 0

    @classmethod
    def from_document(cls, *documents: Mapping[str, Any]) -> Self:
        """Take the fields from documents as `--json` prints them; later ones take precedence."""
        merged = {name: value for document in documents for name, value in document.items()}
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in merged.items() if name in names})

    @property
    def is_random(self) -> bool:
        """Whether the pairs were assigned at random."""
        return self.method == _RANDOM

    @property
    def vectors(self) -> str:
        """What the vectors are called that were compared: triples or embeddings."""
        return "triples" if self.space == _EMOTION else "embeddings"


def describe_pairing(pairing: PairingSummary) -> str:
    """Describe a pairing in one line: pairs, similarity, null, and what is unpaired."""
    pairs = f"{format_count(pairing.pairs, 'pair')}{_VECTOR_SUFFIXES[pairing.vector]}"
    mean = f"mean {format_number(pairing.mean)} ({_describe_extremes(pairing)})"
    parts = [
        f"{pairs} {_describe_method(pairing)}, {mean}",
        f"null (random pairing) {describe_null(pairing)}",
        describe_resampled_null(pairing),
        _describe_gap(pairing.gap),
        *(
            f"{format_count(number, name_unit(kind, pairing))} unpaired"
            for kind, number in _list_unpaired(pairing)
            if number
        ),
        describe_left_out_pairs(pairing),
    ]
    return "; ".join(part for part in parts if part)


def describe_null(pairing: PairingSummary) -> str:
    """Mean and standard deviation of the null, and z: `0.9382 ± 0.0197, z = 2.96`."""
    if pairing.null_mean is None or pairing.null_sd is None:
        return "unknown (the vectors were not published)"
    z = "z undefined (the null does not vary)" if pairing.z is None else f"z = {pairing.z:.2f}"
    return f"{format_mean_and_sd(pairing.null_mean, pairing.null_sd)}, {z}"


def describe_resampled_null(pairing: PairingSummary) -> str:
    """Describe the null of the method, which resamples the vectors; empty where it is not known."""
    if pairing.resampled_mean is None or pairing.resampled_sd is None or pairing.is_random:
        return ""
    null = format_mean_and_sd(pairing.resampled_mean, pairing.resampled_sd)
    return f"null ({pairing.method} over resampled {pairing.vectors}) {null}"


def describe_left_out_pairs(pairing: PairingSummary) -> str:
    """Describe how many pairs a minimum similarity left out; empty where there is none."""
    if pairing.min_similarity is None:
        return ""
    return (
        f"{format_count(pairing.below_floor, 'pair')} left out, below the minimum similarity of "
        f"{pairing.min_similarity:g}"
    )


def _describe_method(pairing: PairingSummary) -> str:
    """Describe method, metric and calibration, and the space where it is not emotion."""
    measure = format_measure(pairing.metric, pairing.calibrate)
    how = f"at random, {measure}" if pairing.is_random else f"by {pairing.method} {measure}"
    return how if pairing.space == _EMOTION else f"{how} of {name_space(pairing.space)}"


def _describe_extremes(pairing: PairingSummary) -> str:
    parts = [f"minimum {format_number(pairing.minimum)}"]
    if pairing.tenth_percentile is not None:
        parts.append(f"10th percentile {format_number(pairing.tenth_percentile)}")
    return ", ".join([*parts, f"maximum {format_number(pairing.maximum)}"])


def _describe_gap(gap: float | None) -> str:
    if gap is None:
        return ""
    if gap <= _MAX_ROUNDING_ERROR:
        return "total similarity optimal"
    return f"total similarity within {gap:.1e} of the optimum"


def _list_unpaired(pairing: PairingSummary) -> list[tuple[str, int]]:
    return [("track", pairing.unpaired_tracks), ("artwork", pairing.unpaired_artworks)]


def name_pairing(pairing_id: int, profile: str) -> str:
    """Name a pairing by its number, with the profile where that is a control."""
    return f"pairing {pairing_id}{f' ({profile})' if is_control(profile) else ''}"


def name_space(space: str) -> str:
    """Name the vectors of a space, in the plural."""
    return _SPACE_NAMES[space]


def name_unit(kind: str, pairing: PairingSummary) -> str:
    """Name what was paired of a kind: the item, or a fragment of it."""
    return f"{kind} fragment" if pairing.vector == "fragments" else kind


def name_measure(metric: str) -> str:
    """Name the similarity in a sentence: `cosine`, or `euclidean similarity`."""
    return metric if metric == "cosine" else f"{metric} similarity"


def format_measure(metric: str, calibrate: str) -> str:
    """Format a metric with the calibration of the vectors, where there was one."""
    return metric + _CALIBRATION_SUFFIXES[calibrate]


def interpret_pairing(pairing: PairingSummary) -> str:
    """Describe whether the mean differs from the null, and how much the method alone explains.

    No significance test is made of the resampled null: artworks drawn with replacement are fewer
    distinct ones, which lowers that null, so that nearly every pairing would pass.
    """
    by = "" if pairing.space == _EMOTION else f" by {name_space(pairing.space)}"
    if pairing.z is None:
        return "Random pairings of these items do not vary, so there is nothing to compare with."
    if pairing.z <= -NOTABLE_Z:
        return f"The pairs are less similar{by} than random pairs of the same items."
    if pairing.z < NOTABLE_Z:
        return f"The pairs are not clearly more similar{by} than random pairs of the same items."
    degree = "clearly" if pairing.z >= CLEAR_Z else "somewhat"
    finding = f"The pairs are {degree} more similar{by} than random pairs of the same items."
    return " ".join(filter(None, (finding, _interpret_resampled_null(pairing))))


def _interpret_resampled_null(pairing: PairingSummary) -> str:
    """Describe which share of the difference the method reaches on resampled vectors."""
    if pairing.resampled_mean is None or pairing.null_mean is None or pairing.is_random:
        return ""
    share = (pairing.resampled_mean - pairing.null_mean) / (pairing.mean - pairing.null_mean)
    where = f"on resampled {pairing.vectors}"
    # A space is no independent evidence for the pairing that was made by it.
    evidence = (
        "labels or human ratings"
        if pairing.space == "imagebind"
        else "labels, ImageBind or human ratings"
    )
    if share >= 1:
        return (
            f"The same method reaches as much {where}, so this is no evidence that the right items "
            f"were paired; that needs independent evidence: {evidence}."
        )
    return (
        f"The same method reaches {format_percent(max(0.0, share))} of that difference {where}; "
        f"whether the right items were paired needs independent evidence: {evidence}."
    )


def typeset(text: str) -> str:
    """Typeset true minus signs, and non-breaking spaces around ± and =."""
    return _TYPESET.sub(
        lambda found: NO_BREAK_SPACE if found[0] == " " else use_minus_sign(found[0]), text
    )
