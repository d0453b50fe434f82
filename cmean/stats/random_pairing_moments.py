"""Mean and standard deviation of the mean similarity over all random one-to-one pairings.

Every combination is equally likely in a random one-to-one pairing of min(n, m) pairs, so the mean
is that of all n·m similarities. With the smaller side filled up to m items whose similarities are
0, and d the similarities less the means of their row and column plus the mean of all, the total has
the variance Σ d² / (m − 1) over the permutations (W. Hoeffding, "A combinatorial central limit
theorem", 1951).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from cmean.stats.null_distribution import NullDistribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmean.stats.estimate import Floats, Indices

SimilarityFunction: TypeAlias = "Callable[[Indices, Indices], Floats]"
"""The similarities of rows of one side with rows of the other, index by index."""

_NO_VARIATION: Final = 1e-12
"""A standard deviation below this is rounding error."""

_CANCELLED: Final = 1e-13
"""A variance below this share of the sum of squares it was subtracted from is rounding error."""

_MAX_COMBINATIONS: Final = 1 << 26
"""Up to so many combinations the moments are summed over all of them."""

_BLOCK: Final = 1 << 20
_PERMUTATIONS: Final = 64
_SUBSET: Final = 2048


def compute_product_null(one: Floats, other: Floats) -> NullDistribution:
    """Compute the moments of similarities that are products of rows, in time n + m.

    Cosines are products of unit rows, so both sums follow from the moments of the two sides.

    Args:
        one: shape (n, q).
        other: shape (m, q).
    """
    few, many = sorted((one, other), key=len)
    n, m = len(few), len(many)
    mean = min(float(few.mean(axis=0) @ many.mean(axis=0)), 1.0)  # rounding alone can pass 1
    if m == 1:
        return NullDistribution(mean, 0.0)
    filled = few.sum(axis=0) / m  # the mean with the zeros that fill up the smaller side
    spread = _compute_scatter(few - filled) + (m - n) * np.outer(filled, filled)
    variance = float(np.sum(spread * _compute_scatter(many - many.mean(axis=0)))) / (m - 1)
    return NullDistribution(mean, _convert_variance(variance, n))


def compute_similarity_null(
    similarity: SimilarityFunction, shape: tuple[int, int], seed: int = 0
) -> NullDistribution:
    """Compute the moments of any similarity, over up to 2^26 combinations exactly.

    Beyond that they are estimated from random pairings (mean) and a random subset of both sides
    (standard deviation), seeded.

    Args:
        similarity: of rows of both sides.
        shape: how many rows each side has.
        seed: of the sample, where one is drawn.
    """
    if shape[0] * shape[1] <= _MAX_COMBINATIONS:
        return _sum_all_combinations(similarity, shape)
    return _estimate_from_sample(similarity, shape, np.random.default_rng(seed))


def _compute_scatter(rows: Floats) -> Floats:
    scatter: Floats = rows.T @ rows
    return scatter


def _sum_all_combinations(
    similarity: SimilarityFunction, shape: tuple[int, int]
) -> NullDistribution:
    n, m = min(shape), max(shape)
    rows, columns, squares = np.zeros(shape[0]), np.zeros(shape[1]), 0.0
    # sums of differences from one similarity: those of nearly equal values keep their digits
    origin = float(similarity(np.zeros(1, np.intp), np.zeros(1, np.intp))[0])
    for track, artwork in _iterate_combinations(shape):
        moved = similarity(track, artwork).reshape(-1, shape[1]) - origin
        rows[track[:: shape[1]]] = moved.sum(axis=1)
        columns += moved.sum(axis=0)
        squares += float(np.sum(moved**2))
    total = float(rows.sum())
    short, long = (rows, columns) if shape[0] <= shape[1] else (columns, rows)
    mean = total / (n * m)
    # moved by `origin`, the filled-up rows are too: what they add is in the columns' means alone
    within = squares - float(short @ short) / m - float(long @ long) / n + total**2 / (n * m)
    between = float(np.sum((long / n - mean) ** 2))
    variance = (within + n * (1 - n / m) * between) / max(m - 1, 1)
    if variance * (m - 1) <= _CANCELLED * squares:
        variance = 0.0
    return NullDistribution(origin + mean, _convert_variance(variance, n))


def _estimate_from_sample(
    similarity: SimilarityFunction, shape: tuple[int, int], random: np.random.Generator
) -> NullDistribution:
    n, m = min(shape), max(shape)
    shorter = np.arange(n)
    means = []
    for _ in range(_PERMUTATIONS):
        partners = random.permutation(m)[:n]
        sides = (shorter, partners) if shape[0] <= shape[1] else (partners, shorter)
        means.append(float(similarity(*sides).mean()))
    tracks, artworks = (random.permutation(count)[:_SUBSET] for count in shape)
    found = np.concatenate(
        [
            similarity(tracks[track], artworks[artwork])
            for track, artwork in _iterate_combinations((len(tracks), len(artworks)))
        ]
    ).reshape(len(tracks), len(artworks))
    if shape[0] > shape[1]:
        found = found.T
    r, c = found.shape
    rest = found - found.mean(axis=0) - found.mean(axis=1)[:, np.newaxis] + found.mean()
    within = float(np.sum(rest**2)) / max((r - 1) * (c - 1), 1)
    between = max(0.0, float(found.mean(axis=0).var(ddof=1)) - within / r)
    variance = within * (n - 1) + n * (1 - n / m) * between
    return NullDistribution(float(np.mean(means)), _convert_variance(variance, n), exact=False)


def _convert_variance(variance: float, n: int) -> float:
    """Convert the variance of a total of n similarities to the standard deviation of their mean."""
    deviation = float(np.sqrt(max(variance, 0.0))) / n
    return deviation if deviation > _NO_VARIATION else 0.0


def _iterate_combinations(shape: tuple[int, int]) -> Iterator[tuple[Indices, Indices]]:
    """Yield the indices of all combinations, some rows at a time."""
    n, m = shape
    step = max(1, _BLOCK // m)
    for first in range(0, n, step):
        rows = np.arange(first, min(first + step, n))
        yield np.repeat(rows, m), np.tile(np.arange(m), len(rows))
