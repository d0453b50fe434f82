"""Greedy and sequential matching of integer vectors by compiled nearest-neighbour search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.matching.compiled.nearest import SearchSide, advance_greedy, advance_sequential
from cmean.matching.compiled.tree import build_tree
from cmean.matching.groups import group_items, run_in_steps
from cmean.matching.vectors import HIGHEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.matching.vectors import Indices, Metric
    from cmean.util.progress import ProgressCallback

_BYTES_PER_ITEM: Final = 200  # measured at the peak, without the vectors
_BYTES_PER_NUMBER: Final = 30


def predict_search_bytes(tracks: int, artworks: int, width: int) -> int:
    """Predict an upper bound of the memory that either method takes, in bytes."""
    return (tracks + artworks) * (_BYTES_PER_ITEM + _BYTES_PER_NUMBER * width)


def match_greedy_by_search(
    metric: Metric, on_progress: ProgressCallback
) -> tuple[Indices, Indices]:
    """Match one to one, best remaining pair first, ties by track index, then artwork index.

    Returns:
        Track and artwork indices of the min(n, m) pairs, best first.
    """
    sides = [_build_search_side(vectors, metric) for vectors in (metric.tracks, metric.artworks)]
    swapped = metric.shape[0] > metric.shape[1]
    if swapped:
        sides.reverse()  # chains begin on the smaller side: all of it gets matched
    size = min(metric.shape)
    pairs = np.empty((size, 2), dtype=np.int64)
    state = np.zeros(3, dtype=np.int64)
    links = np.empty(sum(len(side.head) for side in sides) + 1, dtype=np.int32)
    run_in_steps(
        lambda steps: advance_greedy(sides[0], sides[1], metric.cosine, links, pairs, state, steps),
        lambda: on_progress(int(state[0]), size),
    )
    made = int(state[0])
    columns = (1, 0) if swapped else (0, 1)
    track, artwork = (np.ascontiguousarray(pairs[:made, column]) for column in columns)
    order = metric.compute_order(track, artwork)
    rest = _list_unused(metric.shape[0], track), _list_unused(metric.shape[1], artwork)
    left = size - made
    on_progress(size, size)
    return (
        np.concatenate([track[order], rest[0][:left]]),
        np.concatenate([artwork[order], rest[1][:left]]),
    )


def match_sequential_by_search(
    metric: Metric, on_progress: ProgressCallback, floor: float = -np.inf
) -> tuple[Indices, Indices]:
    """Give each track in turn the free artwork nearest to it, ties by artwork index.

    Args:
        metric: of the vectors.
        on_progress: called now and then with how much is done, and of how much.
        floor: the minimum similarity of a pair: a track whose nearest is below it gets none.

    Returns:
        Track and artwork indices of the pairs, in turn: min(n, m) where none is below the floor.
    """
    tracks, artworks = (
        _build_search_side(vectors, metric) for vectors in (metric.tracks, metric.artworks)
    )
    size = min(metric.shape)
    partner = np.empty(metric.shape[0], dtype=np.int64)
    state = np.zeros(3 + metric.shape[1], dtype=np.int64)
    bounds = float(floor), float(HIGHEST**2 * metric.width)
    run_in_steps(
        lambda steps: advance_sequential(
            tracks, artworks, metric.cosine, bounds, partner, state, steps
        ),
        lambda: on_progress(int(state[2]), size),
    )
    made = np.flatnonzero(partner >= 0)
    return made, partner[made]


def _build_search_side(vectors: NDArray[np.uint8], metric: Metric) -> SearchSide:
    groups = group_items(vectors, metric)
    places = groups.compute_places(metric)
    return SearchSide(
        tree=build_tree(groups.vectors, places),
        vectors=groups.vectors,
        squares=groups.compute_squares(),
        places=places,
        head=groups.members[groups.first].astype(np.int64),
        following=groups.link_members(),
        group=groups.label,
    )


def _list_unused(count: int, used: Indices) -> Indices:
    """List the indices below `count` that are not used, ascending."""
    free = np.ones(count, dtype=np.bool_)
    free[used] = False
    return np.flatnonzero(free)
