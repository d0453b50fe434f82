"""What chance gives: the null distribution of a mean similarity over random one-to-one pairings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.errors import InputError
from cmean.matching.vectors import checked_sides, metric_for

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmean.matching.vectors import Metric

_ROUNDING: Final = 1e-12
"""A deviation below this is rounding: the null does not vary."""


@dataclass(frozen=True, slots=True)
class Null:
    """The distribution of the mean similarity of random one-to-one pairings of the same items.

    Attributes:
        mean: its mean, exact: that of all n·m similarities.
        sd: its standard deviation about `mean` over the permutations; 0 where it does not vary.
        permutations: how many random pairings `sd` was measured on.
        seed: of the random numbers.
    """

    mean: float
    sd: float
    permutations: int
    seed: int

    def z(self, mean: float) -> float | None:
        """How many deviations a mean lies above the null's; None where the null does not vary."""
        return (mean - self.mean) / self.sd if self.sd > 0 else None


def random_pairing(
    tracks: ArrayLike,
    artworks: ArrayLike,
    metric: str = "cosine",
    permutations: int = 1000,
    seed: int = 0,
) -> Null:
    """The null of a pairing of these items, whatever method made it.

    Every track-artwork pair is equally likely in a random one-to-one pairing of min(n, m) pairs,
    so the mean of the statistic is the mean over all n·m pairs, here in closed form. Its deviation
    is √(mean of (statistic − mean)²) over random pairings.

    Args:
        tracks: integers 0..255, shape (n, d), or (n, p, d) for p vectors an item (see
            `similarities`).
        artworks: the same, shape (m, d) or (m, p, d).
        metric: a name of `cmean.matching.vectors.METRICS`.
        permutations: how many random pairings, at least 1.
        seed: of the random numbers; the same seed gives the same null.

    Raises:
        InputError: vectors that are none, an unknown metric, or no permutation.
    """
    if permutations < 1:
        raise InputError(f"a null needs at least 1 permutation, not {permutations}")
    metrics = _metrics(tracks, artworks, metric)
    sizes = metrics[0].shape
    mean = float(np.mean([each.mean() for each in metrics]))
    shorter = np.arange(min(sizes))
    random = np.random.default_rng(seed)
    deviations = np.empty(permutations)
    for trial in range(permutations):
        partners = random.choice(max(sizes), size=min(sizes), replace=False)
        sides = (shorter, partners) if sizes[0] <= sizes[1] else (partners, shorter)
        deviations[trial] = _similarity(metrics, *sides).mean() - mean
    sd = float(np.sqrt(np.mean(deviations**2)))
    return Null(mean, sd if sd > _ROUNDING else 0.0, permutations, seed)


def sample(
    tracks: ArrayLike,
    artworks: ArrayLike,
    metric: str = "cosine",
    size: int = 10_000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Similarities of single pairs at random, for a histogram of what chance gives.

    All n·m of them where those are no more than `size`, otherwise `size` drawn with replacement.

    Raises:
        InputError: vectors that are none, or an unknown metric.
    """
    metrics = _metrics(tracks, artworks, metric)
    n, m = metrics[0].shape
    if n * m <= size:
        combinations = np.arange(n * m)
    else:
        combinations = np.random.default_rng(seed).integers(n * m, size=size)
    return _similarity(metrics, combinations // m, combinations % m)


def similarities(
    tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine"
) -> NDArray[np.float64]:
    """Similarities of the first track with the first artwork, the second with the second, …

    Args:
        tracks: integers 0..255, shape (n, d), or (n, p, d) for p vectors an item: the similarity
            of two items is then the mean over p of the similarities of their vectors at the same
            place. With the four fragments' triples (p = 4, d = 3) that is the aggregated one.
        artworks: the same shape.
        metric: a name of `cmean.matching.vectors.METRICS`.

    Returns:
        float64 of shape (n,).

    Raises:
        InputError: vectors that are none, an unknown metric, or not as many of both.
    """
    metrics = _metrics(tracks, artworks, metric)
    n, m = metrics[0].shape
    if n != m:
        raise InputError(f"pairs need as many tracks as artworks, not {n} and {m}")
    return _similarity(metrics, np.arange(n), np.arange(n))


def _metrics(tracks: ArrayLike, artworks: ArrayLike, metric: str) -> list[Metric]:
    """One metric for each of the p vectors of an item."""
    places = [
        array.transpose(1, 0, 2) if array.ndim == 3 else array[np.newaxis]  # noqa: PLR2004 - n, p, d
        for array in (np.asarray(tracks), np.asarray(artworks))
    ]
    if len(places[0]) != len(places[1]):
        raise InputError(
            f"tracks have {len(places[0])} vectors each, but artworks have {len(places[1])}"
        )
    return [metric_for(metric, *checked_sides(a, b)) for a, b in zip(*places, strict=True)]


def _similarity(
    metrics: list[Metric], track: NDArray[np.intp], artwork: NDArray[np.intp]
) -> NDArray[np.float64]:
    total = sum((metric.similarity(track, artwork) for metric in metrics), np.zeros(len(track)))
    return np.divide(total, len(metrics))
