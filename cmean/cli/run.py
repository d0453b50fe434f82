"""`cmean run`."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.catalog import job_queue
from cmean.catalog import progress as progress_rows
from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli import ingest as ingest_verb
from cmean.cli.common import (
    add_control,
    add_json,
    add_profile,
    chosen_profile,
    make_hint_sender,
    opened,
    print_json,
    progress,
    say,
    tell_default_profile,
)
from cmean.cli.fleet_view import shown
from cmean.cli.types import positive
from cmean.errors import CatalogUnavailableError, UsageError
from cmean.jobs import fleet_run, local_run
from cmean.library import ingest
from cmean.library.folder_watch import Watch

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Profile, Settings
    from cmean.jobs.hints import HintSender
    from cmean.jobs.local_run import StageResult

_WATCH_SECONDS = 2.0
_QUIET_LOOKS = 5
"""Looks, two seconds apart, in which a file must not have changed: ten seconds."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_profile(parser)
    add_control(parser)
    parser.add_argument("--stage", choices=local_run.STAGES, nargs="+", help="only these stages")
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="at most N tasks a stage, all done here"
    )
    parser.add_argument(
        "--watch",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="go on for ever: ingest what appears in these folders, and do its work",
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Do the work that is missing."""
    with opened() as (settings, catalog):
        profile = chosen_profile(settings, args)
        tell_default_profile(settings, args.profile, catalog)
        if args.watch:
            _watch(args, settings, profile, catalog)
        results = carry_out(settings, profile, args.stage, args.limit, make_hint_sender(settings))
        failed = sum(result.failed for result in results.values())
        if args.json:
            print_json({stage: result.as_dict() for stage, result in results.items()})
        else:
            show(results)
        if failed:
            tell_failures(catalog)
        tell_cut(catalog, profile)
    return EXIT_PARTIAL if failed else EXIT_OK


def carry_out(
    settings: Settings,
    profile: Profile,
    stages: Sequence[str] | None = None,
    limit: int | None = None,
    send_hint: HintSender | None = None,
) -> dict[str, StageResult]:
    """Run with progress shown: with the fleet where there is a broker, else here.

    A limit is kept by doing the work here: nobody could keep a fleet from doing more.
    """
    if send_hint is not None and limit is None:
        with shown("run") as look:
            return fleet_run.run_with_fleet(settings, profile, stages, send_hint, look, say)
    with progress("run") as update:
        return local_run.run_locally(
            settings,
            profile,
            stages,
            limit,
            lambda now: update(
                now.stage, now.done, now.total, f"{now.failed} failed" if now.failed else ""
            ),
        )


def _watch(
    args: argparse.Namespace, settings: Settings, profile: Profile, catalog: Catalog
) -> None:
    """Ingest what appears and do its work, until interrupted."""
    if args.limit or args.json:
        raise UsageError("--watch goes on for ever: it takes neither --limit nor --json")
    watch, send_hint = Watch(args.watch, _QUIET_LOOKS), make_hint_sender(settings)
    say(f"watching {', '.join(map(str, args.watch))}; stop with Ctrl-C")

    def take_up() -> int:
        new = watch.look()
        if not new:
            return 0
        found = ingest.ingest(catalog, new)
        ingest_verb.tell(found)
        return found.added

    if send_hint is not None:
        with shown("run") as look:
            fleet_run.run_with_fleet(
                settings, profile, args.stage, send_hint, look, say, keep_on=take_up
            )
    pending = True  # what an earlier run left
    while True:
        pending = take_up() > 0 or pending
        with catalog.read() as connection:
            pending = pending or job_queue.sweepable(connection)  # a failure's time has come
        if pending:
            results = carry_out(settings, profile, args.stage)
            if any(result.done or result.failed for result in results.values()):
                for line in lines(results):
                    say(line)
            if any(result.failed for result in results.values()):
                tell_failures(catalog)
            pending = False
        time.sleep(_WATCH_SECONDS)


def show(results: dict[str, StageResult]) -> None:
    """A line a stage."""
    for line in lines(results):
        print(line)


def lines(results: dict[str, StageResult]) -> list[str]:
    """A line a stage."""
    return [
        f"{stage}: {result.done} done, {result.failed} failed, "
        f"{result.remaining} remaining, {result.seconds:.1f} s"
        for stage, result in results.items()
    ]


def tell_cut(catalog: Catalog, profile: Profile) -> None:
    """How many captions were cut by their token cap, on standard error."""
    with suppress(CatalogUnavailableError):  # the work is done; the remark is not worth a failure
        if cut := local_run.cut_captions(catalog, profile):
            say(
                f"cut: {cut} captions ended at their token cap; a profile with continue_tokens, "
                "e.g. paper-continued, goes on with them"
            )


def tell_failures(catalog: Catalog) -> None:
    """The first failures with their reasons, on standard error."""
    with catalog.read() as connection:
        found = progress_rows.failures(connection)
    grouped: dict[tuple[object, ...], list[str]] = {}
    for row in found:  # what is wrong with a file is wrong with all its fragments
        key = tuple(row[name] for name in ("state", "stage", "title", "reason", "detail"))
        grouped.setdefault(key, []).append(str(row["position"]))
    for (state, stage, title, reason, detail), positions in grouped.items():
        where = f"{title}, position {', '.join(positions)}"
        say(f"{state}: {stage} of {where}: {reason}: {detail}")
    say("after mending the cause: cmean retry, then cmean run")
