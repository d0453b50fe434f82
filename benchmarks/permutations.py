"""Seconds for the mean similarities of 1,000 random pairings of 100,000 pairs.

    python benchmarks/permutations.py

The named baseline is one `numpy.random.Generator.permutation` and one `numpy.einsum` a pairing, or,
for Euclidean distances, one `numpy.linalg.norm` of the differences, in the same process and on the
same vectors. Fewer are timed, and their time is scaled to 1,000.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cmean.stats.permutation_draws import draw_distance_means, draw_product_means

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 100_000
PERMUTATIONS = 1_000
TARGET = 5.0
"""Seconds, for any width."""
WIDTHS = {3: 20, 1024: 3}
"""Numbers a vector, and how many pairings of the baseline are timed."""
SHAPES = {(1, 3): 10, (4, 3): 5, (1, 15): 5}
"""The same of integers: triples an item, and numbers each; a triple, those of four fragments
together, and all five as one."""
ROUNDS = 3

Rows: TypeAlias = NDArray[np.float32]
Triples: TypeAlias = NDArray[np.uint8]


def vectors(pairs: int, width: int) -> tuple[Rows, Rows]:
    """Both sides, of length 1 and about a common direction, as embeddings are."""
    random = np.random.default_rng(0)
    common = random.standard_normal(width, dtype=np.float32)
    sides = []
    for _ in range(2):
        rows = random.standard_normal((pairs, width), dtype=np.float32) + common
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        sides.append(rows)
    return sides[0], sides[1]


def integers(pairs: int, shape: tuple[int, int]) -> tuple[Triples, Triples]:
    """Both sides, 0..255."""
    random = np.random.default_rng(0)
    one, other = (random.integers(0, 256, (pairs, *shape), np.uint8) for _ in range(2))
    return one, other


def one_by_one(one: Rows, other: Rows, permutations: int) -> NDArray[np.float64]:
    """The baseline."""
    random = np.random.default_rng(0)
    means = np.empty(permutations)
    for number in range(permutations):
        partners = other[random.permutation(len(other))]
        means[number] = np.einsum("nd,nd->n", one, partners).mean()
    return means


def distances_one_by_one(one: Triples, other: Triples, permutations: int) -> NDArray[np.float64]:
    """The baseline of distances."""
    random = np.random.default_rng(0)
    means = np.empty(permutations)
    floats = one.astype(np.float64)
    for number in range(permutations):
        partners = other[random.permutation(len(other))]
        means[number] = np.linalg.norm(floats - partners, axis=-1).mean()
    return means


def row(name: str, fast: float, slow: float, few: int) -> str:
    """A row of the table, of the seconds of all and of a few one by one."""
    scaled = slow / few * PERMUTATIONS
    return (
        f"| {name} | {fast:.2f} s | {TARGET:.0f} s | {scaled:.1f} s ({few}) | {scaled / fast:.0f} |"
    )


def seconds(call: Callable[[], object], rounds: int) -> float:
    """The best of a few runs."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    args = parser.parse_args()
    print(
        f"| {args.pairs:,} pairs, {os.cpu_count()} cores | {PERMUTATIONS:,} pairings | target "
        f"| one by one, {PERMUTATIONS:,} (timed) | ratio |"
    )
    print("| --- | --- | --- | --- | --- |")
    for width, few in WIDTHS.items():
        one, other = vectors(args.pairs, width)
        draw_product_means(one[:5000], other[:5000], 2)  # loads what is imported on first use
        fast = seconds(partial(draw_product_means, one, other, PERMUTATIONS), ROUNDS)
        slow = seconds(partial(one_by_one, one, other, few), 1)
        print(row(f"{width} numbers, float32", fast, slow, few))
    for shape, few in SHAPES.items():
        sides = integers(args.pairs, shape)
        fast = seconds(partial(draw_distance_means, *sides, PERMUTATIONS), ROUNDS)
        slow = seconds(partial(distances_one_by_one, *sides, few), 1)
        print(row(f"{shape[0]} x {shape[1]} integers, euclidean", fast, slow, few))


if __name__ == "__main__":
    main()
