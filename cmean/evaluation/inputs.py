"""What the sections of an evaluation read: a pairing, its items and triples, how to sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Kind
    from cmean.stats.sampling import Choices


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One pairing as its evaluation sees it.

    Attributes:
        pairing: the columns of its row.
        pairs: `PAIR`, by position and rank.
        pair_ids: the key of each pair, in the same order.
        items: of each kind the ids of those that were there to be paired, ascending.
        triples: of each kind `TRIPLE` by item and position; empty where they are not known.
        resampled: pairs that the same method makes where the artworks' vectors carry no identity:
            each an array with the fields `position`, `track_id` and `artwork_id` of `PAIR`.
        choices: how to sample.
    """

    pairing: Mapping[str, Any]
    pairs: NDArray[np.void]
    pair_ids: NDArray[np.int64]
    items: Mapping[Kind, NDArray[np.int64]]
    triples: Mapping[Kind, NDArray[np.void]]
    resampled: Sequence[NDArray[np.void]]
    choices: Choices
