"""Comparison of pairings: their evaluations, and how many pairs each two share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.catalog import pairings
from cmean.domain import Kind
from cmean.evaluation.documents.evaluation import ComparisonDocument, PairingOverlap
from cmean.pairing import spaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.documents.evaluation import EvaluationDocument

_INCOMPARABLE: Final = "one pairs wholes and the other fragments"


@dataclass(frozen=True, slots=True, eq=False)
class _PairedItems:
    """The pairs of a pairing, and by position the items of each kind that could be paired."""

    pairs: NDArray[np.void]
    items: Mapping[int, Mapping[Kind, NDArray[np.int64]]]


def compare_pairings(
    catalog: Catalog, documents: Sequence[EvaluationDocument]
) -> ComparisonDocument:
    """Combine two or more evaluations into one document, with the overlap of each two pairings."""
    with catalog.read() as connection:
        known = {each.pairing: _load_pairs(connection, each.pairing) for each in documents}
    return ComparisonDocument(
        documents,
        [
            _measure_overlap((one, known[one]), (other, known[other]))
            for one, other in combinations(known, 2)
        ],
    )


def _load_pairs(connection: Connection, pairing_id: int) -> _PairedItems:
    pairs = pairings.read_pairs(connection, pairing_id)
    sides = spaces.read_sides(connection, pairings.read_pairing(connection, pairing_id), pairing_id)
    items = {}
    for position in np.unique(pairs["position"]).tolist():
        at_position = pairs[pairs["position"] == position]
        items[position] = {  # of published pairs the other items are not known
            kind: np.union1d(sides[kind][position].items, at_position[f"{kind.value}_id"])
            for kind in Kind
        }
    return _PairedItems(pairs, items)


def _measure_overlap(
    first: tuple[int, _PairedItems], second: tuple[int, _PairedItems]
) -> PairingOverlap:
    """Count the shared pairs, and how many would be shared if the second were random.

    A random one-to-one pairing of n tracks and m artworks in k pairs holds a given pair of these
    items with probability k / (n·m).
    """
    (one_id, one), (other_id, other) = first, second
    keys = ["position", "track_id", "artwork_id"]
    ids, smaller = (one_id, other_id), min(len(one.pairs), len(other.pairs))
    if not np.isin(one.pairs["position"], other.pairs["position"]).any():
        return PairingOverlap(ids, None, smaller, None, _INCOMPARABLE)
    shared = len(np.intersect1d(one.pairs[keys], other.pairs[keys]))
    expected = 0.0
    for position, items in other.items.items():
        at_position = one.pairs[one.pairs["position"] == position]
        is_available = [np.isin(at_position[f"{kind.value}_id"], items[kind]) for kind in Kind]
        k = int((other.pairs["position"] == position).sum())
        possible = math.prod(len(items[kind]) for kind in Kind)
        expected += int((is_available[0] & is_available[1]).sum()) * k / possible
    return PairingOverlap(ids, shared, smaller, expected, "")
