"""Shuffling: a derangement that gives each item the captions of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Mapping


def assign_donors(keys: Mapping[int, str], seed: int) -> dict[int, int]:
    """Assign each item the one whose captions it gets: the next in a cycle of all, never itself.

    The cycle is in the order of SHA-256 of seed and key, so it is the same on every machine, and
    whatever the order of the items.

    >>> sorted(assign_donors({1: "a", 2: "b"}, seed=0).items())
    [(1, 2), (2, 1)]

    Args:
        keys: a key of each item that is the same in every catalog; no two are equal.
        seed: of the order.

    Returns:
        Item → donor; empty where there are fewer than two items.
    """
    circle = sorted(keys, key=lambda item: _hash_key(keys[item], seed))
    if len(circle) < 2:  # noqa: PLR2004 - one has no other
        return {}
    return dict(zip(circle, [*circle[1:], circle[0]], strict=True))


def _hash_key(key: str, seed: int) -> str:
    return hash_parts([f"{seed} {key}"])
