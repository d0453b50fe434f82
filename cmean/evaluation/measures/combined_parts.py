"""Similarities of the pairs of one position with their nulls, and several positions combined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.evaluation.documents.study_tables import SimilarityRow
from cmean.stats.coherence import compute_coherence
from cmean.stats.null_distribution import combine_nulls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.stats.null_distribution import NullDistribution


@dataclass(frozen=True, slots=True, eq=False)
class PartSimilarities:
    """Similarities of some pairs, and the null distributions of their mean.

    Attributes:
        similarity: shape (pairs,).
        null: mean and standard deviation over random pairings of the items that could be paired.
        permuted: means of random pairings of them, shape (permutations,).
        resampled: means of pairings of resampled vectors, shape (resamples,).
        constant: the mean where one vector stands for all artworks.
    """

    similarity: NDArray[np.float64]
    null: NullDistribution
    permuted: NDArray[np.float64]
    resampled: NDArray[np.float64]
    constant: float


def combine_parts(parts: Sequence[PartSimilarities]) -> SimilarityRow:
    """Combine parts into one row: all their pairs, each part paired at random independently."""
    counts = [len(part.similarity) for part in parts]
    weights = np.array(counts) / sum(counts)
    # a part may lack resamples in which its method found no pair
    least = min(len(part.resampled) for part in parts)
    resampled = weights @ np.stack([part.resampled[:least] for part in parts])
    found = compute_coherence(
        np.concatenate([part.similarity for part in parts]),
        combine_nulls([(count, part.null) for count, part in zip(counts, parts, strict=True)]),
        weights @ np.stack([part.permuted for part in parts]),
        resampled.tolist(),
        float(weights @ [part.constant for part in parts]),
    )
    return SimilarityRow.from_coherence(found)
