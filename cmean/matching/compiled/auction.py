"""Optimal matching by an auction with falling increments, over groups of equal vectors.

Sources (groups of one side) bid for sinks (groups of the other). A bid for a sink pays so much
more than the lowest price at which some of it can be had that the next best offer would be better
by at most ε; who held that part before is outbid and bids again. When nobody is left without, the
total similarity is within N·ε of the largest: by complementary slackness, prices and profits solve
the dual of the assignment problem but for ε. Prices are kept from one ε to the next smaller one.

Sources: D. P. Bertsekas, "The auction algorithm" (1988) with ε-scaling; D. P. Bertsekas and
D. A. Castañón, "The auction algorithm for the transportation problem" (1989) for groups. The best
offers are found in a KD-tree whose nodes know their lowest price, and are remembered: since prices
only rise, what was worse than all remembered offers stays worse than it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmean.matching.compiled.jit import compiled
from cmean.matching.compiled.tree import DEPTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.matching.compiled.tree import KDTree


class AuctionSinks(NamedTuple):
    """The sinks that are bid for, in the order of the tree's slots."""

    tree: KDTree
    measure: NDArray[np.float64]
    """(sinks,): 1 / length for cosines; the square of the length for distances."""
    price: NDArray[np.float64]
    """(sinks,): the lowest price at which some of a sink can be had."""
    lowest: NDArray[np.float64]
    """(nodes,): the lowest price in a node of the tree."""
    farthest: float
    """The largest distance; 0 where the similarity is the cosine."""


class AuctionSources(NamedTuple):
    """The sources that bid."""

    vectors: NDArray[np.float32]
    """(sources, d)."""
    measure: NDArray[np.float64]
    """(sources,): as of sinks."""
    places: NDArray[np.float64]
    """(sources, d)."""
    flat: NDArray[np.bool_]
    """(sources,): whether its similarity to everything is 0: the source that fills the side up."""
    supply: NDArray[np.int64]
    """(sources,): members."""
    sink: NDArray[np.int32]
    """(sources, offers): remembered offers."""
    value: NDArray[np.float64]
    """(sources, offers): their similarity."""
    offers: NDArray[np.int32]
    """(sources,): how many are remembered."""
    beyond: NDArray[np.float64]
    """(sources,): upper bound of similarity less price over all offers not remembered."""


class AuctionLots(NamedTuple):
    """Parts of sinks with their holder and price: for each sink a linked list, cheapest first."""

    first: NDArray[np.int32]
    """(sinks,): its first lot."""
    following: NDArray[np.int32]
    """(lots,): the next of the same sink, or -1."""
    sink: NDArray[np.int32]
    """(lots,): the sink it is part of."""
    holder: NDArray[np.int32]
    """(lots,): a source, or -1."""
    amount: NDArray[np.int64]
    """(lots,): members."""
    price: NDArray[np.float64]
    """(lots,)."""
    unused: NDArray[np.int32]
    """(lots,): numbers of lots that are not in use, below `state[2]`."""


class WaitingSources(NamedTuple):
    """Queue of sources whose supply is not yet matched, first in, first out."""

    lacks: NDArray[np.int64]
    """(sources,): unmatched supply."""
    queue: NDArray[np.int32]
    """(sources,): ring buffer."""
    queued: NDArray[np.bool_]
    """(sources,): whether it is in the queue."""
    state: NDArray[np.int64]
    """Start of the ring buffer, its length, and the number of unused lots."""


@compiled
def run_bids(
    sources: AuctionSources,
    sinks: AuctionSinks,
    lots: AuctionLots,
    waiting: WaitingSources,
    epsilon: float,
    steps: int,
) -> bool:
    """Run bids until all supply is matched, or for so many bids, or until lots run out.

    Returns:
        Whether nobody lacks anything.
    """
    state = waiting.state
    room = _allocate_buffers(sinks.tree)
    done = 0
    while state[1] > 0 and done < steps and state[2] > 1:
        source = waiting.queue[state[0]]
        while waiting.lacks[source] > 0 and done < steps and state[2] > 1:
            done += 1
            sink, value, second = _find_best_offer(sources, source, sinks, room)
            _buy_lots(source, sink, lots, waiting, (value, second, epsilon))
            lowest = lots.price[lots.first[sink]]
            if lowest != sinks.price[sink]:
                sinks.price[sink] = lowest
                _raise_price(sinks, sink)
        if waiting.lacks[source] == 0:
            waiting.queued[source] = False
            state[0] = (state[0] + 1) % len(waiting.queue)
            state[1] -= 1
    return bool(state[1] == 0)


@compiled
def compute_profits(
    sources: AuctionSources, sinks: AuctionSinks, result: NDArray[np.float64]
) -> None:
    """Compute for one member of each source the best similarity less price, shape (sources,)."""
    room = _allocate_buffers(sinks.tree)
    sink = np.empty(1, np.int32)
    value = np.empty(1)
    for source in range(len(result)):
        _search_offers(sources, source, sinks, room, sink, value)
        result[source] = value[0] - sinks.price[sink[0]]


@compiled
def _find_best_offer(
    sources: AuctionSources,
    source: int,
    sinks: AuctionSinks,
    room: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[int, float, float]:
    """Find the best sink, its similarity, and the second best's similarity less price."""
    searched = False
    while True:
        best, value = -1, 0.0
        worth, second = -np.inf, -np.inf
        for offer in range(sources.offers[source]):
            sink = sources.sink[source, offer]
            net = sources.value[source, offer] - sinks.price[sink]
            if net > worth:
                worth, second = net, worth
                best, value = sink, sources.value[source, offer]
            elif net > second:
                second = net
        if searched or second >= sources.beyond[source]:
            return best, value, second if second > -np.inf else worth
        sources.offers[source], sources.beyond[source] = _search_offers(
            sources, source, sinks, room, sources.sink[source], sources.value[source]
        )
        searched = True


@compiled
def _buy_lots(
    source: int,
    sink: int,
    lots: AuctionLots,
    waiting: WaitingSources,
    terms: tuple[float, float, float],
) -> None:
    """Buy the lots of a sink that are worth more than the second best offer, all at one price.

    That price leaves the source as well off, but for ε, as the best that it did not take: the
    second best sink, or the next lot of this one. Its own lots among them only rise in price.
    """
    value, second, epsilon = terms
    state = waiting.state
    taken = np.int64(0)
    lot = lots.first[sink]
    while lot >= 0 and waiting.lacks[source] > 0 and value - lots.price[lot] >= second:
        holder = lots.holder[lot]
        if holder == source:
            part = lots.amount[lot]
        else:
            part = min(waiting.lacks[source], lots.amount[lot])
            waiting.lacks[source] -= part
            if holder >= 0:
                waiting.lacks[holder] += part
                if not waiting.queued[holder]:
                    waiting.queued[holder] = True
                    end = (state[0] + state[1]) % len(waiting.queue)
                    waiting.queue[end] = holder
                    state[1] += 1
        taken += part
        lots.amount[lot] -= part
        if lots.amount[lot] == 0:
            lots.unused[state[2]] = lot
            state[2] += 1
            lot = lots.following[lot]
    level = second
    if lot >= 0:
        level = max(level, value - lots.price[lot])
    state[2] -= 1
    new = lots.unused[state[2]]
    price = value - level + epsilon
    lots.sink[new], lots.holder[new] = sink, source
    lots.amount[new], lots.price[new] = taken, price
    if lot < 0 or lots.price[lot] >= price:
        lots.following[new] = lot
        lots.first[sink] = new
        return
    lots.first[sink] = lot
    while lots.following[lot] >= 0 and lots.price[lots.following[lot]] < price:
        lot = lots.following[lot]
    lots.following[new] = lots.following[lot]
    lots.following[lot] = new


@compiled
def _raise_price(sinks: AuctionSinks, sink: int) -> None:
    """Update the lowest prices of the nodes above a sink whose price has risen."""
    tree = sinks.tree
    node = tree.leaf[sink]
    low = np.inf
    for slot in range(tree.start[node], tree.start[node] + tree.alive[node]):
        low = min(low, sinks.price[slot])
    while sinks.lowest[node] != low:
        sinks.lowest[node] = low
        if node == 0:
            return
        low = min(low, sinks.lowest[node + 1 if node & 1 else node - 1])
        node = (node - 1) >> 1


@compiled
def _allocate_buffers(
    tree: KDTree,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Allocate the buffers of a search: products with a leaf's points, nodes, bounds, values."""
    largest = 1
    for node in range(len(tree.alive) >> 1, len(tree.alive)):
        largest = max(largest, tree.alive[node])
    return (
        np.empty(largest, np.float32),
        np.empty(DEPTH, np.int32),
        np.empty(DEPTH),
        np.empty(DEPTH),
    )


@compiled
def _search_offers(
    sources: AuctionSources,
    source: int,
    sinks: AuctionSinks,
    room: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
    sink: NDArray[np.int32],
    value: NDArray[np.float64],
) -> tuple[int, float]:
    """Fill `sink` and `value` with the best offers.

    Returns:
        How many there are, and a bound of what any other is worth less its price.
    """
    tree, farthest, price, lowest = sinks.tree, sinks.farthest, sinks.price, sinks.lowest
    low, high = tree.low, tree.high
    vector, measure = sources.vectors[source], sources.measure[source]
    place, flat = sources.places[source], sources.flat[source]
    dots, nodes, bounds, nets = room
    kept, limit = 0, len(sink)
    worst, beyond = -np.inf, -np.inf
    first_leaf = len(tree.alive) >> 1
    nodes[0], bounds[0] = 0, np.inf
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node = nodes[waiting]
        if bounds[waiting] <= worst:
            beyond = max(beyond, bounds[waiting])
            continue
        while node < first_leaf:
            better, other = 2 * node + 1, 2 * node + 2
            bound = _bound_similarity(low, high, better, place, flat, farthest) - lowest[better]
            other_bound = _bound_similarity(low, high, other, place, flat, farthest) - lowest[other]
            if other_bound > bound:
                better, other = other, better
                other_bound = bound
            if other_bound > worst:
                nodes[waiting], bounds[waiting] = other, other_bound
                waiting += 1
            else:
                beyond = max(beyond, other_bound)
            node = better
        start, count = tree.start[node], tree.alive[node]
        _multiply_slots(tree.vectors, start, count, vector, dots)
        for j in range(count):
            slot = start + j
            likeness = _compute_similarity(dots[j], measure, sinks.measure[slot], flat, farthest)
            net = likeness - price[slot]
            if net <= worst:
                beyond = max(beyond, net)
                continue
            if kept == limit:
                beyond = max(beyond, nets[limit - 1])
            else:
                kept += 1
            _insert_offer(nets, sink, value, kept - 1, (net, slot, likeness))
            if kept == limit:
                worst = nets[limit - 1]
    return kept, beyond


@compiled
def _multiply_slots(
    vectors: NDArray[np.float32],
    first: int,
    count: int,
    vector: NDArray[np.float32],
    dots: NDArray[np.float32],
) -> None:
    """Multiply a vector with those in consecutive slots: whole numbers below 2^24."""
    for j in range(count):
        dots[j] = 0
    for axis in range(len(vector)):
        number = vector[axis]
        row = vectors[axis, first : first + count]
        for j in range(count):
            dots[j] += number * row[j]


@compiled
def _compute_similarity(
    dot: np.float32, measure: float, other: float, flat: bool, farthest: float
) -> float:
    """Compute the similarity from a product and the measures of both vectors."""
    if flat:
        return 0.0
    if farthest > 0.0:
        return float(1.0 - np.sqrt(measure + other - 2.0 * np.float64(dot)) / farthest)
    return float(np.float64(dot) * measure * other)


@compiled
def _insert_offer(
    nets: NDArray[np.float64],
    sink: NDArray[np.int32],
    value: NDArray[np.float64],
    last: int,
    offer: tuple[float, int, float],
) -> None:
    """Insert an offer into those before `last`, best first."""
    net, slot, likeness = offer
    i = last
    while i > 0 and nets[i - 1] < net:
        nets[i], sink[i], value[i] = nets[i - 1], sink[i - 1], value[i - 1]
        i -= 1
    nets[i], sink[i], value[i] = net, slot, likeness


@compiled
def _bound_similarity(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    node: int,
    place: NDArray[np.float64],
    flat: bool,
    farthest: float,
) -> float:
    """Compute an upper bound, but for rounding, of similarities to the points in a node's box."""
    if flat:
        return 0.0
    total = 0.0
    for axis in range(len(place)):
        outside = max(low[node, axis] - place[axis], place[axis] - high[node, axis])
        if outside > 0.0:
            total += outside * outside
    if farthest > 0.0:
        return float(1.0 - np.sqrt(total) / farthest)
    return 1.0 - 0.5 * total
