"""Null model of resampled vectors: a pairing's method over vectors without identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import Kind
from cmean.matching.methods import match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.catalog.pairing_rows import PairingChoices
    from cmean.pairing.vectors import ComparedSide
    from cmean.stats.sampling import SamplingOptions
    from cmean.util.progress import ProgressCallback

RESAMPLED: Final = np.dtype(
    [
        *(("position", "u1"), ("track_id", "<i8"), ("artwork_id", "<i8"), ("donor_id", "<i8")),
        ("similarity", "<f8"),
    ]
)
"""A pair of resampled vectors: the artwork had the vector of another one, the donor."""


def resample_pairings(
    pairing: PairingChoices,
    sides: Mapping[Kind, Mapping[int, ComparedSide]],
    choices: SamplingOptions,
    on_progress: ProgressCallback,
) -> list[NDArray[np.void]]:
    """Make pairings by a pairing's method over resampled vectors, which carry no identity.

    Each artwork gets the vector of an artwork drawn at random, with replacement: that keeps the
    distribution of the vectors and removes which artwork is which. About a third of the vectors
    are not drawn, so the method has fewer to choose from: this null is biased slightly downwards.

    Args:
        pairing: its method, metric and minimum similarity.
        sides: what it compared, by kind and position; calibrated as there.
        choices: `resamples` of them, by `seed`.
        on_progress: called after each, with how many are done, and of how many.

    Returns:
        `RESAMPLED`, one array a resample.
    """
    made = []
    for number in range(choices.resamples):
        random = np.random.default_rng([choices.seed, number])

        def report(_done: int, _total: int, number: int = number) -> None:
            on_progress(number, choices.resamples)  # raises where a long matching is to stop

        report(0, 0)
        parts = [
            _match_resampled(
                pairing, sides[Kind.TRACK][position], artworks, position, random, report
            )
            for position, artworks in sides[Kind.ARTWORK].items()
            if len(artworks) and len(sides[Kind.TRACK][position])
        ]
        if any(map(len, parts)):  # a minimum similarity may leave none
            made.append(np.concatenate(parts))
    on_progress(choices.resamples, choices.resamples)
    return made


def _match_resampled(
    pairing: PairingChoices,
    tracks: ComparedSide,
    artworks: ComparedSide,
    position: int,
    random: np.random.Generator,
    on_progress: ProgressCallback,
) -> NDArray[np.void]:
    donors = random.integers(len(artworks), size=len(artworks))
    found = match(
        tracks.vectors,
        artworks.vectors[donors],
        pairing.method,
        pairing.metric,
        min_similarity=pairing.min_similarity,
        seed=int(random.integers(2**32)),  # used by the method random alone
        on_progress=on_progress,
    )
    pairs = np.empty(len(found), RESAMPLED)
    pairs["position"] = position
    pairs["track_id"] = tracks.items[found.track_index]
    pairs["artwork_id"] = artworks.items[found.artwork_index]
    pairs["donor_id"] = artworks.items[donors[found.artwork_index]]
    pairs["similarity"] = found.similarity
    return pairs
