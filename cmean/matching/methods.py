"""The matching methods by name, and the one function that runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from cmean.errors import InputError
from cmean.matching import greedy
from cmean.matching.vectors import checked_sides, metric_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from cmean.matching.vectors import Metric

MEMORY_SHARE: Final = 0.6
"""The share of the available memory that a matching may take unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to match.

    Args:
        solve: from a metric to track and artwork indices of min(n, m) pairs, best first.
        predicted_bytes: from n, m and the width to an upper estimate of the memory it takes.
    """

    solve: Callable[[Metric], tuple[NDArray[np.intp], NDArray[np.intp]]]
    predicted_bytes: Callable[[int, int, int], int]


METHODS: Final[Mapping[str, Method]] = {
    "greedy": Method(greedy.greedy, greedy.predicted_bytes),
}
"""The methods by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """One-to-one pairs, best first: rank r is at index r − 1.

    Attributes:
        track_index: which track, shape (min(tracks, artworks),), each at most once.
        artwork_index: which artwork, the same shape, each at most once.
        similarity: how alike the two are, float64.
        tracks: how many tracks there were.
        artworks: how many artworks there were.
        method: by which method.
        metric: by which metric.
        gap: how much larger the total similarity could at most be; None where not known.
    """

    track_index: NDArray[np.intp]
    artwork_index: NDArray[np.intp]
    similarity: NDArray[np.float64]
    tracks: int
    artworks: int
    method: str
    metric: str
    gap: float | None = None

    def __len__(self) -> int:
        return len(self.similarity)


def match(
    tracks: ArrayLike,
    artworks: ArrayLike,
    method: str = "greedy",
    metric: str = "cosine",
    *,
    max_bytes: int | None = None,
) -> Matching:
    """Pair tracks and artworks one to one; what is left of the larger side stays unpaired.

    The same input gives the same pairs on every platform.

    >>> matching = match([[200, 40, 10], [10, 60, 90]], [[0, 50, 80], [90, 20, 0], [1, 1, 1]])
    >>> matching.track_index.tolist(), matching.artwork_index.tolist()
    ([0, 1], [1, 0])

    Args:
        tracks: integers 0..255, shape (n, d): emotion triples (d = 3), or five joined (d = 15).
        artworks: the same, shape (m, d).
        method: a name of `METHODS`.
        metric: a name of `cmean.matching.vectors.METRICS`.
        max_bytes: the memory that may be taken (default: `MEMORY_SHARE` of what is available).

    Raises:
        InputError: vectors that are none, an unknown name, or more memory needed than allowed.
    """
    if method not in METHODS:
        raise InputError(f"there is no method {method!r}; there is {', '.join(METHODS)}")
    sides = checked_sides(tracks, artworks)
    need = METHODS[method].predicted_bytes(len(sides[0]), len(sides[1]), sides[0].shape[1])
    _check_memory(need, max_bytes, f"{len(sides[0]):,} × {len(sides[1]):,} by {method}")
    prepared = metric_for(metric, *sides)
    track_index, artwork_index = METHODS[method].solve(prepared)
    similarity = prepared.similarity(track_index, artwork_index)
    for array in (track_index, artwork_index, similarity):
        array.flags.writeable = False
    return Matching(
        track_index, artwork_index, similarity, *prepared.shape, method=method, metric=metric
    )


def _check_memory(need: int, max_bytes: int | None, what: str) -> None:
    allowed = max_bytes
    if allowed is None:
        allowed = int(psutil.virtual_memory().available * MEMORY_SHARE)
    if need > allowed:
        raise InputError(
            f"matching {what} needs about {need / 2**20:,.0f} MiB, more than the "
            f"{allowed / 2**20:,.0f} MiB allowed; free memory, or match fewer items"
        )
