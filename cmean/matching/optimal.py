"""Optimal matching of integer vectors by an auction between groups, with a bound of its error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.matching.compiled.auction import (
    AuctionLots,
    AuctionSinks,
    AuctionSources,
    WaitingSources,
    compute_profits,
    run_bids,
)
from cmean.matching.compiled.tree import build_tree
from cmean.matching.groups import group_items, run_in_steps
from cmean.matching.vectors import HIGHEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.matching.groups import Groups
    from cmean.matching.vectors import Floats, Indices, Metric
    from cmean.util.progress import ProgressCallback

_FIRST: Final = 0.02
_FALL: Final = 5.0
_LEAST: Final = 1e-9
_LEAST_PER_ITEM: Final = 1e-13
"""ε falls from `_FIRST` by the factor `_FALL` each time, to the larger of the last two per pair."""

_SMALLEST: Final = 1e-13
"""A smaller ε would be below the rounding error of prices."""

_WIDE: Final = 8
_OFFERS: Final = 8
_OFFERS_WIDE: Final = 32
"""How many offers are remembered: more for wide vectors, where a search costs more."""

_BYTES_PER_ITEM: Final = 450  # measured at the peak, without the next two
_BYTES_PER_OFFER: Final = 12
_BYTES_PER_NUMBER: Final = 30


def predict_auction_bytes(tracks: int, artworks: int, width: int) -> int:
    """Predict an upper bound of the memory that `match_optimal_by_auction` takes, in bytes."""
    offers = _BYTES_PER_OFFER * _count_remembered_offers(width)
    return (tracks + artworks) * (_BYTES_PER_ITEM + offers + _BYTES_PER_NUMBER * width)


def match_optimal_by_auction(
    metric: Metric, on_progress: ProgressCallback
) -> tuple[Indices, Indices, float]:
    """Match one to one with the largest total similarity.

    No similarity is negative, so zero vectors are matched with what is left at no loss.

    Returns:
        Track and artwork indices of the min(n, m) pairs, best first, and by how much the total
        similarity could at most be larger.
    """
    sides = [group_items(vectors, metric) for vectors in (metric.tracks, metric.artworks)]
    swapped = len(sides[0].members) > len(sides[1].members)
    few, many = reversed(sides) if swapped else sides
    pairs, bound = np.empty((2, 0), dtype=np.intp), 0.0
    if len(few.sizes) == 1:
        pairs = _match_equal_bidders(few, many, metric, swapped=swapped)
        bound = -np.inf  # the matching is exact
    elif len(few.members) > 0:
        auction = _Auction(few, many, metric)
        auction.run(on_progress)
        pairs, bound = auction.collect_pairs(), auction.compute_bound()
    used = pairs[::-1] if swapped else pairs
    left = min(metric.shape) - pairs.shape[1]
    rest = [
        np.setdiff1d(np.arange(count), side, assume_unique=True)[:left]
        for count, side in zip(metric.shape, used, strict=True)
    ]
    track, artwork = (np.concatenate(parts) for parts in zip(used, rest, strict=True))
    order = metric.compute_order(track, artwork)
    track, artwork = track[order], artwork[order]
    total = float(metric.compute_similarity(track, artwork).sum())
    return track, artwork, max(0.0, bound - total)


def _match_equal_bidders(
    few: Groups, many: Groups, metric: Metric, *, swapped: bool
) -> NDArray[np.intp]:
    """Match bidders with equal vectors: they get the members of the other side nearest to them."""
    alike = np.repeat(few.members[:1], len(many.members))
    pairs = (many.members, alike) if swapped else (alike, many.members)
    best = metric.compute_order(*pairs)[: len(few.members)]
    return np.stack([few.members, many.members[best]])


class _Auction:
    """An auction between two sides that have members; the smaller one bids.

    The bidders get one more source, with similarity 0 to everything, that fills the smaller side
    up. Then all members of both sides are matched, and the dual's prices need not be positive.
    """

    def __init__(self, few: Groups, many: Groups, metric: Metric) -> None:
        self._few, self._many = few, many
        self._farthest = 0.0 if metric.cosine else HIGHEST * float(np.sqrt(metric.width))
        self._sinks, self._sink_group = self._build_sinks(metric)
        self._sources, self._source_group = self._build_sources(metric)
        self._waiting = _make_waiting(len(self._source_group))
        self._lots = _make_lots(len(self._sink_group), 2 * len(few.sizes) + 3 * len(many.sizes) + 2)

    def run(self, on_progress: ProgressCallback) -> None:
        """Run the auction for one ε after another."""
        paired, all_ = len(self._few.members), len(self._many.members)
        gap_a_pair = max(_LEAST, _LEAST_PER_ITEM * all_)
        least = max(
            gap_a_pair * paired / all_, _SMALLEST
        )  # the source that fills up adds to the gap
        epsilons = [_FIRST]
        while epsilons[-1] > least:
            epsilons.append(max(least, epsilons[-1] / _FALL))
        sources = len(self._waiting.lacks)
        reported = 0

        def report(rounds: int) -> None:
            nonlocal reported  # a bid may leave more sources waiting than there were
            reported = max(reported, (rounds + 1) * sources - int(self._waiting.state[1]))
            on_progress(reported, len(epsilons) * sources)

        for number, epsilon in enumerate(epsilons):
            self._reset_lots()
            run_in_steps(partial(self._bid, epsilon), partial(report, number))

    def collect_pairs(self) -> NDArray[np.intp]:
        """Collect the matched members of both sides, shape (2, members of the smaller side)."""
        lots = self._lots
        used = np.ones(len(lots.holder), dtype=np.bool_)
        used[lots.unused[: self._waiting.state[2]]] = False
        amount = lots.amount[used]
        source = self._source_group[lots.holder[used]]
        sink = self._sink_group[lots.sink[used]]
        present = source < len(self._few.sizes)
        by_source = _assign_lots(source, amount)[: len(self._few.members)]
        by_sink = _assign_lots(sink, amount)
        kept = present[by_sink]
        return np.stack(
            [
                self._few.members[np.argsort(by_source, kind="stable")],
                self._many.members[kept][np.argsort(by_sink[kept], kind="stable")],
            ]
        )

    def compute_bound(self) -> float:
        """Compute the dual's value at these prices: no total similarity is larger."""
        profit = np.empty(len(self._source_group))
        compute_profits(self._sources, self._sinks, profit)
        paid = self._sinks.price * self._many.sizes[self._sink_group]
        return float((profit * self._sources.supply).sum() + paid.sum())

    def _bid(self, epsilon: float, steps: int) -> bool:
        done = run_bids(self._sources, self._sinks, self._lots, self._waiting, epsilon, steps)
        if self._waiting.state[2] <= 1:
            self._lots = _double_lots(self._lots, self._waiting)
        return done

    def _reset_lots(self) -> None:
        """Return all lots to their sinks; prices stay."""
        lots, waiting, sinks = self._lots, self._waiting, len(self._sink_group)
        lots.first[:] = np.arange(sinks)
        lots.following[:sinks] = lots.holder[:sinks] = -1
        lots.sink[:sinks] = lots.first
        lots.amount[:sinks] = self._many.sizes[self._sink_group]
        lots.price[:sinks] = self._sinks.price
        free = len(lots.holder) - sinks
        lots.unused[:free] = np.arange(sinks, len(lots.holder))
        waiting.lacks[:] = self._sources.supply
        waiting.queue[:] = np.arange(len(waiting.queue))
        waiting.queued[:] = True
        waiting.state[:] = 0, len(waiting.queue), free

    def _build_sinks(self, metric: Metric) -> tuple[AuctionSinks, NDArray[np.int32]]:
        """Build the sinks from the larger side, with the group of each sink."""
        tree = build_tree(self._many.vectors, self._many.compute_places(metric))
        measure = self._compute_measure(self._many)[tree.point]
        lowest = np.where(tree.alive > 0, 0.0, np.inf)
        sinks = AuctionSinks(tree, measure, np.zeros(len(measure)), lowest, self._farthest)
        return sinks, tree.point

    def _build_sources(self, metric: Metric) -> tuple[AuctionSources, NDArray[np.int32]]:
        """Build the sources from the smaller side, filled up, with the group of each source."""
        places = self._few.compute_places(metric)
        near = build_tree(
            self._few.vectors, places
        ).point  # neighbours bid one after another, which keeps the tree in the cache
        absent = len(self._many.members) - len(self._few.members)
        count, offers = len(near) + (absent > 0), _count_remembered_offers(metric.width)

        def extended(array: NDArray[Any], last: float) -> NDArray[Any]:
            rows = array[near]
            padding = ((0, count - len(near)), *((0, 0) for _ in array.shape[1:]))
            return np.pad(rows, padding, constant_values=last)

        sources = AuctionSources(
            vectors=extended(self._few.vectors, 0),
            measure=extended(self._compute_measure(self._few), 0),
            places=extended(places, 0),
            flat=extended(np.zeros(len(near), dtype=np.bool_), True),
            supply=extended(self._few.sizes, absent),
            sink=np.zeros((count, offers), np.int32),
            value=np.zeros((count, offers)),
            offers=np.zeros(count, np.int32),
            beyond=np.full(count, np.inf),
        )
        return sources, np.append(near, np.int32(len(near)))[:count]

    def _compute_measure(self, groups: Groups) -> Floats:
        return (
            groups.compute_squares() if self._farthest else 1.0 / np.sqrt(groups.compute_squares())
        )


def _count_remembered_offers(width: int) -> int:
    return _OFFERS if width <= _WIDE else _OFFERS_WIDE


def _assign_lots(group: NDArray[np.int32], amount: NDArray[np.int64]) -> NDArray[np.intp]:
    """Assign a lot to each member of a side, group after group."""
    order = np.argsort(group, kind="stable")
    return np.repeat(order, amount[order])


def _make_waiting(sources: int) -> WaitingSources:
    return WaitingSources(
        lacks=np.zeros(sources, np.int64),
        queue=np.zeros(sources, np.int32),
        queued=np.zeros(sources, np.bool_),
        state=np.zeros(3, np.int64),
    )


def _make_lots(sinks: int, lots: int) -> AuctionLots:
    return AuctionLots(
        first=np.zeros(sinks, np.int32),
        following=np.zeros(lots, np.int32),
        sink=np.zeros(lots, np.int32),
        holder=np.zeros(lots, np.int32),
        amount=np.zeros(lots, np.int64),
        price=np.zeros(lots),
        unused=np.zeros(lots, np.int32),
    )


def _double_lots(lots: AuctionLots, waiting: WaitingSources) -> AuctionLots:
    """Copy the lots to arrays of twice the size; the new ones are unused."""
    count = len(lots.holder)
    more = _make_lots(len(lots.first), 2 * count)
    more.first[:] = lots.first
    for name in ("following", "sink", "holder", "amount", "price", "unused"):
        getattr(more, name)[:count] = getattr(lots, name)
    free = waiting.state[2]
    more.unused[free : free + count] = np.arange(count, 2 * count)
    waiting.state[2] += count
    return more
