"""The verb `retry`: make failed or dead tasks ready again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.cli.catalog_session import make_hint_sender, open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import add_json
from cmean.cli.output import print_json
from cmean.jobs.failed_tasks import retry_failed_tasks
from cmean.jobs.status import STAGES
from cmean.presentation.number_formats import format_count

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--stage", choices=STAGES, help="only tasks of this stage")
    parser.add_argument("--reason", help="only tasks that failed for this reason, e.g. missing")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Make failed and dead tasks ready again."""
    with open_catalog_session() as (settings, catalog):
        count = retry_failed_tasks(catalog, args.stage, args.reason, make_hint_sender(settings))
    if args.json:
        print_json({"ready": count})
    else:
        print(f"{format_count(count, 'task')} ready again")
    return EXIT_OK
