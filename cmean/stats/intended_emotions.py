"""Agreement of the emotions that the makers of tracks and artworks intended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


@dataclass(frozen=True, slots=True)
class IntentionAgreement:
    """Agreement of pairs whose intended emotions are both known.

    Attributes:
        same: pairs with one emotion on both sides.
        known: pairs of which both are known.
        expected: the mean of `same` over random one-to-one pairing of the same sides.
    """

    same: int
    known: int
    expected: float


def compare_intended_emotions(
    pairs: Iterable[tuple[Hashable, str | None, str | None]],
) -> IntentionAgreement | None:
    """Count the pairs that agree; None where no pair has both emotions.

    Args:
        pairs: position, the track's emotion, the artwork's emotion. Random pairing happens within
            positions: for each it agrees in Σ tracks(e) · artworks(e) / pairs on average.
    """
    known = [
        (position, track, artwork)
        for position, track, artwork in pairs
        if track is not None and artwork is not None
    ]
    if not known:
        return None
    sizes = Counter(position for position, _, _ in known)
    tracks = Counter((position, emotion) for position, emotion, _ in known)
    artworks = Counter((position, emotion) for position, _, emotion in known)
    expected = sum(number * artworks[key] / sizes[key[0]] for key, number in tracks.items())
    same = sum(track == artwork for _, track, artwork in known)
    return IntentionAgreement(same, len(known), expected)
