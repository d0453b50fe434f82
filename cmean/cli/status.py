"""`cmean status`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cmean.cli.common import add_json, opened, print_json, print_table
from cmean.pipeline import status

if TYPE_CHECKING:
    import argparse

_WATCH_SECONDS = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--watch", action="store_true", help="again every two seconds")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print how things stand."""
    with opened() as (_, catalog):
        while True:
            now = status.status(catalog)
            if args.json:
                print_json(now)
            else:
                _show(now)
            if not args.watch:
                return 0
            time.sleep(_WATCH_SECONDS)


def _show(now: dict[str, Any]) -> None:
    items = now["items"]
    print(f"{items['track']} tracks, {items['artwork']} artworks")
    states = ("ready", "leased", "done", "failed", "dead")
    rows = [[stage, *(tasks[state] for state in states)] for stage, tasks in now["stages"].items()]
    print_table("Tasks", ["stage", *states], rows)
    if now["failures"]:
        rows = [list(row.values()) for row in now["failures"]]
        print_table("Failures", list(now["failures"][0]), rows)
    if now["workers"]:
        rows = [list(row.values()) for row in now["workers"]]
        print_table("Workers", list(now["workers"][0]), rows)
