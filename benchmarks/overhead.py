"""The overhead of cmean per caption, and rows per second compared with Pixeltable and DataChain.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --peers PYTHON  # of an environment that has both

A captioner that costs nothing writes 70 words of each fragment of small pictures. From its seconds
those of decoding alone are taken; what is left is claiming, batching, validating, telling the
language, counting words, committing. Processor time counts all threads, so nothing hides behind
another core. The peers run the same no-op over the same pictures and decode to the same
size: once for five fragments a picture, as cmean does, and once for the whole alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stand_ins import Bench, draw, register

from cmean.domain import Kind
from cmean.media.excerpts import load_excerpts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
TARGET = 0.5  # ms a caption
PICTURES = 2_000
SIDE = 96
SIZE = 64  # of the excerpts
ROUNDS = 3
PEERS = (("pixeltable", 5), ("datachain", 5), ("pixeltable", 1), ("datachain", 1))
"""A peer, and how many captions it makes of a picture."""


class Took(NamedTuple):
    """Seconds on the clock, and of processor time of all threads and ended child processes."""

    wall: float
    processor: float


def _peer(name: str, fragments: int) -> str:
    return f"{name}, {fragments} a picture"


def timed(work: Callable[[], object]) -> Took:
    """How long it takes."""
    wall, processor = time.perf_counter(), _processor()
    work()
    return Took(time.perf_counter() - wall, _processor() - processor)


def _processor() -> float:
    mine, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def best(runs: Sequence[Took]) -> Took:
    """The least of each; other programs only add."""
    return Took(min(run.wall for run in runs), min(run.processor for run in runs))


class Measured:
    """All of it, over the pictures of a folder."""

    def __init__(self, folder: Path, pictures: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.pictures = pictures
        self.paths = sorted(pictures.iterdir())
        self.environment = environment
        self.benches = 0

    @property
    def captions(self) -> int:
        """How many there are to be written."""
        return 5 * len(self.paths)

    def bench(self) -> Bench:
        """A new catalog."""
        self.benches += 1
        return Bench(self.folder / f"bench-{self.benches}", self.pictures, SIZE)

    def round(self, python: str) -> dict[str, Took]:
        """All of it once; `python` has the peers."""
        found = {
            "decoding": self.decoding(),
            "a worker in process": self.in_process(),
            "`cmean run`, one worker, less its start": self.by_run("no-op"),
            "`cmean run`, two workers, less their start": self.by_run("no-op-shared"),
        }
        peers = {key: self.by_peer(*key, python) for key in PEERS}
        return found | {
            _peer(*key): Took(seconds, 0.0) for key, seconds in peers.items() if seconds is not None
        }

    def decoding(self) -> Took:
        """Decoding alone, one picture after the other."""
        size = {"whole_size": SIZE, "fragment_size": SIZE}
        return timed(lambda: [load_excerpts(path, Kind.ARTWORK, size) for path in self.paths])

    def in_process(self) -> Took:
        """A worker in this process, from its first claim to its last commit."""
        bench = self.bench()
        recipe_id, step = bench.planned("no-op")
        return timed(lambda: bench.drain(recipe_id, step))

    def by_run(self, profile: str) -> Took:
        """`cmean run` of the captions, less a run of one, which is the start of its processes."""
        bench = self.bench()
        command = [sys.executable, "-m", "cmean", "run", "--profile", profile]
        known = dict(self.environment) | {
            "CMEAN_CONFIG": str(bench.folder / "cmean.toml"),
            "CMEAN_DATABASE_URL": bench.settings.database_url,
        }

        def run(*limit: str) -> None:
            options = [*command, "--stage", "caption", "--json", *limit]
            subprocess.run(options, env=known, check=True, capture_output=True)

        start = timed(lambda: run("--limit", "1"))
        whole = timed(run)
        return Took(whole.wall - start.wall, whole.processor - start.processor)

    def by_peer(self, name: str, fragments: int, python: str) -> float | None:
        """Seconds of a peer, without its start; None where it is not installed."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        code = "import peers; peers.main()"
        found = subprocess.run(
            [python, "-c", code, name, str(self.pictures), str(home), str(fragments)],
            cwd=HERE,
            env=os.environ | {"SIZE": str(SIZE)},
            capture_output=True,
            text=True,
            check=False,
        )
        if found.returncode:
            said = (found.stderr.strip().splitlines() or ["it failed"])[-1]
            print(f"{name} does not run in {python}: {said}", file=sys.stderr)
            return None
        return float(found.stdout.split()[-1])


def print_overhead(measured: Measured, decoding: Took, runs: Mapping[str, Took]) -> None:
    """The first table."""
    count = measured.captions
    print(
        f"| {count:,} captions on SQLite | seconds | decoding alone | the rest, ms per caption "
        "| the same, processor time | target |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, run in runs.items():
        rest = (1e3 * (a - b) / count for a, b in zip(run, decoding, strict=True))
        wall, processor = rest
        print(
            f"| {name} | {run.wall:.2f} | {decoding.wall:.2f} | {wall:.2f} | {processor:.2f} "
            f"| {TARGET} |"
        )


def print_peers(
    measured: Measured, ours: Mapping[str, float], theirs: Mapping[tuple[str, int], float]
) -> None:
    """The second table."""
    pictures = len(measured.paths)
    print(
        f"| no-op over {pictures:,} pictures, decoding included | a row is | rows/s | pictures/s |"
    )
    print("| --- | --- | --- | --- |")
    for name, seconds in ours.items():
        rows = measured.captions / seconds
        print(f"| {name} | one caption of a fragment | {rows:,.0f} | {pictures / seconds:,.0f} |")
    for (name, fragments), seconds in theirs.items():
        what = "one caption of a fragment" if fragments > 1 else "one caption of a picture"
        rate = pictures / seconds
        print(f"| {name} | {what} | {fragments * rate:,.0f} | {rate:,.0f} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has the peers")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = register(folder / "entry-points")
        draw(folder / "pictures", args.pictures, (SIDE, SIDE))
        measured = Measured(folder, folder / "pictures", environment)
        # in turn, so that all meet the same machine
        rounds = [measured.round(args.peers) for _ in range(ROUNDS)]
        ours = {name: best([each[name] for each in rounds]) for name in rounds[0]}
        theirs = {key: ours.pop(_peer(*key)).wall for key in PEERS if _peer(*key) in ours}
        print_overhead(measured, ours.pop("decoding"), ours)
        print()
        print_peers(measured, {name: took.wall for name, took in ours.items()}, theirs)


if __name__ == "__main__":
    main()
