"""The fleet on the screen: live tables on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from cmean.pipeline.observe import FleetView, StageView

_PLAIN_SECONDS = 5.0
_LATE_SECONDS = 30.0
"""A heartbeat that is older is marked."""


@contextmanager
def shown(title: str, file: IO[str] | None = None) -> Iterator[Callable[[FleetView], None]]:
    """Show what is handed to the function yielded, on standard error or in `file`."""
    # A stream of its own: file descriptor 2 is muted while decoders work that chatter there.
    target = file or sys.stderr
    with os.fdopen(os.dup(target.fileno()), "w", encoding="utf-8") as stream:
        if not stream.isatty():
            yield _plain(title, stream)
            return
        from rich.console import Console  # noqa: PLC0415 - slow to import
        from rich.live import Live  # noqa: PLC0415

        with Live(console=Console(file=stream), auto_refresh=False) as live:
            yield lambda view: live.update(_tables(view), refresh=True)


def _plain(title: str, stream: IO[str]) -> Callable[[FleetView], None]:
    last: dict[str, Any] = {"at": 0.0, "line": ""}

    def show(view: FleetView) -> None:
        now = time.monotonic()
        line = f"{title}: " + "; ".join([*map(_stage_line, view.stages), _workers_line(view)])
        ended = not any(stage.ready or stage.leased for stage in view.stages)
        if line != last["line"] and (ended or now - last["at"] >= _PLAIN_SECONDS):
            last.update(at=now, line=line)
            print(line, file=stream, flush=True)

    return show


def _stage_line(stage: StageView) -> str:
    parts = [f"{stage.stage} {stage.done}/{stage.total}"]
    parts += [f"{stage.rate:.1f}/s"] if stage.rate else []
    parts += [f"{_duration(stage.left)} left"] if stage.left else []
    parts += [f"{stage.failed} failed"] if stage.failed else []
    return ", ".join(parts)


def _workers_line(view: FleetView) -> str:
    number = len(view.workers)
    line = f"{number} worker{'' if number == 1 else 's'}"
    return "; ".join([line, *(f"{w['queue']} waits: {w['why']}" for w in view.waiting)])


def _tables(view: FleetView) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    waiting = [
        Text(f"{row['ready']} tasks of {row['queue']} wait: {row['why']}", style="yellow")
        for row in view.waiting
    ]
    return Group(_stages(view), _workers(view), *waiting)


def _stages(view: FleetView) -> Table:
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - slow to import

    table = _table("stage", "", "done", "of", "a second", "left", "held", "failed")
    for stage in view.stages:
        table.add_row(
            stage.stage,
            ProgressBar(total=max(1, stage.total), completed=stage.done, width=24),
            f"{stage.done:,}",
            f"{stage.total:,}",
            "–" if stage.rate is None else f"{stage.rate:.1f}",
            _duration(stage.left),
            f"{stage.leased:,}",
            f"[red]{stage.failed:,}[/red]" if stage.failed else "0",
        )
    return table


def _workers(view: FleetView) -> Table:
    table = _table("worker", "host", "process", "model", "done", "failed", "batch", "heard of")
    for row in view.workers:
        age = max(0.0, row["heartbeat_age"])
        mean = row["batch_seconds"] / row["batches"] if row["batches"] else None
        table.add_row(
            str(row["worker"]),
            row["host"],
            str(row["pid"]),
            row["backend"] or "idle",
            f"{row['done']:,}",
            f"{row['failed']:,}",
            "–" if mean is None else f"{mean:.2f} s",
            f"[red]{age:.0f} s ago[/red]" if age > _LATE_SECONDS else f"{age:.0f} s ago",
        )
    return table


def _table(*header: str) -> Table:
    from rich import box  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD)
    words = {"stage", "", "host", "model"}
    for name in header:
        table.add_column(name, justify="left" if name in words else "right", no_wrap=True)
    return table


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
