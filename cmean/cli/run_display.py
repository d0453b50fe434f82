"""Run the stages of a profile with a progress display, and print results and failures."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cmean.cli.fleet_display import show_fleet
from cmean.cli.output import print_notice
from cmean.cli.progress import show_progress
from cmean.errors import CatalogUnavailableError
from cmean.jobs import failed_tasks, fleet_run, local_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.config import Profile, Settings
    from cmean.jobs.hints import HintSender
    from cmean.jobs.local_run import StageResult
    from cmean.library.catalog_access import Catalog


def run_stages(
    settings: Settings,
    profile: Profile,
    stages: Sequence[str] | None = None,
    limit: int | None = None,
    send_hint: HintSender | None = None,
) -> dict[str, StageResult]:
    """Do the missing work while showing progress, by the fleet where there is a broker, else here.

    A limit is kept by working here: nothing could keep the workers of a fleet from doing more.
    """
    if send_hint is not None and limit is None:
        with show_fleet("run") as show:
            return fleet_run.run_with_fleet(
                settings, profile, stages, send_hint, show, print_notice
            )
    with show_progress("run") as update:
        return local_run.run_locally(
            settings,
            profile,
            stages,
            limit,
            lambda now: update(
                now.stage, now.done, now.total, f"{now.failed} failed" if now.failed else ""
            ),
        )


def format_stage_results(results: dict[str, StageResult]) -> list[str]:
    """Format one line for each stage."""
    return [
        f"{stage}: {result.done} done, {result.failed} failed, "
        f"{result.remaining} remaining, {result.seconds:.1f} s"
        for stage, result in results.items()
    ]


def print_failures(catalog: Catalog) -> None:
    """Print the first failures with their reasons to standard error."""
    grouped: dict[tuple[object, ...], list[str]] = {}
    for row in failed_tasks.list_failures(catalog):
        # The fragments of a file that cannot be read all fail for the same reason.
        key = tuple(row[name] for name in ("state", "stage", "title", "reason", "detail"))
        grouped.setdefault(key, []).append(str(row["position"]))
    for (state, stage, title, reason, detail), positions in grouped.items():
        where = f"{title}, position {', '.join(positions)}"
        print_notice(f"{state}: {stage} of {where}: {reason}: {detail}")
    print_notice("after removing the cause: cmean retry, then cmean run")


def print_truncated_captions(catalog: Catalog, profile: Profile) -> None:
    """Print to standard error how many captions were truncated by their token limit."""
    with suppress(CatalogUnavailableError):  # the work is done, and the notice no reason to fail
        if count := local_run.count_truncated_captions(catalog, profile):
            print_notice(
                f"truncated: {count} captions ended at their token limit; a profile with "
                "continue_tokens, e.g. paper-continued, continues them"
            )
