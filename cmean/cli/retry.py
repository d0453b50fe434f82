"""`cmean retry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.catalog import job_queue
from cmean.cli.common import add_json, make_hint_sender, opened, print_json
from cmean.inference.queues import QUEUES
from cmean.jobs.status import STAGES

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--stage", choices=STAGES, help="only of this stage")
    parser.add_argument("--reason", help="only what failed for this reason, e.g. missing")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Make failed and dead tasks ready."""
    with opened() as (settings, catalog):
        send_hint = make_hint_sender(settings)
        with catalog.write() as connection:
            number = job_queue.retry(connection, args.stage, args.reason)
    if send_hint is not None and number:
        for queue in QUEUES:
            send_hint(queue)
    if args.json:
        print_json({"ready": number})
    else:
        print(f"{number} tasks are ready again")
    return 0
