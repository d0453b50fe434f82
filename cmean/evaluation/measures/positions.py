"""Pairs of one position and what stands beside them; and several positions as one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.stats.coherence import Coherence, compute_coherence
from cmean.stats.null_distribution import combine_nulls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.stats.null_distribution import NullDistribution


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The similarities of some pairs, and of what stands beside them.

    Attributes:
        similarity: shape (pairs,).
        null: of the items that were there to be paired.
        drawn: the means of random pairings of them, shape (permutations,).
        resampled: the means of pairings of vectors without identity, shape (resamples,).
        constant: the mean where one vector stands for all artworks.
    """

    similarity: NDArray[np.float64]
    null: NullDistribution
    drawn: NDArray[np.float64]
    resampled: NDArray[np.float64]
    constant: float


def joint(parts: Sequence[Measured]) -> Coherence:
    """Several parts as one: all their pairs, each part paired by chance by itself."""
    counts = [len(part.similarity) for part in parts]
    weights = np.array(counts) / sum(counts)
    least = min(len(part.resampled) for part in parts)
    free = weights @ np.stack([part.resampled[:least] for part in parts])
    return compute_coherence(
        np.concatenate([part.similarity for part in parts]),
        combine_nulls([(count, part.null) for count, part in zip(counts, parts, strict=True)]),
        weights @ np.stack([part.drawn for part in parts]),
        free.tolist(),
        float(weights @ [part.constant for part in parts]),
    )
