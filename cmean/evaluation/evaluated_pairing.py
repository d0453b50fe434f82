"""A pairing with all that the measures of its evaluation read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.catalog.pairing_rows import PairingRow
    from cmean.domain import Kind
    from cmean.stats.sampling import SamplingOptions


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedPairing:
    """One pairing with its inputs, as they were when it was made.

    Attributes:
        row: the columns of the pairing.
        pairs: `PAIR`, by position and rank.
        pair_ids: the key of each pair, in the same order.
        items: by kind the ids of the items that could be paired, ascending.
        triples: by kind `TRIPLE` by item and position; empty where they are not known.
        resampled: pairs that the same method makes of resampled vectors (each artwork has the
            vector of an artwork drawn with replacement): arrays with the fields `position`,
            `track_id` and `artwork_id` of `PAIR`, and `donor_id`, whose vector the artwork had.
        sampling: how to sample.
    """

    row: PairingRow
    pairs: NDArray[np.void]
    pair_ids: NDArray[np.int64]
    items: Mapping[Kind, NDArray[np.int64]]
    triples: Mapping[Kind, NDArray[np.void]]
    resampled: Sequence[NDArray[np.void]]
    sampling: SamplingOptions
