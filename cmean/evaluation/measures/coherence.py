"""Table V of a pairing: how alike its pairs are, by what they were paired by and position by
position, each beside its nulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import POSITION_NAMES, POSITIONS, WHOLE, Kind
from cmean.evaluation.measures.positions import Measured, joint
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import (
    compute_random_pairing_null,
    draw_random_pairing_means,
)
from cmean.pairing.vectors import FRAGMENTS, side
from cmean.presentation.phrases import compared_by
from cmean.presentation.tables import Table, split_nulls
from cmean.stats.coherence import compute_coherence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.evaluation.inputs import Study
    from cmean.pairing.vectors import Side

NOTE: Final = (
    "Random: one-to-one pairings of the same items; p: the share of those drawn whose mean is no "
    "lower, the pairing itself counted. Resampled: the same method where each artwork has the "
    "triple of one drawn at random, with replacement. Constant: the mean triple for all artworks."
)
"""What stands beside a mean."""

COUNTERPARTS = [
    " / ".join(POSITION_NAMES[kind][position] for kind in Kind) for position in POSITIONS
]
"""What a pair of fragments is called, by position."""

_UNKNOWN = "not all triples of these pairs are known"


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some pairs, and the positions at which they are compared.

    The similarity of a pair is the mean over the positions or, if they are `joined`, that of all
    their triples as one vector. `at` is the position of the pairs themselves.
    """

    pairs: NDArray[np.void]
    positions: Sequence[int]
    at: int
    joined: bool = False


def measure(study: Study) -> dict[str, Any]:
    """The rows of the table by name, `pairs` first, and how many items found no partner."""
    rows: dict[str, Any] = {}
    for name, parts in _rows(study.pairing["vector"], study.pairs).items():
        measured = [_measured(study, part) for part in parts]
        found = [each for each in measured if each is not None]
        if found:
            rows[name] = joint(found).as_dict()
        elif not rows:  # what was paired by is known, if nothing else
            similarity = np.concatenate([part.pairs["similarity"] for part in parts])
            rows[name] = compute_coherence(similarity, None, why=_UNKNOWN).as_dict()
    unpaired = {f"unpaired_{k.value}s": study.pairing[f"unpaired_{k.value}s"] for k in Kind}
    return rows | unpaired


def _rows(vector: str, pairs: NDArray[np.void]) -> dict[str, list[_Part]]:
    """The rows of the table: first the pairs by what they were paired by."""
    name = f"pairs ({vector})"
    if vector == "fragments":
        own = {p: _Part(pairs[pairs["position"] == p], (p,), p) for p in FRAGMENTS}
        return {name: list(own.values())} | {COUNTERPARTS[p]: [own[p]] for p in FRAGMENTS}
    each = {COUNTERPARTS[p]: [_Part(pairs, (p,), WHOLE)] for p in FRAGMENTS}
    each["fragments aggregated"] = [_Part(pairs, FRAGMENTS, WHOLE)]
    if vector == "concatenated":
        whole = {COUNTERPARTS[WHOLE]: [_Part(pairs, (WHOLE,), WHOLE)]}
        return {name: [_Part(pairs, POSITIONS, WHOLE, joined=True)]} | whole | each
    return {name: [_Part(pairs, (WHOLE,), WHOLE)]} | each


def _measured(study: Study, part: _Part) -> Measured | None:
    """The similarities of the pairs whose items both have the triples, and their nulls."""
    metric, choices = study.pairing["metric"], study.choices
    tracks, artworks = (
        side(study.triples[kind], part.positions, study.pairing["calibrate"]) for kind in Kind
    )
    if not len(tracks) or not len(artworks):
        return None
    one, other = (each.vectors if part.joined else each.compared for each in (tracks, artworks))
    both = (tracks, one), (artworks, other)
    found = _similarities(part.pairs, "artwork_id", both, metric)
    if not len(found):
        return None
    free = [
        _similarities(pairs[pairs["position"] == part.at], "donor_id", both, metric)
        for pairs in study.resampled
    ]
    constant = np.broadcast_to(np.rint(other.mean(axis=0)).astype(np.uint8), one.shape)
    return Measured(
        found,
        compute_random_pairing_null(one, other, metric),
        draw_random_pairing_means(one, other, metric, choices.permutations, choices.seed + part.at),
        np.array([each.mean() for each in free if len(each)]),
        float(compute_similarities(one, constant, metric).mean()),
    )


def _similarities(
    pairs: NDArray[np.void],
    partner: str,
    sides: tuple[tuple[Side, NDArray[Any]], tuple[Side, NDArray[Any]]],
    metric: str,
) -> NDArray[np.float64]:
    """Of the pairs whose track and partner are both there."""
    (tracks, one), (artworks, other) = sides
    track, has_track = tracks.find(pairs["track_id"])
    artwork, has_artwork = artworks.find(pairs[partner])
    both = has_track & has_artwork
    if not both.any():
        return np.empty(0)
    return compute_similarities(one[track[both]], other[artwork[both]], metric)


def tables(document: Mapping[str, Any], found: Mapping[str, Any]) -> list[Table]:
    """The table's distribution, and its nulls.

    Args:
        document: the evaluation's, for `vector`, `metric`, `calibrate` and `space`.
        found: what `measure` gave.
    """
    rows = {name: row for name, row in found.items() if isinstance(row, dict)}
    unit = " fragments" if document["vector"] == "fragments" else "s"
    space, how = document["space"], compared_by(document["metric"], document["calibrate"])
    other = "" if space == "emotion" else f" They were paired by {space}, not by these triples."
    return split_nulls(
        "V",
        f"Table V: emotional coherence of the pairs ({how})",
        rows,
        f"{_ABOUT[document['vector']]}{other} {found['unpaired_tracks']} track{unit} and "
        f"{found['unpaired_artworks']} artwork{unit} are unpaired.",
        NOTE,
    )


_ABOUT = {
    "whole": "Below the first row: the fragments of the pairs that the wholes made.",
    "fragments": "Each position has pairs of its own; the first row is over all of them.",
    "concatenated": "First row: all five triples as one vector, as they were paired; below it the "
    "same pairs position by position.",
}
