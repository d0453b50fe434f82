"""`cmean status`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from cmean.cli.common import add_json, opened, print_json, print_table, say
from cmean.cli.fleet_view import shown
from cmean.errors import CatalogUnavailableError
from cmean.inference.default_profile import explain_change
from cmean.inference.queues import QUEUES
from cmean.jobs import status
from cmean.jobs.monitor import Observer

if TYPE_CHECKING:
    import argparse

    from cmean.catalog.engine import Catalog

_WATCH_SECONDS = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--watch", action="store_true", help="again every two seconds")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print how things stand."""
    with opened() as (settings, catalog):
        with catalog.read() as connection:
            change = explain_change(settings, connection)
        if change is not None:
            say(change)
        fleet = settings.broker_url is not None
        if args.watch and not args.json:
            return _watch(catalog, fleet=fleet)
        while True:
            now = status.status(catalog, fleet=fleet)
            if args.json:
                print_json(now)
                sys.stdout.flush()
            else:
                _show(now)
            if not args.watch:
                return 0
            time.sleep(_WATCH_SECONDS)


def _watch(catalog: Catalog, *, fleet: bool) -> int:
    """The fleet live, until interrupted; a database that is away for a while is waited for."""
    observer = Observer(catalog, status.STAGES, fleet=fleet)
    said = ""
    with shown("status", sys.stdout) as show:
        while True:
            try:
                show(observer.look())
                said = ""
            except CatalogUnavailableError as error:
                if said != str(error):
                    said = str(error)
                    say(f"{said}; trying again")
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
    for row in now["waiting"]:
        print(f"{row['ready']} tasks of {row['queue']} wait: {row['why']}")
    if now["workers"]:
        names = ("worker", "host", "pid", "serves", "model", "done", "failed", "heard of")
        print_table("Workers", names, map(_worker, now["workers"]))


def _worker(row: dict[str, Any]) -> list[object]:
    serves = "a run" if row["queues"] is None else ", ".join(row["queues"])
    if set(row["queues"] or ()) == set(QUEUES):
        serves = "all queues"
    age = f"{row['heartbeat_age']:.0f} s ago"
    model = row["backend"] or "idle"
    return [row["worker"], row["host"], row["pid"], serves, model, row["done"], row["failed"], age]
