"""Table V: similarities of the pairs, by the vectors that were paired and position by position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import POSITION_NAMES, POSITIONS, WHOLE, Kind
from cmean.evaluation.documents.study_tables import CoherenceTable, SimilarityRow
from cmean.evaluation.measures.combined_parts import PartSimilarities, combine_parts
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import (
    compute_random_pairing_null,
    draw_random_pairing_means,
)
from cmean.pairing.vectors import FRAGMENTS, build_side
from cmean.stats.coherence import compute_coherence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.evaluation.evaluated_pairing import EvaluatedPairing
    from cmean.pairing.vectors import ComparedSide

COUNTERPARTS: Final = [
    " / ".join(POSITION_NAMES[kind][position] for kind in Kind) for position in POSITIONS
]
"""The names of a pair of fragments, by position."""

_UNKNOWN_TRIPLES: Final = "not all triples of these pairs are known"


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some pairs, and the positions at which they are compared.

    The similarity of a pair is the mean over the positions or, if they are `joined`, that of all
    their triples as one vector. `paired_at` is the position of the pairs themselves.
    """

    pairs: NDArray[np.void]
    positions: Sequence[int]
    paired_at: int
    joined: bool = False


def measure_coherence(evaluated: EvaluatedPairing) -> CoherenceTable:
    """Measure the rows of Table V; the first is by the vectors that were paired."""
    rows: dict[str, SimilarityRow] = {}
    for name, parts in _list_parts(evaluated.row.vector, evaluated.pairs).items():
        measured = [_measure_part(evaluated, part) for part in parts]
        known = [each for each in measured if each is not None]
        if known:
            rows[name] = combine_parts(known)
        elif not rows:  # the similarities of the pairing are stored, whatever else is unknown
            similarity = np.concatenate([part.pairs["similarity"] for part in parts])
            found = compute_coherence(similarity, None, why=_UNKNOWN_TRIPLES)
            rows[name] = SimilarityRow.from_coherence(found)
    return CoherenceTable(rows, evaluated.row.unpaired_tracks, evaluated.row.unpaired_artworks)


def _list_parts(vector: str, pairs: NDArray[np.void]) -> dict[str, list[_Part]]:
    """List the rows of the table with their parts, first that of the vectors that were paired."""
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


def _measure_part(evaluated: EvaluatedPairing, part: _Part) -> PartSimilarities | None:
    """Measure the pairs of which both items have the triples; None where there are none."""
    metric, sampling = evaluated.row.metric, evaluated.sampling
    tracks, artworks = (
        build_side(evaluated.triples[kind], part.positions, evaluated.row.calibrate)
        for kind in Kind
    )
    if not len(tracks) or not len(artworks):
        return None
    one, other = (each.vectors if part.joined else each.compared for each in (tracks, artworks))
    both = (tracks, one), (artworks, other)
    found = _compare_known_pairs(part.pairs, "artwork_id", both, metric)
    if not len(found):
        return None
    resampled = [
        _compare_known_pairs(pairs[pairs["position"] == part.paired_at], "donor_id", both, metric)
        for pairs in evaluated.resampled
    ]
    constant = np.broadcast_to(np.rint(other.mean(axis=0)).astype(np.uint8), one.shape)
    return PartSimilarities(
        found,
        compute_random_pairing_null(one, other, metric),
        draw_random_pairing_means(
            one, other, metric, sampling.permutations, sampling.seed + part.paired_at
        ),
        np.array([each.mean() for each in resampled if len(each)]),
        float(compute_similarities(one, constant, metric).mean()),
    )


def _compare_known_pairs(
    pairs: NDArray[np.void],
    partner: str,
    sides: tuple[tuple[ComparedSide, NDArray[Any]], tuple[ComparedSide, NDArray[Any]]],
    metric: str,
) -> NDArray[np.float64]:
    """Compute the similarities of the pairs whose track and partner both have vectors.

    Args:
        pairs: with the fields `track_id` and `partner`.
        partner: the field with the artwork whose vector is compared.
        sides: of both kinds the items, and their vectors in the same order.
        metric: cosine or euclidean.
    """
    (tracks, one), (artworks, other) = sides
    track, has_track = tracks.find(pairs["track_id"])
    artwork, has_artwork = artworks.find(pairs[partner])
    both = has_track & has_artwork
    if not both.any():
        return np.empty(0)
    return compute_similarities(one[track[both]], other[artwork[both]], metric)
