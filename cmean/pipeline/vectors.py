"""What is compared: from the triples of items to the vectors that are matched, by the choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import POSITIONS, WHOLE

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
"""The choices: the position of the pairs → the positions whose triples are joined for it.

Each position is matched by itself, over the items that have all the triples joined for it.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The items of one kind that have a triple at each of some positions.

    Attributes:
        items: their ids, ascending, shape (n,).
        emotions: the ids of their triples at the first of the positions, shape (n,).
        triples: shape (n, positions, 3).
    """

    items: NDArray[np.int64]
    emotions: NDArray[np.int64]
    triples: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def vectors(self) -> NDArray[np.uint8]:
        """The triples of each item joined, shape (n, 3 · positions)."""
        _, positions, channels = self.triples.shape
        return self.triples.reshape(len(self), positions * channels)

    def find(self, items: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where some items stand, and whether they are here at all."""
        at = np.searchsorted(self.items, items)
        here = np.zeros(len(items), dtype=np.bool_)
        inside = at < len(self)
        here[inside] = self.items[at[inside]] == items[inside]
        return at, here


def side(triples: NDArray[np.void], positions: Sequence[int]) -> Side:
    """The items that have all these positions.

    Args:
        triples: `TRIPLE` rows by item and position.
        positions: ascending.
    """
    wanted = triples[np.isin(triples["position"], positions)]
    items, first, counts = np.unique(wanted["item"], return_index=True, return_counts=True)
    complete = counts == len(positions)
    first = first[complete]
    rows = first[:, np.newaxis] + np.arange(len(positions))
    return Side(items[complete], wanted["emotion"][first], wanted["rgb"][rows])


def sides(triples: NDArray[np.void], vector: str) -> dict[int, Side]:
    """What a choice compares of one kind, by the position of the pairs."""
    return {position: side(triples, joined) for position, joined in VECTORS[vector].items()}


def needed(vector: str) -> list[int]:
    """The positions that a choice reads."""
    return sorted({position for joined in VECTORS[vector].values() for position in joined})
