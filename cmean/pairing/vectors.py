"""The vectors that are matched: built from emotion triples or embeddings, by the choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import POSITIONS, WHOLE
from cmean.matching.calibration import NONE, calibrate_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FRAGMENTS: Final = POSITIONS[1:]
"""The positions of the fragments."""

VECTORS: Final[Mapping[str, Mapping[int, Sequence[int]]]] = {
    "whole": {WHOLE: (WHOLE,)},
    "fragments": {position: (position,) for position in FRAGMENTS},
    "concatenated": {WHOLE: POSITIONS},
}
"""The choices: the position of the pairs → the positions whose vectors are joined for it.

Each position is matched independently, over the items that have all the vectors joined for it.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedSide:
    """The items of one kind that have a vector at each of some positions.

    Attributes:
        items: their ids, ascending, shape (n,).
        emotions: the ids of their triples at the first of the positions, shape (n,); 0: none.
        parts: shape (n, positions, d): triples as integers, or embeddings as float32.
        calibrated: the parts as they are compared, of the same shape; None: as they are.
    """

    items: NDArray[np.int64]
    emotions: NDArray[np.int64]
    parts: NDArray[np.uint8] | NDArray[np.float32]
    calibrated: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def triples(self) -> NDArray[np.uint8]:
        """The parts of a side of triples, shape (n, positions, 3)."""
        return self.parts.astype(np.uint8, copy=False)

    @property
    def compared(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The parts as they are compared, shape (n, positions, d)."""
        return self.parts if self.calibrated is None else self.calibrated

    @property
    def vectors(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The parts of each item as they are compared, joined, shape (n, positions · d)."""
        _, positions, numbers = self.parts.shape
        return self.compared.reshape(len(self), positions * numbers)

    def find(self, items: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Find the indices of items, and whether they are on this side at all."""
        at = np.searchsorted(self.items, items)
        here = np.zeros(len(items), dtype=np.bool_)
        inside = at < len(self)
        here[inside] = self.items[at[inside]] == items[inside]
        return at, here


def build_side(
    triples: NDArray[np.void], positions: Sequence[int], calibrate: str = NONE
) -> ComparedSide:
    """Build the side of the items that have triples at all these positions.

    Args:
        triples: `TRIPLE` rows by item and position.
        positions: ascending.
        calibrate: how they are calibrated, each channel of each position among these items: a
            name of `CALIBRATIONS`.
    """
    wanted = triples[np.isin(triples["position"], positions)]
    items, first, counts = np.unique(wanted["item"], return_index=True, return_counts=True)
    complete = counts == len(positions)
    first = first[complete]
    rows = first[:, np.newaxis] + np.arange(len(positions))
    found = ComparedSide(items[complete], wanted["emotion"][first], wanted["rgb"][rows])
    if calibrate == NONE or not len(found):
        return found
    calibrated = calibrate_vectors(found.vectors, calibrate).reshape(found.parts.shape)
    return replace(found, calibrated=calibrated)


def build_embedded_side(
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], triples: NDArray[np.void]
) -> ComparedSide:
    """Build the side of the items that have an embedding at each of some positions.

    Args:
        found: of each position the ids of the items, ascending, and their vectors, shape (n, d).
        triples: `TRIPLE` rows of the first of the positions, by item; of items without embeddings
            too, and not of all that have them.
    """
    items = reduce(np.intersect1d, [ids for ids, _ in found])
    parts = [vectors[np.searchsorted(ids, items)] for ids, vectors in found]
    if not len(items):
        return ComparedSide(items, items, np.empty((0, len(found), 1), np.float32))
    emotions = np.zeros(len(items), np.int64)
    _, here, there = np.intersect1d(items, triples["item"], assume_unique=True, return_indices=True)
    emotions[here] = triples["emotion"][there]
    return ComparedSide(items, emotions, np.stack(parts, axis=1))


def build_sides(
    triples: NDArray[np.void], vector: str, calibrate: str = NONE
) -> dict[int, ComparedSide]:
    """Build what a choice compares of one kind, by the position of the pairs."""
    return {
        position: build_side(triples, joined, calibrate)
        for position, joined in VECTORS[vector].items()
    }


def list_needed_positions(vector: str) -> list[int]:
    """List the positions whose vectors a choice reads."""
    return sorted({position for joined in VECTORS[vector].values() for position in joined})
