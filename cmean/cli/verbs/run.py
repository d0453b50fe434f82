"""The verb `run`: execute all missing tasks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.cli.argument_types import parse_positive_integer
from cmean.cli.catalog_session import (
    make_hint_sender,
    open_catalog_session,
    print_profile_notice,
    select_profile,
)
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.fleet_display import show_fleet
from cmean.cli.ingest_display import format_ingest_result, print_rejected_files
from cmean.cli.options import add_control, add_json, add_profile
from cmean.cli.output import print_json, print_notice
from cmean.cli.run_display import (
    format_stage_results,
    print_failures,
    print_truncated_captions,
    run_stages,
)
from cmean.errors import UsageError
from cmean.jobs import failed_tasks, fleet_run, local_run
from cmean.library import ingest
from cmean.library.folder_watch import FolderWatch

if TYPE_CHECKING:
    import argparse

    from cmean.config import Profile, Settings
    from cmean.library.catalog_access import Catalog

_WATCH_SECONDS: Final = 2.0
_UNCHANGED_LOOKS: Final = 5
"""Looks, two seconds apart, in which a file must not change before it is ingested: it may still be
being copied."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_profile(parser)
    add_control(parser)
    parser.add_argument("--stage", choices=local_run.STAGES, nargs="+", help="only these stages")
    parser.add_argument(
        "--limit",
        type=parse_positive_integer,
        metavar="N",
        help="at most N tasks per stage, done by this process even if there is a broker",
    )
    parser.add_argument(
        "--watch",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="run until interrupted: ingest files that appear in these folders, and process them",
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Do the missing work."""
    with open_catalog_session() as (settings, catalog):
        profile = select_profile(settings, args)
        print_profile_notice(settings, args.profile, catalog)
        if args.watch:
            _watch_folders(args, settings, profile, catalog)
        results = run_stages(settings, profile, args.stage, args.limit, make_hint_sender(settings))
        failed = sum(result.failed for result in results.values())
        if args.json:
            print_json({stage: result.as_dict() for stage, result in results.items()})
        else:
            for line in format_stage_results(results):
                print(line)
        if failed:
            print_failures(catalog)
        print_truncated_captions(catalog, profile)
    return EXIT_PARTIAL if failed else EXIT_OK


def _watch_folders(
    args: argparse.Namespace, settings: Settings, profile: Profile, catalog: Catalog
) -> None:
    """Ingest files that appear and do their work, until interrupted."""
    if args.limit or args.json:
        raise UsageError("--watch runs until interrupted: it takes neither --limit nor --json")
    watch, send_hint = FolderWatch(args.watch, _UNCHANGED_LOOKS), make_hint_sender(settings)
    print_notice(f"watching {', '.join(map(str, args.watch))}; stop with Ctrl-C")

    def ingest_new_files() -> int:
        new = watch.find_new_files()
        if not new:
            return 0
        result = ingest.ingest_files(catalog, new)
        print_notice(format_ingest_result(result))
        print_rejected_files(result)
        return result.added

    if send_hint is not None:
        with show_fleet("run") as show:
            fleet_run.run_with_fleet(
                settings,
                profile,
                args.stage,
                send_hint,
                show,
                print_notice,
                before_observation=ingest_new_files,
            )
    is_pending = True  # an earlier run may have left work
    while True:
        is_pending = ingest_new_files() > 0 or is_pending or failed_tasks.has_due_tasks(catalog)
        if is_pending:
            _run_pending(args, settings, profile, catalog)
            is_pending = False
        time.sleep(_WATCH_SECONDS)


def _run_pending(
    args: argparse.Namespace, settings: Settings, profile: Profile, catalog: Catalog
) -> None:
    results = run_stages(settings, profile, args.stage)
    if any(result.done or result.failed for result in results.values()):
        for line in format_stage_results(results):
            print_notice(line)
    if any(result.failed for result in results.values()):
        print_failures(catalog)
