"""Matching at every size, compared with the study's approach and dense scipy in the same run.

Prints a table, and writes it into docs/performance.md with --write. Every row is measured in a
process of its own, warm: compiled code is loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cmean.matching import Matching, match, random_pairing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
MARKS = ("<!-- matching: written by benchmarks/matching.py -->", "<!-- matching ends -->")

Colour = tuple[tuple[int, int, int], tuple[int, int, int]]
# Means and standard deviations of red, green and blue in the study's published triples of tracks
# and artworks; 87 of 100 of its numbers are tens, nearly all the others fives.
TRACKS: Colour = ((150, 118, 70), (65, 55, 42))
ARTWORKS: Colour = ((155, 145, 76), (41, 31, 30))
TENS = 0.87
SHARED = 0.5  # of the variance of a fragment's triple, with the others of its item


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    method: str
    width: int
    data: str
    items: int
    seconds: float | None = None
    """Target."""
    times: float | None = None
    """Target: how many times faster than the baseline."""
    baseline: str = ""
    gap: float | None = None
    """Target of the gap a pair."""
    metric: str = "cosine"


CASES = [
    Case("greedy", 3, "uniform", 1_000, times=300, baseline="study"),
    Case("greedy", 3, "realistic", 1_000, times=300, baseline="study"),
    Case("greedy", 3, "uniform", 100_000, 3),
    Case("greedy", 3, "realistic", 100_000, 3),
    Case("greedy", 3, "uniform", 1_000_000, 30),
    Case("greedy", 3, "realistic", 1_000_000, 10),
    Case("greedy", 3, "uniform", 1_000_000, metric="euclidean"),
    Case("greedy", 15, "uniform", 1_000, times=30, baseline="study"),
    Case("greedy", 15, "uniform", 10_000, 8),
    Case("greedy", 15, "realistic", 10_000, 8),
    Case("greedy", 15, "uniform", 100_000, 200),
    Case("greedy", 15, "realistic", 100_000, 60),
    Case("sequential", 3, "uniform", 1_000_000, 15),
    Case("sequential", 3, "realistic", 1_000_000, 15),
    Case("sequential", 15, "uniform", 100_000),
    Case("optimal", 3, "uniform", 10_000, times=20, baseline="scipy", gap=1e-8),
    Case("optimal", 3, "realistic", 10_000, times=20, baseline="scipy", gap=1e-8),
    Case("optimal", 3, "uniform", 100_000, 90, gap=1e-7),
    Case("optimal", 3, "realistic", 100_000, 90, gap=1e-7),
    Case("optimal", 3, "uniform", 1_000_000, 900, gap=5e-6),
    Case("optimal", 3, "realistic", 1_000_000, 900, gap=5e-6),
    Case("optimal", 15, "uniform", 10_000, 40, gap=1e-9),
    Case("optimal", 15, "realistic", 10_000, 40, gap=1e-9),
]
_SHORT, _REPEATS = 10_000, 5  # short ones are noisy
GROWTH = (30_000, 100_000, 300_000, 1_000_000)


def vectors(case: Case) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both sides of a case."""
    random = np.random.default_rng(0)
    if case.data == "uniform":
        shape = (2, case.items, case.width)
        tracks, artworks = random.integers(0, 256, shape, dtype=np.uint8)
        return tracks, artworks
    return _realistic(case, random, TRACKS), _realistic(case, random, ARTWORKS)


def _realistic(case: Case, random: np.random.Generator, colour: Colour) -> NDArray[np.uint8]:
    mean, deviation = np.array(colour)
    triples = case.width // 3
    own = random.normal(size=(case.items, triples, 3))
    if triples > 1:
        shared = random.normal(size=(case.items, 1, 3))
        own = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own
    numbers = mean + deviation * own
    steps = np.where(random.random(numbers.shape) < TENS, 10, 5)
    rounded = np.clip(np.round(numbers / steps) * steps, 0, 255).astype(np.uint8)
    flat: NDArray[np.uint8] = rounded.reshape(case.items, case.width)
    return flat


def run(case: Case) -> dict[str, float]:
    """Match once, warm."""
    small = vectors(Case(case.method, case.width, "uniform", 600))
    match(*small, case.method, case.metric)
    sides = vectors(case)
    matching: Matching | None = None
    seconds = np.inf
    for _ in range(_REPEATS if case.items <= _SHORT else 1):
        started = time.perf_counter()
        matching = match(*sides, case.method, case.metric)
        seconds = min(seconds, time.perf_counter() - started)
    assert matching is not None
    return {
        "seconds": seconds,
        "mean": float(matching.similarity.mean()),
        "gap": -1.0 if matching.gap is None else matching.gap / len(matching),
        "memory": _peak(),
    }


def null(case: Case) -> dict[str, float]:
    """The null of a case."""
    sides = vectors(case)
    started = time.perf_counter()
    found = random_pairing(*sides, case.metric)
    return {"seconds": time.perf_counter() - started, "mean": found.mean, "sd": found.sd}


def study(case: Case) -> dict[str, float]:
    """The approach of the study's code: a Python list of all pairs, sorted, then each if free."""
    tracks, artworks = (side.astype(float) for side in vectors(case))
    started = time.perf_counter()
    tracks, artworks = (_units(side) for side in (tracks, artworks))
    scored = []
    for i, track in enumerate(tracks):
        for j, artwork in enumerate(artworks):
            scored.append((float(track @ artwork), i, j))
    scored.sort(key=lambda pair: pair[0], reverse=True)
    used: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in scored:
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
    return {"seconds": time.perf_counter() - started, "memory": _peak()}


def scipy(case: Case) -> dict[str, float]:
    """A dense matrix of cosines, and scipy's assignment."""
    from scipy.optimize import linear_sum_assignment

    tracks, artworks = (side.astype(float) for side in vectors(case))
    started = time.perf_counter()
    cosines = _units(tracks) @ _units(artworks).T
    rows, columns = linear_sum_assignment(cosines, maximize=True)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "mean": float(cosines[rows, columns].mean()), "memory": _peak()}


def _units(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    units: NDArray[np.float64] = vectors / np.maximum(
        np.linalg.norm(vectors, axis=1, keepdims=True), 1
    )
    return units


BASELINES: dict[str, Callable[[Case], dict[str, float]]] = {"study": study, "scipy": scipy}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(function: Callable[[Case], dict[str, float]], case: Case) -> dict[str, float]:
    """Call in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, case).result()


def rows(cases: list[Case]) -> Iterator[str]:
    """The lines of the table."""
    head = ("method", "numbers", "data", "items a side", "seconds", "target", "× faster than")
    yield "| " + " | ".join((*head, "target", "gap a pair", "target", "peak MiB")) + " |"
    yield "| " + " | ".join(["---"] * 11) + " |"
    for case in cases:
        found = alone(run, case)
        times = ""
        if case.baseline:
            base = alone(BASELINES[case.baseline], case)
            named = {"study": "the study's approach", "scipy": "dense scipy"}[case.baseline]
            ratio = base["seconds"] / found["seconds"]
            times = f"{ratio:,.0f} ({named}, {base['seconds']:.1f} s, {base['memory']:,.0f} MiB)"
            if case.baseline == "scipy":
                assert abs(base["mean"] - found["mean"]) <= (case.gap or 0), (base, found)
        method = case.method if case.metric == "cosine" else f"{case.method}, {case.metric}"
        cells = (
            *(method, str(case.width), case.data, f"{case.items:,}", f"{found['seconds']:.3g}"),
            *("" if case.seconds is None else f"{case.seconds:g}", times),
            "" if case.times is None else f"{case.times:g}",
            *("" if found["gap"] < 0 else f"{found['gap']:.1e}",),
            *("" if case.gap is None else f"{case.gap:.0e}", f"{found['memory']:,.0f}"),
        )
        yield "| " + " | ".join(cells) + " |"


def growth() -> str:
    """How time grows with the number of items."""
    seconds = [alone(run, Case("greedy", 3, "uniform", n))["seconds"] for n in GROWTH]
    exponent = float(np.polyfit(np.log(GROWTH), np.log(seconds), 1)[0])
    law = np.array(GROWTH) * np.log(GROWTH)
    expected = float(np.polyfit(np.log(GROWTH), np.log(law), 1)[0])
    return (
        f"Greedy matching of uniform triples from {GROWTH[0]:,} to {GROWTH[-1]:,} items a side "
        f"grows with the power {exponent:.2f} of their number (N log N: {expected:.2f})."
    )


def nulls() -> str:
    """The null of a million by a million."""
    cosine, euclidean = (
        alone(null, Case("", 3, "uniform", 1_000_000, metric=metric))["seconds"]
        for metric in ("cosine", "euclidean")
    )
    return (
        f"The null of 1,000,000 × 1,000,000 uniform triples takes {cosine:.2g} s by cosine, exact, "
        f"and {euclidean:.2g} s by Euclidean distance, from a sample."
    )


def main() -> None:
    """Print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--quick", action="store_true", help="only what takes no minutes")
    args = parser.parse_args()
    cases = [c for c in CASES if not args.quick or (c.items <= 10_000 and c.baseline != "scipy")]
    lines = []
    for line in rows(cases):
        print(line, flush=True)
        lines.append(line)
    if not args.quick:
        for line in (growth(), nulls()):
            print(line, flush=True)
            lines += ["", line]
    if args.write:
        before, rest = DOCUMENT.read_text().split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        when = f"Measured on {datetime.now(UTC).date()}, each row in a process of its own, warm."
        body = "\n".join([MARKS[0], "", when, "", *lines, "", MARKS[1]])
        DOCUMENT.write_text(before + body + after)


if __name__ == "__main__":
    main()
