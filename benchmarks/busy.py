"""The utilisation of a model, with prefetching and without.

python benchmarks/busy.py

The model sleeps 200 ms a batch of 40, as a process does whose GPU works and leaves the CPU idle.
Its time goes from the beginning of its first batch to the end of its last. The named baseline is
the same model behind the same steps, one after the other.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stand_ins import Bench, Busy, draw, register

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = 0.95
PICTURES = 200
WIDTH, HEIGHT = 1200, 800
SIZE = 448  # of the excerpts, as a model is given them
ROUNDS = 3


def share(spans: Sequence[tuple[float, float]]) -> float:
    """The part of the time from the first beginning to the last end that lies in the spans."""
    return sum(end - begin for begin, end in spans) / (spans[-1][1] - spans[0][0])


class Run(NamedTuple):
    """The share of its time that the model worked, its batches, processor seconds in all."""

    share: float
    batches: int
    processor: float


def measure(folder: Path, pictures: Path, name: str) -> Run:
    """All of it once, on a new catalog."""
    bench = Bench(folder, pictures, SIZE)
    recipe_id, step = bench.planned(name)
    assert isinstance(step.backend, Busy)
    started = time.process_time()
    bench.drain(recipe_id, step)
    spans = step.backend.spans
    return Run(share(spans), len(spans), time.process_time() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=PICTURES)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register(folder / "entry-points")
        draw(folder / "pictures", args.pictures, (WIDTH, HEIGHT))
        print(
            f"| {args.pictures} pictures of {WIDTH}×{HEIGHT}, {os.cpu_count()} cores | batches "
            "| processor time per batch | utilisation of the model | target |"
        )
        print("| --- | --- | --- | --- | --- |")
        rows = {"busy": "prefetched", "busy-behind": "one after the other (the baseline)"}
        for backend, what in rows.items():
            runs = [
                measure(folder / f"{backend}-{number}", folder / "pictures", backend)
                for number in range(ROUNDS)
            ]
            best = max(runs)
            processor = 1e3 * best.processor / best.batches
            target = f"{TARGET:.0%}" if backend == "busy" else ""
            print(f"| {what} | {best.batches} | {processor:.0f} ms | {best.share:.1%} | {target} |")


if __name__ == "__main__":
    main()
