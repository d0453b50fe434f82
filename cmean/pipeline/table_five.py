"""Table V of a pairing: how alike its pairs are, by what they were paired by and position by
position, each beside its null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.domain import POSITION_NAMES, POSITIONS, WHOLE, Kind
from cmean.evaluation.coherence import Coherence, CoherenceTable, coherence
from cmean.matching.null import random_pairing, similarities
from cmean.matching.summary import joint
from cmean.pipeline.vectors import FRAGMENTS, side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.matching.null import Null

COUNTERPARTS = [
    " / ".join(POSITION_NAMES[kind][position] for kind in Kind) for position in POSITIONS
]
"""What a pair of fragments is called, by position."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some pairs, and the positions at which they are compared.

    The similarity of a pair is the mean over the positions or, if they are `joined`, that of all
    their triples as one vector.
    """

    pairs: NDArray[np.void]
    positions: Sequence[int]
    joined: bool = False


def table_five(
    pairing: Mapping[str, Any], pairs: NDArray[np.void], triples: Mapping[Kind, NDArray[np.void]]
) -> CoherenceTable:
    """The table of a pairing.

    Args:
        pairing: its row.
        pairs: its pairs, `PAIR`.
        triples: of each kind all that were there to be paired, `TRIPLE` by item and position.
    """
    rows = {}
    for name, parts in _rows(pairing["vector"], pairs).items():
        measured = [_measured(part, triples, pairing["metric"]) for part in parts]
        row = _coherence([(found, null) for found, null in measured if null is not None])
        if row is not None:
            rows[name] = row
    return CoherenceTable(rows, pairing["unpaired_tracks"], pairing["unpaired_artworks"])


def _rows(vector: str, pairs: NDArray[np.void]) -> dict[str, list[_Part]]:
    """The rows of the table: first the pairs by what they were paired by."""
    name = f"pairs ({vector})"
    if vector == "fragments":
        own = {p: _Part(pairs[pairs["position"] == p], (p,)) for p in FRAGMENTS}
        return {name: list(own.values())} | {COUNTERPARTS[p]: [own[p]] for p in FRAGMENTS}
    each = {COUNTERPARTS[p]: [_Part(pairs, (p,))] for p in FRAGMENTS}
    each["fragments aggregated"] = [_Part(pairs, FRAGMENTS)]
    if vector == "concatenated":
        whole = {COUNTERPARTS[WHOLE]: [_Part(pairs, (WHOLE,))]}
        return {name: [_Part(pairs, POSITIONS, joined=True)]} | whole | each
    return {name: [_Part(pairs, (WHOLE,))]} | each


def _measured(
    part: _Part, triples: Mapping[Kind, NDArray[np.void]], metric: str
) -> tuple[NDArray[np.float64], Null | None]:
    """The similarities of the pairs whose items both have the triples, and their null."""
    tracks, artworks = (side(triples[kind], part.positions) for kind in Kind)
    track, has_track = tracks.find(part.pairs["track_id"])
    artwork, has_artwork = artworks.find(part.pairs["artwork_id"])
    both = has_track & has_artwork
    if not both.any():
        return np.empty(0), None
    of_tracks, of_artworks = (
        each.vectors if part.joined else each.triples for each in (tracks, artworks)
    )
    found = similarities(of_tracks[track[both]], of_artworks[artwork[both]], metric)
    return found, random_pairing(of_tracks, of_artworks, metric)


def _coherence(measured: Sequence[tuple[NDArray[np.float64], Null]]) -> Coherence | None:
    if not measured:
        return None
    null = joint([(len(found), null) for found, null in measured])
    return coherence(np.concatenate([found for found, _ in measured]), null)
