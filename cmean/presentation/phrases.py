"""What the mean of a pairing says beside its nulls, in sentences that say no more than it means."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Self

from cmean.presentation.number_formats import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

CLEAR: Final = 3
"""Standard deviations from chance that are called clear."""

SOME: Final = 2
"""The least that is mentioned."""

_BY: Final = {
    "imagebind": " by ImageBind's embeddings",
    "captions": " by embeddings of their captions",
}


@dataclass(frozen=True, slots=True)
class Means:
    """A pairing's mean similarity, and what it stands beside.

    Attributes:
        method: of the pairing.
        space: what was compared.
        mean: of the pairs.
        null_mean: of random one-to-one pairings of the same items.
        z: the distance of `mean` from it in deviations; None where they do not vary.
        resampled_mean: what the method finds among vectors that carry no identity; None: unknown.
    """

    method: str
    space: str
    mean: float
    null_mean: float
    z: float | None
    resampled_mean: float | None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Those of an evaluation, as far as they are known."""
        return cls(**{field.name: document[field.name] for field in fields(cls)})


def compared_by(metric: str, calibrate: str) -> str:
    """How vectors are compared: `cosine`, or with what was done to them before."""
    return metric + _CALIBRATED[calibrate]


_CALIBRATED: Final = {
    "none": "",
    "quantile": ", calibrated by quantiles within each kind",
}


def vectors(space: str) -> str:
    """What the numbers of an item are called that were compared in a space."""
    return "triples" if space == "emotion" else "embeddings"


def verdict(pairing: Means) -> str:
    """Whether the pairs stand out from chance, and how far their method would find as much anyway.

    The share is that of the distance from chance. No test decides it: artworks drawn with
    replacement are fewer different ones, so their null lies low, and most vectors would pass.
    """
    by = _BY.get(pairing.space, "")
    if pairing.z is None:
        return (
            "Random pairings of these items do not vary, so there is no chance to stand out from."
        )
    if pairing.z <= -SOME:
        return f"The pairs are less alike{by} than random pairs of the same items."
    if pairing.z < SOME:
        return f"The pairs are not clearly more alike{by} than random pairs of the same items."
    how = "clearly" if pairing.z >= CLEAR else "somewhat"
    said = f"The pairs are {how} more alike{by} than random pairs of the same items."
    return " ".join(filter(None, (said, _method(pairing))))


def _method(pairing: Means) -> str:
    if pairing.resampled_mean is None or pairing.method == "random":
        return ""
    share = (pairing.resampled_mean - pairing.null_mean) / (pairing.mean - pairing.null_mean)
    what = f"among {vectors(pairing.space)} handed out at random"
    judges = "labels or people" if pairing.space == "imagebind" else "labels, ImageBind or people"
    if share >= 1:
        return (
            f"But the same method finds as much {what}, so that is no sign that the right items "
            f"met; only {judges} can tell."
        )
    return (
        f"But {percent(max(0.0, share))} of that the same method finds {what}, too. Whether the "
        f"right items met, only {judges} can tell."
    )
