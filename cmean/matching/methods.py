"""The matching methods by name, and the one function that runs them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import psutil

from cmean.errors import InputError
from cmean.matching import dense
from cmean.matching.vectors import make_metric, require_array, require_comparable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmean.matching.vectors import Floats, Indices, Metric
    from cmean.util.progress import ProgressCallback

METHODS: Final[Mapping[str, str]] = {
    "greedy": "repeatedly takes the most similar pair of unpaired items",
    "sequential": "each track in turn takes the most similar unpaired artwork",
    "optimal": "maximises the total similarity",
}
"""Matching methods by name, and what each does."""

RANDOM: Final = "random"
"""A further value of `match`: random one-to-one pairing. A null model, so not among the methods."""

MEMORY_SHARE: Final = 0.6
"""The share of the available memory that a matching may take unless told otherwise."""

SMALL: Final = 1 << 18
"""Up to this number of combinations a matrix of all costs less than loading compiled code."""

SLIM: Final = 128, 1 << 22
"""Where one side has no more items than the first, and there are no more combinations than the
second, a matrix costs less than an auction in which most of the other side goes unsold."""


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """One-to-one pairs; rank r is at index r − 1.

    Greedy and optimal pairs come best first, sequential ones in turn, random ones as drawn.

    Attributes:
        track_index: which track, shape (pairs,), each at most once; min(tracks, artworks) pairs
            but for those that are below `min_similarity`.
        artwork_index: which artwork, the same shape, each at most once.
        similarity: of the two, float64.
        tracks: number of tracks to be paired.
        artworks: number of artworks to be paired.
        method: the matching method.
        metric: the metric.
        gap: upper bound of what the total similarity lacks of the optimum; None: not known.
        min_similarity: the minimum similarity of a pair; None: any.
    """

    track_index: Indices
    artwork_index: Indices
    similarity: Floats
    tracks: int
    artworks: int
    method: str
    metric: str
    gap: float | None = None
    min_similarity: float | None = None

    def __len__(self) -> int:
        return len(self.similarity)

    @property
    def below_floor(self) -> int:
        """Number of pairs not made because they would be below `min_similarity`."""
        return min(self.tracks, self.artworks) - len(self)


def match(  # noqa: PLR0913 - each is a choice of the caller's
    tracks: ArrayLike,
    artworks: ArrayLike,
    method: str = "greedy",
    metric: str = "cosine",
    *,
    min_similarity: float | None = None,
    max_bytes: int | None = None,
    seed: int | Sequence[int] = 0,
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> Matching:
    """Pair tracks and artworks one to one; the rest of the larger side stays unpaired.

    Integer vectors are matched in an exact order, ties by track index, then artwork index: the
    same input gives the same pairs on every platform. Float vectors are matched by cosine over a
    matrix of all combinations, with similarities rounded to 12 decimals.

    >>> matching = match([[200, 40, 10], [10, 60, 90]], [[0, 50, 80], [90, 20, 0], [1, 1, 1]])
    >>> matching.track_index.tolist(), matching.artwork_index.tolist()
    ([0, 1], [1, 0])

    Args:
        tracks: shape (n, d): integers 0..255, as emotion triples (d = 3) or five joined (d = 15);
            or floats of any width.
        artworks: the same, shape (m, d).
        method: "greedy" (the best pair that is still possible, again and again), "sequential"
            (each track in turn takes the nearest free artwork) or "optimal" (the largest total);
            or "random": each one-to-one pairing with equal chance, whatever the vectors are.
        metric: "cosine", or "euclidean", which also depends on intensity.
        min_similarity: of a pair, -1..1 (default: any). Greedy matching stops
            there; in sequential matching a track whose nearest free artwork is below it stays
            unpaired, and that artwork free; of an optimal matching the pairs below it are left
            out afterwards, and its gap is then not known. There may be no pairs at all.
        max_bytes: the memory that may be taken (default: `MEMORY_SHARE` of what is available).
        seed: of a random pairing: whole numbers of at least 0.
        on_progress: called now and then with how much is done, and of how much.

    Raises:
        InputError: invalid vectors, an unknown name, a minimum similarity out of range or with a
            random pairing, or more memory needed than allowed.
    """
    if method not in {*METHODS, RANDOM}:
        raise InputError(f"there is no method {method!r}; there is {', '.join(METHODS)}")
    floor = _require_floor(method, min_similarity)
    allowed = _MemoryLimit(method, max_bytes)
    sides = require_array(tracks, "tracks"), require_array(artworks, "artworks")
    floats = any(side.dtype.kind == "f" for side in sides)
    if floats and metric != "cosine":
        raise InputError(f"float vectors are matched by cosine, not by {metric}")
    if method == RANDOM:
        found = _match_at_random(sides, metric, seed)
    elif floats:
        found = _match_floats(_convert_to_floats(sides), method, floor, allowed, on_progress)
    else:
        found = _match_integers(make_metric(metric, *sides), method, floor, allowed, on_progress)
    track_index, artwork_index, similarity, gap = _drop_below_floor(floor, found)
    for array in (track_index, artwork_index, similarity):
        array.flags.writeable = False
    return Matching(
        track_index,
        artwork_index,
        similarity,
        len(sides[0]),
        len(sides[1]),
        method=method,
        metric=metric,
        gap=gap,
        min_similarity=min_similarity,
    )


@dataclass(frozen=True, slots=True)
class _MemoryLimit:
    """The memory that a method may take."""

    method: str
    max_bytes: int | None

    def require(self, need: int, shape: tuple[int, int]) -> None:
        """Refuse to allocate more than that."""
        allowed = self.max_bytes
        if allowed is None:
            allowed = int(psutil.virtual_memory().available * MEMORY_SHARE)
        if need > allowed:
            raise InputError(
                f"matching {shape[0]:,} × {shape[1]:,} by {self.method} needs about "
                f"{need / 2**20:,.0f} MiB, more than the {allowed / 2**20:,.0f} MiB allowed; "
                "free memory, or match fewer items"
            )


_Found: TypeAlias = "tuple[Indices, Indices, Floats, float | None]"
_Sides: TypeAlias = "tuple[NDArray[np.generic], NDArray[np.generic]]"


def _require_floor(method: str, min_similarity: float | None) -> float:
    """Require a valid minimum similarity; -inf stands for none.

    Raises:
        InputError: out of range, or the method ignores similarities.
    """
    if min_similarity is None:
        return -np.inf
    if not -1 <= min_similarity <= 1:
        raise InputError(f"the minimum similarity must be from -1 to 1, not {min_similarity}")
    if method == RANDOM:
        raise InputError("a random pairing ignores similarities, so it has no minimum similarity")
    return float(min_similarity)


def _drop_below_floor(floor: float, found: _Found) -> _Found:
    """Drop the pairs below the floor; the gap is known of all pairs together only."""
    track, artwork, similarity, _gap = found
    kept = similarity >= floor
    if kept.all():
        return found
    return track[kept], artwork[kept], similarity[kept], None


def _convert_to_floats(sides: _Sides) -> tuple[Floats, Floats]:
    tracks, artworks = require_comparable(*sides)
    return tracks.astype(np.float64), artworks.astype(np.float64)


def _match_at_random(sides: _Sides, metric: str, seed: int | Sequence[int]) -> _Found:
    """Draw min(n, m) pairs uniformly among all one-to-one pairings, in a random order."""
    random = np.random.default_rng(seed)
    size = min(map(len, sides))
    track, artwork = (random.permutation(len(side))[:size] for side in sides)
    if any(side.dtype.kind == "f" for side in sides):
        similarity = dense.FloatCosine(*_convert_to_floats(sides)).compute_similarity(
            track, artwork
        )
    else:
        similarity = make_metric(metric, *sides).compute_similarity(track, artwork)
    return track, artwork, similarity, None


def _match_integers(
    metric: Metric, method: str, floor: float, allowed: _MemoryLimit, report: ProgressCallback
) -> _Found:
    shape = metric.shape
    gap: float | None = None
    combinations = shape[0] * shape[1]
    slim = min(shape) <= SLIM[0] and combinations <= SLIM[1]
    if combinations <= SMALL or (slim and method == "optimal"):
        allowed.require(dense.predict_dense_bytes(method, *shape, metric.width), shape)
        track, artwork, gap = _match_integers_dense(metric, method, floor, report)
    elif method == "optimal":
        from cmean.matching import optimal  # noqa: PLC0415 - numba, half a second

        allowed.require(optimal.predict_auction_bytes(*shape, metric.width), shape)
        track, artwork, gap = optimal.match_optimal_by_auction(metric, report)
    else:
        from cmean.matching import nearest  # noqa: PLC0415 - numba, half a second

        allowed.require(nearest.predict_search_bytes(*shape, metric.width), shape)
        in_turn = partial(nearest.match_sequential_by_search, floor=floor)
        by_search = nearest.match_greedy_by_search if method == "greedy" else in_turn
        track, artwork = by_search(metric, report)
    return track, artwork, metric.compute_similarity(track, artwork), gap


def _match_integers_dense(
    metric: Metric, method: str, floor: float, report: ProgressCallback
) -> tuple[Indices, Indices, float | None]:
    if method == "optimal":
        n, m = metric.shape
        similarity = metric.compute_similarity(*np.divmod(np.arange(n * m), m)).reshape(n, m)
        track, artwork, gap = dense.match_optimal_dense(similarity)
        order = metric.compute_order(track, artwork)
        return track[order], artwork[order], gap
    if method == "greedy":
        track, artwork, _ = dense.match_greedy_dense(dense.rank_combinations(metric), report)
        return track, artwork, None

    def accepts(row: int, column: int) -> bool:
        return bool(metric.compute_similarity(np.array([row]), np.array([column]))[0] >= floor)

    track, artwork, _ = dense.match_sequential_dense(
        dense.rank_combinations(metric), report, accepts
    )
    return track, artwork, None


def _match_floats(
    sides: tuple[Floats, Floats],
    method: str,
    floor: float,
    allowed: _MemoryLimit,
    report: ProgressCallback,
) -> _Found:
    shape = len(sides[0]), len(sides[1])
    allowed.require(dense.predict_dense_bytes(method, *shape, sides[0].shape[1]), shape)
    cosines = dense.compute_cosines(*sides)
    if method == "optimal":
        track, artwork, gap = dense.match_optimal_dense(cosines)
        similarity = cosines[track, artwork]
        order = np.lexsort((artwork, track, -similarity))
        return track[order], artwork[order], similarity[order], gap
    np.negative(cosines, out=cosines)
    if method == "greedy":
        track, artwork, cost = dense.match_greedy_dense(cosines, report)
    else:
        track, artwork, cost = dense.match_sequential_dense(
            cosines, report, lambda row, column: bool(-cosines[row, column] >= floor)
        )
    return track, artwork, 0.0 - cost, None
