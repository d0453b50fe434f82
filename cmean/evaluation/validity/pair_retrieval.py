"""Retrieval against labelled pairs: whether an item's vector finds what belongs to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import POSITIONS, WHOLE, Kind
from cmean.pairing.vectors import FRAGMENTS, side
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.retrieval import ranks, retrieval
from cmean.stats.retrieval_null import draw_mean_reciprocal_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.evaluation.inputs import Study
    from cmean.stats.sampling import Choices

_JOINED: Final = {"whole": (WHOLE,), "fragments": FRAGMENTS, "concatenated": POSITIONS}
"""The positions whose triples make an item's vector, by the pairing's choice."""


def retrieved(pairs: NDArray[np.int64], study: Study) -> list[dict[str, Any]]:
    """R@1, R@5, R@10 and the mean reciprocal rank of what belongs to an item, both ways.

    An item is compared by cosine with all items of the other kind, by the triples that the pairing
    compared, calibrated as there. Each figure has its interval and what random ranks give; of the
    mean reciprocal rank `permuted` tells where it stands among those of items that search for each
    other's partners.

    Args:
        pairs: the labelled pairs, track and artwork, shape (n, 2).
        study: the pairing.

    Returns:
        One entry a direction; none without labelled pairs.
    """
    if not len(pairs):
        return []
    joined = _JOINED[study.pairing["vector"]]
    calibrate = study.pairing["calibrate"]
    sides = {kind: side(study.triples[kind], joined, calibrate) for kind in Kind}
    places, here = zip(
        *(sides[kind].find(pairs[:, number]) for number, kind in enumerate(Kind)), strict=True
    )
    both = here[0] & here[1]
    rows = {kind: places[number][both] for number, kind in enumerate(Kind)}
    vectors = {kind: sides[kind].vectors.astype(np.float64) for kind in Kind}
    found = []
    for one, other in ((Kind.TRACK, Kind.ARTWORK), (Kind.ARTWORK, Kind.TRACK)):
        entry = {"queries": one.value, "targets": other.value, "labelled_pairs": len(pairs)}
        measured = _one_way(vectors[one], vectors[other], (rows[one], rows[other]), study.choices)
        found.append(entry | measured)
    return found


def _one_way(
    queries: NDArray[np.float64],
    targets: NDArray[np.float64],
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    choices: Choices,
) -> dict[str, Any]:
    if not len(pairs[0]):
        return {
            "figures": {},
            "permuted": None,
            "why": "no labelled pair has triples on both sides",
        }
    belongs: dict[int, set[int]] = defaultdict(set)
    for query, target in zip(*(each.tolist() for each in pairs), strict=True):
        belongs[query].add(target)
    asking = queries[sorted(belongs)]
    wanted = [sorted(belongs[query]) for query in sorted(belongs)]
    found = ranks(asking, targets, dict(enumerate(wanted)))
    counts = [len(each) for each in wanted]
    figures = retrieval(found, targets=len(targets), relevant_counts=counts, seed=choices.seed)
    drawn = draw_mean_reciprocal_ranks(asking, targets, wanted, choices.permutations, choices.seed)
    return {
        "figures": {name: figure.as_dict() for name, figure in figures.items()},
        "permuted": compare_with_null(figures["MRR"].estimate.value, drawn).as_dict(),
        "why": "",
    }
