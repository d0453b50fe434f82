"""The verb `status`: show items, tasks and workers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.fleet_display import show_fleet
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.errors import CatalogUnavailableError
from cmean.inference.default_profile import explain_change
from cmean.inference.queues import QUEUES
from cmean.jobs.delays import STATUS_REFRESH
from cmean.jobs.monitor import Observer
from cmean.jobs.status import STAGES, build_status
from cmean.presentation.number_formats import format_count
from cmean.presentation.text_tables import print_table

if TYPE_CHECKING:
    import argparse

    from cmean.library.catalog_access import Catalog

_TASK_STATES: Final = ("ready", "leased", "done", "failed", "dead")
_WORKER_COLUMNS: Final = (
    "worker",
    "host",
    "pid",
    "serves",
    "model",
    "done",
    "failed",
    "last heartbeat",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--watch", action="store_true", help="refresh every two seconds")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print the state of items, tasks and workers."""
    with open_catalog_session() as (settings, catalog):
        notice = explain_change(settings, catalog)
        if notice is not None:
            print_notice(notice)
        fleet = settings.broker_url is not None
        if args.watch and not args.json:
            _watch_fleet(catalog, fleet=fleet)
        while True:
            document = build_status(catalog, fleet=fleet)
            if args.json:
                print_json(document)
                sys.stdout.flush()
            else:
                _print_status(document)
            if not args.watch:
                return EXIT_OK
            time.sleep(STATUS_REFRESH)


def _watch_fleet(catalog: Catalog, *, fleet: bool) -> None:
    """Show the fleet until interrupted; while the database is unavailable, keep trying."""
    observer = Observer(catalog, STAGES, fleet=fleet)
    last_error = ""
    with show_fleet("status", sys.stdout) as show:
        while True:
            try:
                show(observer.observe())
                last_error = ""
            except CatalogUnavailableError as error:
                if last_error != str(error):
                    last_error = str(error)
                    print_notice(f"{last_error}; trying again")
            time.sleep(STATUS_REFRESH)


def _print_status(document: dict[str, Any]) -> None:
    items = document["items"]
    print(", ".join(format_count(items[kind], kind) for kind in ("track", "artwork")))
    rows = [
        [stage, *(counts[state] for state in _TASK_STATES)]
        for stage, counts in document["stages"].items()
    ]
    print_table("Tasks", ["stage", *_TASK_STATES], rows)
    if document["failures"]:
        rows = [list(row.values()) for row in document["failures"]]
        print_table("Failures", list(document["failures"][0]), rows)
    for row in document["waiting"]:
        number = format_count(row["ready"], "task")
        print(f"{number} of {row['queue']} not executed: {row['why']}")
    if document["workers"]:
        print_table("Workers", _WORKER_COLUMNS, map(_build_worker_row, document["workers"]))


def _build_worker_row(row: dict[str, Any]) -> list[object]:
    queues = row["queues"]
    if queues is None:
        serves = "a run"
    else:
        serves = "all queues" if set(queues) == set(QUEUES) else ", ".join(queues)
    age = f"{row['heartbeat_age']:.0f} s ago"
    model = row["backend"] or "idle"
    return [row["worker"], row["host"], row["pid"], serves, model, row["done"], row["failed"], age]
