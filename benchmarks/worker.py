"""A worker of the embedded back-ends: how soon it is ready, and whether its memory stays flat.

python benchmarks/worker.py            # 20,000 tasks; takes minutes
python benchmarks/worker.py --tasks 2000
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from servers import new_database, postgresql, redis_server

STARTS = 5
SAMPLES = 10


def ready_seconds(fleet: Any) -> float:  # noqa: ANN401 - the tests' Fleet
    """From the start of `cmean worker` until it says that it is ready."""
    started = time.perf_counter()
    process = fleet.start()
    while "is ready" not in process.log.read_text():
        time.sleep(0.005)
    seconds = time.perf_counter() - started
    process.terminate()
    process.wait()
    return seconds


def memory(fleet: Any, tasks: int) -> list[tuple[int, float]]:  # noqa: ANN401 - the tests' Fleet
    """Tasks done, and the worker's resident memory in MiB then."""
    fragments = fleet.ingest(tasks // 5)
    process = fleet.start("--queue", "caption.artwork")
    found = []
    for sample in range(1, SAMPLES + 1):
        while (done := fleet.in_state("done")) < sample * fragments // SAMPLES:
            time.sleep(0.1)
        found.append((done, psutil.Process(process.pid).memory_info().rss / 2**20))
    fleet.stop()
    return found


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        postgresql() as server,
        redis_server(Path(name)) as broker,
    ):
        from fleet import fleet_on  # noqa: PLC0415 - found on the path that `servers` sets

        folder = Path(name) / "fleet"
        with fleet_on(folder, new_database(server), broker.url) as fleet:
            fleet.environment["CMEAN_PROFILE"] = "embedded"
            seconds = [ready_seconds(fleet) for _ in range(STARTS)]
            print(f"ready after {statistics.median(seconds):.2f} s (median of {STARTS} starts)\n")
            print("| tasks done | memory of the worker, MiB |")
            print("| --- | --- |")
            for done, mebibytes in memory(fleet, args.tasks):
                print(f"| {done:,} | {mebibytes:.0f} |")


if __name__ == "__main__":
    main()
