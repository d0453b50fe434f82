"""Starts a `cmean worker` on the cores of this machine, for tasks that need no GPU."""

from __future__ import annotations

import argparse
import os
import sys

_QUEUES = ("caption.track", "caption.artwork", "emotion", "pair", "evaluate")


def main() -> None:
    """Replace this process by the worker."""
    parser = argparse.ArgumentParser(prog="cpu.py", description="Start a worker on the CPU.")
    parser.add_argument("--processes", type=_parse_positive, metavar="N", help="default: all cores")
    processes = parser.parse_args().processes or _count_cores()
    queues = [part for queue in _QUEUES for part in ("--queue", queue)]
    command = [sys.executable, "-m", "cmean", "worker", "--concurrency", str(processes), *queues]
    os.execv(sys.executable, command)  # noqa: S606 - a list, no shell


def _parse_positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _count_cores() -> int:
    """Count the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
