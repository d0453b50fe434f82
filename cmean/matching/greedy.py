"""Greedy matching: of all pairs that are still possible the most alike, again and again."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cmean.matching.vectors import Metric

_AHEAD: Final = 32
"""How many candidates a track looks up at a time."""

_BYTES_PER_TRACK: Final = 4_200  # its candidates, its generator, its place in the queue: measured
_BYTES_PER_ARTWORK: Final = 100  # one row of keys and what it is computed from: measured


def predicted_bytes(tracks: int, artworks: int, width: int) -> int:
    """An upper estimate of the memory that `greedy` takes, in bytes."""
    vectors = 8 * width * 3  # as given, as directions, sorted
    return tracks * (_BYTES_PER_TRACK + vectors) + artworks * (_BYTES_PER_ARTWORK + vectors)


def greedy(metric: Metric) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Match one to one, best remaining pair first, ties by track index, then artwork index.

    The order of all n·m pairs is never written out. A queue holds the best pair of each group of
    alike tracks. When the artwork of its first entry is still free, no possible pair is better;
    otherwise that group goes on to its next artwork. Scans m keys once a group and, measured, 0.1
    (uniform triples) to 6 times more (all want the same few) a match; memory grows with n + m.

    Returns:
        Track and artwork indices of the min(n, m) pairs, best first.
    """
    tracks, artworks = metric.shape
    labels = metric.alike()
    group = labels.tolist()
    successor = _successors(labels)
    free = np.ones(artworks, dtype=np.bool_)
    queue: list[tuple[float, int, int]] = []
    nearest: dict[int, Iterator[tuple[float, int]]] = {}

    def enqueue(track: int) -> None:
        for key, artwork in nearest[group[track]]:
            heappush(queue, (key, track, artwork))
            break

    for first in np.unique(labels, return_index=True)[1].tolist():
        nearest[group[first]] = _nearest(metric, first, free)
        enqueue(first)

    size = min(tracks, artworks)
    pairs = np.empty((size, 2), dtype=np.intp)
    made = 0
    while made < size:
        _, track, artwork = heappop(queue)
        if free[artwork]:
            free[artwork] = False
            pairs[made] = track, artwork
            made += 1
            track = successor[track]
        if track >= 0:
            enqueue(track)
    return pairs[:, 0], pairs[:, 1]


def _nearest(metric: Metric, track: int, free: NDArray[np.bool_]) -> Iterator[tuple[float, int]]:
    """The free artworks with their keys, nearest first, ties by index, while there are any.

    `free` may lose artworks between two steps; those are passed over.
    """
    while free.any():
        for key, artwork in _candidates(metric.keys(track), free):
            if free[artwork]:
                yield key, artwork


def _candidates(keys: NDArray[np.float64], free: NDArray[np.bool_]) -> Iterator[tuple[float, int]]:
    """The first free artworks by key, then index, as many as a track looks up at a time."""
    keys[~free] = np.inf
    worst = np.partition(keys, _AHEAD - 1)[_AHEAD - 1] if len(keys) > _AHEAD else np.inf
    within = np.flatnonzero(keys <= worst)
    first = within[np.argsort(keys[within], kind="stable")][:_AHEAD]
    return zip(keys[first].tolist(), first.tolist(), strict=True)


def _successors(labels: NDArray[np.intp]) -> list[int]:
    """For each track the next one with its label, by index; -1 for the last."""
    order = np.argsort(labels, kind="stable")
    successor = np.full(len(labels), -1, dtype=np.intp)
    same = labels[order[1:]] == labels[order[:-1]]
    successor[order[:-1][same]] = order[1:][same]
    following: list[int] = successor.tolist()
    return following
