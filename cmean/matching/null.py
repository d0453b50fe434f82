"""What chance gives: the null distribution of a mean similarity over random one-to-one pairings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.errors import InputError
from cmean.matching import dense
from cmean.matching.vectors import METRICS, as_array, comparable, metric_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmean.matching.vectors import Floats, Indices, Metric

    _Metric = Metric | dense.FloatCosine

_ROUNDING: Final = 1e-12
"""A deviation below this is rounding: the null does not vary."""

_LOST: Final = 1e-13
"""A share of a sum of squares below this is what subtraction leaves of nothing."""

_ALL: Final = 1 << 26
"""Up to so many combinations, distances are averaged over all of them."""

_BLOCK: Final = 1 << 20
_PERMUTATIONS: Final = 64
_SUBSET: Final = 2048


@dataclass(frozen=True, slots=True)
class Null:
    """The distribution of the mean similarity of random one-to-one pairings of the same items.

    Attributes:
        mean: its mean: that of all n·m similarities.
        sd: its standard deviation over all permutations; 0 where it does not vary.
        exact: whether both are exact but for rounding; otherwise estimated from a seeded sample.
    """

    mean: float
    sd: float
    exact: bool = True

    def z(self, mean: float) -> float | None:
        """How many deviations a mean lies above the null's; None where the null does not vary."""
        return (mean - self.mean) / self.sd if self.sd > 0 else None


def random_pairing(
    tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine", *, seed: int = 0
) -> Null:
    """The null of a pairing of these items, whatever method made it.

    Every track-artwork pair is equally likely in a random one-to-one pairing of min(n, m) pairs,
    so its mean similarity is in the mean that of all n·m combinations. With the smaller side
    filled up to m items whose similarities are 0, and d the similarities less the means of their
    row and column plus the mean of all, the total has the variance Σ d² / (m − 1) over the
    permutations (W. Hoeffding, "A combinatorial central limit theorem", 1951).

    Cosines are products of unit vectors, so both sums follow from the two sides' moments, in time
    n + m. Euclidean similarities are summed up to 2^26 combinations, and beyond that estimated
    from random pairings and a random subset.

    Args:
        tracks: shape (n, d) as of `cmean.matching.match`, or (n, p, d) for p vectors an item (see
            `similarities`).
        artworks: the same, shape (m, d) or (m, p, d).
        metric: a name of `cmean.matching.vectors.METRICS`.
        seed: of the sample, where one is drawn.

    Raises:
        InputError: vectors that are none, or an unknown metric.
    """
    if metric not in METRICS:
        raise InputError(f"there is no metric {metric!r}; there is {', '.join(METRICS)}")
    places = _places(tracks, artworks)
    if metric == "cosine":
        sides = [_joined(side) for side in zip(*places, strict=True)]
        return _of_products(*sorted(sides, key=len))
    metrics = [metric_for(metric, *place) for place in places]
    n, m = metrics[0].shape
    if n * m <= _ALL:
        return _of_all(metrics)
    return _of_sample(metrics, np.random.default_rng(seed))


def sample(
    tracks: ArrayLike,
    artworks: ArrayLike,
    metric: str = "cosine",
    size: int = 10_000,
    seed: int = 0,
) -> Floats:
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


def similarities(tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine") -> Floats:
    """Similarities of the first track with the first artwork, the second with the second, …

    Args:
        tracks: integers 0..255 or, by cosine, floats, shape (n, d), or (n, p, d) for p vectors an
            item: the similarity of two items is then the mean over p of the similarities of their
            vectors at the same place. With the four fragments' triples (p = 4, d = 3) that is the
            aggregated one.
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


def _of_products(few: Floats, many: Floats) -> Null:
    """Of similarities that are products of rows of shapes (n, q) and (m, q), n ≤ m."""
    n, m = len(few), len(many)
    mean = min(float(few.mean(axis=0) @ many.mean(axis=0)), 1.0)  # rounding alone can pass 1
    if m == 1:
        return Null(mean, 0.0)
    filled = few.sum(axis=0) / m  # the mean with the zeros that fill up the smaller side
    spread = _scatter(few - filled) + (m - n) * np.outer(filled, filled)
    variance = float(np.sum(spread * _scatter(many - many.mean(axis=0)))) / (m - 1)
    return Null(mean, _deviation(variance, n))


def _scatter(rows: Floats) -> Floats:
    scatter: Floats = rows.T @ rows
    return scatter


def _of_all(metrics: list[Metric]) -> Null:
    """Of any similarities, summed over all combinations."""
    shape = metrics[0].shape
    n, m = min(shape), max(shape)
    rows, columns, squares = np.zeros(shape[0]), np.zeros(shape[1]), 0.0
    origin = float(_similarity(metrics, np.zeros(1, np.intp), np.zeros(1, np.intp))[0])
    for track, artwork in _combinations(shape):
        moved = _similarity(metrics, track, artwork).reshape(-1, shape[1]) - origin
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
    if variance * (m - 1) <= _LOST * squares:
        variance = 0.0
    return Null(origin + mean, _deviation(variance, n))


def _of_sample(metrics: list[Metric], random: np.random.Generator) -> Null:
    """Of any similarities: the mean from random pairings, the deviation from a random subset."""
    shape = metrics[0].shape
    n, m = min(shape), max(shape)
    shorter = np.arange(n)
    means = []
    for _ in range(_PERMUTATIONS):
        partners = random.permutation(m)[:n]
        sides = (shorter, partners) if shape[0] <= shape[1] else (partners, shorter)
        means.append(float(_similarity(metrics, *sides).mean()))
    tracks, artworks = (random.permutation(count)[:_SUBSET] for count in shape)
    found = np.concatenate(
        [
            _similarity(metrics, tracks[track], artworks[artwork])
            for track, artwork in _combinations((len(tracks), len(artworks)))
        ]
    ).reshape(len(tracks), len(artworks))
    if shape[0] > shape[1]:
        found = found.T
    r, c = found.shape
    rest = found - found.mean(axis=0) - found.mean(axis=1)[:, np.newaxis] + found.mean()
    within = float(np.sum(rest**2)) / max((r - 1) * (c - 1), 1)
    between = max(0.0, float(found.mean(axis=0).var(ddof=1)) - within / r)
    variance = within * (n - 1) + n * (1 - n / m) * between
    return Null(float(np.mean(means)), _deviation(variance, n), exact=False)


def _deviation(variance: float, n: int) -> float:
    """From the variance of a total of n similarities to the deviation of their mean."""
    deviation = float(np.sqrt(max(variance, 0.0))) / n
    return deviation if deviation > _ROUNDING else 0.0


def _combinations(shape: tuple[int, int]) -> Iterator[tuple[Indices, Indices]]:
    """All combinations, some rows at a time."""
    n, m = shape
    step = max(1, _BLOCK // m)
    for first in range(0, n, step):
        rows = np.arange(first, min(first + step, n))
        yield np.repeat(rows, m), np.tile(np.arange(m), len(rows))


def unit_rows(vectors: ArrayLike) -> Floats:
    """Rows whose products are the cosine similarities of items (see `similarities`).

    Args:
        vectors: shape (n, d), or (n, p, d) for p vectors an item.

    Returns:
        float64 of shape (n, d) or (n, p·d).

    Raises:
        InputError: vectors that are none.
    """
    return _joined(_at_places(vectors, "vectors"))


def _joined(places: Sequence[NDArray[Any]]) -> Floats:
    """For cosines: the unit vectors of an item side by side, over √p, of shape (n, p·d)."""
    units = [dense.units(place.astype(np.float64)) for place in places]
    joined: Floats = np.concatenate(units, axis=1) / np.sqrt(len(units))
    return joined


def _places(tracks: ArrayLike, artworks: ArrayLike) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Both sides' vectors at each of an item's p places, of shapes (n, d) and (m, d)."""
    sides = [_at_places(tracks, "tracks"), _at_places(artworks, "artworks")]
    if len(sides[0]) != len(sides[1]):
        raise InputError(
            f"tracks have {len(sides[0])} vectors each, but artworks have {len(sides[1])}"
        )
    return [comparable(*place) for place in zip(*sides, strict=True)]


def _at_places(vectors: ArrayLike, what: str) -> list[NDArray[Any]]:
    """The vectors of one side at each of an item's p places, each of shape (n, d)."""
    array = np.asarray(vectors)
    if array.ndim == 3 and array.size:  # noqa: PLR2004 - n, p, d
        return [*array.transpose(1, 0, 2)]
    return [as_array(vectors, what)]


def _metrics(tracks: ArrayLike, artworks: ArrayLike, metric: str) -> list[_Metric]:
    """One metric for each of the p vectors of an item."""
    return [_metric(metric, *place) for place in _places(tracks, artworks)]


def _metric(name: str, tracks: NDArray[Any], artworks: NDArray[Any]) -> _Metric:
    if name == "cosine" and "f" in {tracks.dtype.kind, artworks.dtype.kind}:
        return dense.FloatCosine(tracks.astype(np.float64), artworks.astype(np.float64))
    return metric_for(name, tracks, artworks)


def _similarity(metrics: Sequence[_Metric], track: Indices, artwork: Indices) -> Floats:
    total = sum((metric.similarity(track, artwork) for metric in metrics), np.zeros(len(track)))
    return np.divide(total, len(metrics))
