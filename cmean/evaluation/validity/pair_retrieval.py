"""Retrieval of labelled partners: at which rank an item's vector finds them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import POSITIONS, WHOLE, Kind
from cmean.evaluation.documents.label_tables import RetrievalDirection, RetrievalFigure
from cmean.pairing.vectors import FRAGMENTS, build_side
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.retrieval import compute_retrieval_metrics, rank_relevant_targets
from cmean.stats.retrieval_null import draw_mean_reciprocal_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.evaluation.evaluated_pairing import EvaluatedPairing
    from cmean.stats.null_distribution import NullComparison
    from cmean.stats.sampling import SamplingOptions

_JOINED_POSITIONS: Final = {
    "whole": (WHOLE,),
    "fragments": FRAGMENTS,
    "concatenated": POSITIONS,
}
"""The positions whose triples make an item's vector, by the pairing's choice of vector."""

_NO_TRIPLES: Final = "no labelled pair has triples on both sides"


def measure_pair_retrieval(
    pairs: NDArray[np.int64], evaluated: EvaluatedPairing
) -> list[RetrievalDirection]:
    """Compute R@1, R@5, R@10 and the mean reciprocal rank of labelled partners, both ways.

    An item is compared by cosine with all items of the other kind, by the triples that the pairing
    compared, calibrated as there. The mean reciprocal rank is compared with that of items whose
    partners are permuted.

    Args:
        pairs: the labelled pairs, track and artwork, shape (n, 2).
        evaluated: the pairing.

    Returns:
        One entry a direction; none without labelled pairs.
    """
    if not len(pairs):
        return []
    joined = _JOINED_POSITIONS[evaluated.row.vector]
    calibrate = evaluated.row.calibrate
    sides = {kind: build_side(evaluated.triples[kind], joined, calibrate) for kind in Kind}
    places, here = zip(
        *(sides[kind].find(pairs[:, number]) for number, kind in enumerate(Kind)), strict=True
    )
    both = here[0] & here[1]
    rows = {kind: places[number][both] for number, kind in enumerate(Kind)}
    vectors = {kind: sides[kind].vectors.astype(np.float64) for kind in Kind}
    made = []
    for one, other in ((Kind.TRACK, Kind.ARTWORK), (Kind.ARTWORK, Kind.TRACK)):
        figures: dict[str, RetrievalFigure] = {}
        null = None
        if both.any():
            figures, null = _measure_direction(
                vectors[one], vectors[other], (rows[one], rows[other]), evaluated.sampling
            )
        why = "" if both.any() else _NO_TRIPLES
        made.append(RetrievalDirection(one.value, other.value, len(pairs), figures, null, why))
    return made


def _measure_direction(
    queries: NDArray[np.float64],
    targets: NDArray[np.float64],
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    sampling: SamplingOptions,
) -> tuple[dict[str, RetrievalFigure], NullComparison]:
    """Measure one direction: its figures, and the permutation null of MRR.

    Args:
        queries: vectors, shape (n, d).
        targets: vectors, shape (m, d).
        pairs: the rows of queries and targets that belong together.
        sampling: permutations and seed.
    """
    partners: dict[int, set[int]] = defaultdict(set)
    for query, target in zip(*(each.tolist() for each in pairs), strict=True):
        partners[query].add(target)
    searching = queries[sorted(partners)]
    relevant = [sorted(partners[query]) for query in sorted(partners)]
    found = rank_relevant_targets(searching, targets, dict(enumerate(relevant)))
    counts = [len(each) for each in relevant]
    figures = compute_retrieval_metrics(
        found, targets=len(targets), relevant_counts=counts, seed=sampling.seed
    )
    permuted = draw_mean_reciprocal_ranks(
        searching, targets, relevant, sampling.permutations, sampling.seed
    )
    return (
        {name: RetrievalFigure(**figure.as_dict()) for name, figure in figures.items()},
        compare_with_null(figures["MRR"].estimate.value, permuted),
    )
