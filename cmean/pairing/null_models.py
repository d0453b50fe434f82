"""The nulls of a pairing: random pairings of its items, and its method over vectors of no one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import Kind
from cmean.matching.methods import match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.matching.groups import Progress
    from cmean.pairing.vectors import Side
    from cmean.stats.sampling import SamplingOptions

RESAMPLED: Final = np.dtype(
    [
        *(("position", "u1"), ("track_id", "<i8"), ("artwork_id", "<i8"), ("donor_id", "<i8")),
        ("similarity", "<f8"),
    ]
)
"""A pair that was made where each artwork has the vector of one drawn at random, the donor."""


def resample_pairings(
    pairing: Mapping[str, Any],
    sides: Mapping[Kind, Mapping[int, Side]],
    choices: SamplingOptions,
    on_progress: Progress,
) -> list[NDArray[np.void]]:
    """Pairs that the pairing's method makes of vectors that carry no identity.

    Each artwork gets the vector of an artwork that is drawn at random, with replacement: what is
    left is how the vectors are distributed, and nothing of which artwork is which. About a third of
    them are not drawn, so the method has fewer to choose from: this null lies a little low.

    Args:
        pairing: its row: method, metric and least similarity.
        sides: what it compared, by kind and position; calibrated as there.
        choices: `resamples` of them, by `seed`.
        on_progress: called after each, with how many are done, and of how many.

    Returns:
        `RESAMPLED`, one array a resample.
    """
    made = []
    for number in range(choices.resamples):
        random = np.random.default_rng([choices.seed, number])

        def alive(_done: int, _total: int, number: int = number) -> None:
            on_progress(number, choices.resamples)  # it may end a long matching

        alive(0, 0)
        parts = [
            _matched(pairing, sides[Kind.TRACK][position], artworks, position, random, alive)
            for position, artworks in sides[Kind.ARTWORK].items()
            if len(artworks) and len(sides[Kind.TRACK][position])
        ]
        if any(map(len, parts)):  # a least similarity may leave none
            made.append(np.concatenate(parts))
    on_progress(choices.resamples, choices.resamples)
    return made


def _matched(
    pairing: Mapping[str, Any],
    tracks: Side,
    artworks: Side,
    position: int,
    random: np.random.Generator,
    on_progress: Progress,
) -> NDArray[np.void]:
    donors = random.integers(len(artworks), size=len(artworks))
    found = match(
        tracks.vectors,
        artworks.vectors[donors],
        pairing["method"],
        pairing["metric"],
        min_similarity=pairing.get("min_similarity"),
        seed=int(random.integers(2**32)),  # of no effect but where pairs are made at random
        on_progress=on_progress,
    )
    pairs = np.empty(len(found), RESAMPLED)
    pairs["position"] = position
    pairs["track_id"] = tracks.items[found.track_index]
    pairs["artwork_id"] = artworks.items[found.artwork_index]
    pairs["donor_id"] = artworks.items[donors[found.artwork_index]]
    pairs["similarity"] = found.similarity
    return pairs
