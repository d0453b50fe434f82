"""`cmean run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.catalog import progress as progress_rows
from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_json, add_profile, opened, print_json, progress, say
from cmean.cli.types import positive
from cmean.pipeline import run

if TYPE_CHECKING:
    import argparse

    from cmean.catalog.engine import Catalog
    from cmean.config import Profile, Settings
    from cmean.pipeline.run import StageResult


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_profile(parser)
    parser.add_argument(
        "--stage", choices=run.STAGES, nargs="+", default=run.STAGES, help="only these stages"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N tasks a stage")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Do the work that is missing."""
    with opened() as (settings, catalog):
        profile = settings.get_profile(args.profile)
        results = carry_out(settings, profile, args.stage, args.limit)
        failed = sum(result.failed for result in results.values())
        if args.json:
            print_json({stage: result.as_dict() for stage, result in results.items()})
        else:
            show(results)
        if failed:
            tell_failures(catalog)
    return EXIT_PARTIAL if failed else EXIT_OK


def carry_out(
    settings: Settings, profile: Profile, stages: list[str], limit: int | None = None
) -> dict[str, StageResult]:
    """Run with progress shown."""
    with progress("run") as update:
        return run.run(
            settings,
            profile,
            stages,
            limit,
            lambda now: update(
                now.stage, now.done, now.total, f"{now.failed} failed" if now.failed else ""
            ),
        )


def show(results: dict[str, StageResult]) -> None:
    """A line a stage."""
    for stage, result in results.items():
        print(
            f"{stage}: {result.done} done, {result.failed} failed, "
            f"{result.remaining} remaining, {result.seconds:.1f} s"
        )


def tell_failures(catalog: Catalog) -> None:
    """The first failures with their reasons, on standard error."""
    with catalog.read() as connection:
        found = progress_rows.failures(connection)
    for row in found:
        where = f"{row['title']}, position {row['position']}"
        say(f"{row['state']}: {row['stage']} of {where}: {row['reason']}: {row['detail']}")
    say("after mending the cause: cmean retry, then cmean run")
