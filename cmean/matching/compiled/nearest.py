"""Greedy and sequential matching by nearest neighbours among the free items.

The order of pairs is that of an exact fraction (see `cmean.matching.vectors`), ties by index. Here
its float64 quotient is compared first; division rounds monotonely, so only equal quotients can
hide unequal fractions, and those are multiplied out. With |p/q − r/s| < 2^-52 the difference
p·s − r·q is below q·s·2^-52 < 2^63 for denominators below 2^47, so 64-bit arithmetic that wraps
around gives it exactly.

Boxes are compared with room for rounding (`_MARGIN`), and only to leave points out that are
certainly farther.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmean.matching.compiled.jit import compiled
from cmean.matching.compiled.tree import DEPTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.matching.compiled.tree import KDTree

_MARGIN = 1e-13  # the rounding of a bound; keys of different directions differ from 0 by 2^-47


class SearchSide(NamedTuple):
    """Items of one side, those with the same vector as one group, by index."""

    tree: KDTree
    """The groups that have free members."""
    vectors: NDArray[np.float32]
    """(groups, d)."""
    squares: NDArray[np.float64]
    """(groups,): the square of each vector's length."""
    places: NDArray[np.float64]
    """(groups, d)."""
    head: NDArray[np.int64]
    """(groups,): the free member with the lowest index."""
    following: NDArray[np.int64]
    """(items,): the next member of the item's group; -1 after the last."""
    group: NDArray[np.int64]
    """(items,): the item's group; -1 for a zero vector."""


@compiled
def advance_greedy(
    side: SearchSide,
    other: SearchSide,
    cosine: bool,
    links: NDArray[np.int32],
    pairs: NDArray[np.int64],
    state: NDArray[np.int64],
    steps: int,
) -> bool:
    """Advance greedy matching by chains of nearest neighbours; call again until it returns True.

    From any free item go on to its nearest on the other side, from there to its nearest, and so
    on. Each link comes earlier in the order of pairs than the one before, so the chain ends: at
    two items that are each other's nearest. Whatever else is matched meanwhile, no earlier pair
    with either of them will appear, so greedy matching pairs them too. What is left of the chain
    stays a chain, so there are about three searches a pair, whatever the data.

    Items whose nearest is orthogonal are taken out; nothing else can be nearer to them later.

    Source: the nearest-neighbour chain of Benzécri (1982) and Juan (1982), for two sides.

    Args:
        side: where chains begin.
        other: the other side.
        cosine: whether keys are sin²; otherwise squared distances.
        links: the chain, as groups of `side` and `other` in turn; room for all groups and one.
        pairs: filled with items of `side` and of `other`, in no order.
        state: pairs made, length of the chain, leaf where the next begins; zeros at first.
        steps: how many searches to do in this call.
    """
    made, length, leaf = state[0], state[1], state[2]
    leaf = max(leaf, len(side.tree.alive) >> 1)
    room = _allocate_buffers(side.tree, other.tree)
    done = False
    for _ in range(steps):
        if side.tree.alive[0] == 0 or other.tree.alive[0] == 0:
            done = True
            break
        if length == 0:
            while side.tree.alive[leaf] == 0:
                leaf += 1
            links[0] = side.tree.point[side.tree.start[leaf]]
            length = 1
        last = links[length - 1]
        forth = length & 1 == 1
        if forth:
            vector, square, place = side.vectors[last], side.squares[last], side.places[last]
            found, over, under = _find_nearest(
                other.tree, other.head, vector, square, place, cosine, room
            )
        else:
            vector, square, place = other.vectors[last], other.squares[last], other.places[last]
            found, over, under = _find_nearest(
                side.tree, side.head, vector, square, place, cosine, room
            )
        if cosine and over == under:
            _remove_point(side.tree if forth else other.tree, last)
            length -= 1
        elif length > 1 and links[length - 2] == found:
            a, b = (last, found) if forth else (found, last)
            pairs[made, 0], pairs[made, 1] = side.head[a], other.head[b]
            made += 1
            _take_head(side, a)
            _take_head(other, b)
            length -= 2
        else:
            links[length] = found
            length += 1
    state[0], state[1], state[2] = made, length, leaf
    return done


@compiled
def advance_sequential(
    tracks: SearchSide,
    artworks: SearchSide,
    cosine: bool,
    floor: tuple[float, float],
    partner: NDArray[np.int64],
    state: NDArray[np.int64],
    steps: int,
) -> bool:
    """Advance sequential matching: each track in turn takes the free artwork nearest to it.

    Call again until it returns True. A track whose nearest is orthogonal takes the free artwork
    with the lowest index, since all are. A track whose nearest is below the floor takes none.

    Args:
        tracks: whose turn it is, by index.
        artworks: what they take.
        cosine: whether keys are sin²; otherwise squared distances.
        floor: the minimum similarity of a pair, and the square of the longest distance.
        partner: (tracks,): filled with artworks; -1 where a track takes none.
        state: tracks done, artworks that are passed, artworks taken, then a 1 for each of these;
            zeros first.
        steps: how many tracks to do in this call.
    """
    taken = state[3:]
    turns = len(tracks.group)
    room = _allocate_buffers(artworks.tree, artworks.tree)
    for track in range(state[0], min(state[0] + steps, turns)):
        if state[2] == len(artworks.group):
            partner[track:] = -1
            state[0] = turns
            break
        group = tracks.group[track]
        found, over, under = -1, np.int64(1), np.int64(1)
        if group >= 0:
            vector, square = tracks.vectors[group], tracks.squares[group]
            found, over, under = _find_nearest(
                artworks.tree, artworks.head, vector, square, tracks.places[group], cosine, room
            )
        orthogonal = found < 0 or (cosine and over == under)
        state[0] = track + 1
        if (0.0 if orthogonal else _compute_similarity(over, under, cosine, floor[1])) < floor[0]:
            partner[track] = -1
            continue
        if orthogonal:
            while taken[state[1]] == 1:
                state[1] += 1
            artwork = state[1]
            found = artworks.group[artwork]
        else:
            artwork = artworks.head[found]
        partner[track] = artwork
        taken[artwork] = 1
        state[2] += 1
        if found >= 0:
            _take_head(artworks, found)
    return bool(state[0] == turns)


@compiled
def _compute_similarity(over: np.int64, under: np.int64, cosine: bool, longest: float) -> float:
    """Compute the similarity of a key, bit-equal to that of `cmean.matching.vectors`.

    The root of the square of a whole number is exact.
    """
    if cosine:
        return math.sqrt(float(under - over)) / math.sqrt(float(under))
    return 1.0 - math.sqrt(float(over) / longest)


@compiled
def _allocate_buffers(
    a: KDTree, b: KDTree
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]]:
    """Allocate the buffers of a search: products with a leaf's points, nodes and their bounds."""
    largest = 1
    for tree in (a, b):
        for node in range(len(tree.alive) >> 1, len(tree.alive)):
            largest = max(largest, tree.alive[node])
    return np.empty(largest, np.float32), np.empty(DEPTH, np.int32), np.empty(DEPTH)


@compiled
def _find_nearest(
    tree: KDTree,
    head: NDArray[np.int64],
    vector: NDArray[np.float32],
    square: float,
    place: NDArray[np.float64],
    cosine: bool,
    room: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]],
) -> tuple[int, np.int64, np.int64]:
    """Find the nearest point to a vector, ties by its head, with the key as a fraction."""
    low, high, alive, start, point = tree.low, tree.high, tree.alive, tree.start, tree.point
    dots, nodes, bounds = room
    best, best_key = -1, np.inf
    best_over, best_under = np.int64(1), np.int64(1)
    first_leaf = len(alive) >> 1
    nodes[0], bounds[0] = 0, 0.0
    waiting = 1 if alive[0] > 0 else 0
    while waiting > 0:
        waiting -= 1
        node = nodes[waiting]
        if bounds[waiting] > best_key + _MARGIN:
            continue
        while node < first_leaf:
            near, far = 2 * node + 1, 2 * node + 2
            if alive[near] == 0 or alive[far] == 0:
                node = far if alive[near] == 0 else near
                continue
            near_bound = _bound_key(low, high, near, place, cosine)
            far_bound = _bound_key(low, high, far, place, cosine)
            if far_bound < near_bound:
                near, far = far, near
                far_bound = near_bound
            nodes[waiting], bounds[waiting] = far, far_bound
            waiting += 1
            node = near
        first, count = start[node], alive[node]
        _multiply_slots(tree.vectors, first, count, vector, dots)
        for j in range(count):
            dot, other_square = np.float64(dots[j]), tree.squares[first + j]
            under = square * other_square if cosine else 1.0
            over = under - dot * dot if cosine else square + other_square - 2.0 * dot
            key = over / under
            if key > best_key:
                continue
            found = point[first + j]
            if key == best_key:
                later = np.int64(over) * best_under - best_over * np.int64(under)
                if later > 0 or (later == 0 and head[found] > head[best]):
                    continue
            best, best_key = found, key
            best_over, best_under = np.int64(over), np.int64(under)
    return best, best_over, best_under


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
def _bound_key(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    node: int,
    place: NDArray[np.float64],
    cosine: bool,
) -> float:
    """Compute a lower bound of the keys of the points in a node's box.

    A chord c apart, the cosine of two unit vectors is 1 − c²/2, so that sin² = c² − c⁴/4.
    """
    total = 0.0
    for axis in range(len(place)):
        outside = max(low[node, axis] - place[axis], place[axis] - high[node, axis])
        if outside > 0.0:
            total += outside * outside
    return total - 0.25 * total * total if cosine else total


@compiled
def _take_head(side: SearchSide, group: int) -> None:
    """Take the head of a group; its last member takes the group away."""
    side.head[group] = side.following[side.head[group]]
    if side.head[group] < 0:
        _remove_point(side.tree, group)


@compiled
def _remove_point(tree: KDTree, point: int) -> None:
    """Remove a point; boxes shrink where a leaf becomes empty."""
    slot = tree.slot[point]
    node = tree.leaf[slot]
    last = tree.start[node] + tree.alive[node] - 1
    moved = tree.point[last]
    if slot != last:
        for axis in range(len(tree.vectors)):
            tree.vectors[axis, slot] = tree.vectors[axis, last]
        tree.squares[slot] = tree.squares[last]
        tree.point[slot], tree.point[last] = moved, point
        tree.slot[moved], tree.slot[point] = slot, last
    tree.alive[node] -= 1
    emptied = tree.alive[node] == 0
    while node > 0:
        node = (node - 1) >> 1
        tree.alive[node] -= 1
        if emptied and tree.alive[node] > 0:
            _shrink_box(tree.low, tree.high, tree.alive, node)


@compiled
def _shrink_box(
    low: NDArray[np.float64], high: NDArray[np.float64], alive: NDArray[np.int32], node: int
) -> None:
    """Shrink the box of a node to the boxes of its children that have points."""
    a, b = 2 * node + 1, 2 * node + 2
    if alive[a] == 0:
        a = b
    elif alive[b] == 0:
        b = a
    for axis in range(low.shape[1]):
        low[node, axis] = min(low[a, axis], low[b, axis])
        high[node, axis] = max(high[a, axis], high[b, axis])
