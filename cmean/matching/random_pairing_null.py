"""The null model of a pairing: random one-to-one pairings of the same items, by cosine or distance.

The statistics are those of `cmean.stats`; here the vectors of items are prepared for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import InputError
from cmean.matching.pair_similarity import (
    PairSimilarity,
    build_unit_rows,
    join_unit_vectors,
    split_places,
)
from cmean.matching.vectors import HIGHEST, METRICS
from cmean.stats import permutation_draws, random_pairing_moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cmean.matching.vectors import Floats
    from cmean.stats.null_distribution import NullDistribution


def compute_random_pairing_null(
    tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine", *, seed: int = 0
) -> NullDistribution:
    """Compute the null distribution of the mean similarity of a pairing of these items.

    It depends on the items alone, not on the method that paired them. By cosine it has a closed
    form in time n + m; by Euclidean distance it is summed up to 2^26 combinations, and beyond that
    estimated (see `cmean.stats.random_pairing_moments`).

    Args:
        tracks: shape (n, d) as of `cmean.matching.match`, or (n, p, d) for p vectors an item (see
            `cmean.matching.pair_similarity`).
        artworks: the same, shape (m, d) or (m, p, d).
        metric: a name of `cmean.matching.vectors.METRICS`.
        seed: of the sample, where one is drawn.

    Raises:
        InputError: invalid vectors, or an unknown metric.
    """
    if metric not in METRICS:
        raise InputError(f"there is no metric {metric!r}; there is {', '.join(METRICS)}")
    if metric == "cosine":
        places = split_places(tracks, artworks)
        rows = (join_unit_vectors(side) for side in zip(*places, strict=True))
        return random_pairing_moments.compute_product_null(*rows)
    similarity = PairSimilarity(tracks, artworks, metric)
    return random_pairing_moments.compute_similarity_null(similarity, similarity.shape, seed)


def draw_random_pairing_means(
    tracks: ArrayLike, artworks: ArrayLike, metric: str, permutations: int, seed: int
) -> Floats:
    """Draw mean similarities of random one-to-one pairings, shape (permutations,).

    Args:
        tracks: shape (n, d), or (n, p, d) for p vectors an item, as of `compute_similarities`.
        artworks: the same, m of them.
        metric: a name of `cmean.matching.vectors.METRICS`.
        permutations: how many; 0 gives an empty array.
        seed: the same seed gives the same values.
    """
    if not permutations:
        return np.empty(0)
    if metric == "cosine":
        return permutation_draws.draw_product_means(
            build_unit_rows(tracks), build_unit_rows(artworks), permutations, seed
        )
    distances = permutation_draws.draw_distance_means(tracks, artworks, permutations, seed)
    similarities: Floats = 1.0 - distances / (HIGHEST * np.sqrt(np.shape(tracks)[-1]))
    return similarities


def draw_random_similarities(
    tracks: ArrayLike,
    artworks: ArrayLike,
    metric: str = "cosine",
    size: int = 10_000,
    seed: int = 0,
) -> Floats:
    """Draw similarities of single random pairs, for a histogram of the null model.

    All n·m of them where those are no more than `size`, otherwise `size` drawn with replacement.

    Raises:
        InputError: invalid vectors, or an unknown metric.
    """
    similarity = PairSimilarity(tracks, artworks, metric)
    n, m = similarity.shape
    if n * m <= size:
        combinations = np.arange(n * m)
    else:
        combinations = np.random.default_rng(seed).integers(n * m, size=size)
    return similarity(combinations // m, combinations % m)
