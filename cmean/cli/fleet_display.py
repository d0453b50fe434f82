"""The fleet on the screen: live tables on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from cmean.presentation.number_formats import UNDEFINED, format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable
    from rich.text import Text

    from cmean.jobs.monitor import FleetView, StageView

_PLAIN_SECONDS: Final = 5.0
"""Seconds between two lines where there is no terminal."""

_LATE_SECONDS: Final = 30.0
"""Age from which a heartbeat is highlighted."""

_KEEP_GONE_SECONDS: Final = 60.0
"""How long a worker that is gone is still listed."""

_MAX_WIDTH: Final = 104
"""Characters that the tables fill at most; longer lines are hard to follow."""

_LEFT_ALIGNED: Final = {"stage", "progress", "host", "model"}
_WIDE_RATE: Final = 100  # tasks a second from which decimals say nothing


@contextmanager
def show_fleet(title: str, file: IO[str] | None = None) -> Iterator[Callable[[FleetView], None]]:
    """Yield a function that shows a `FleetView`, on standard error or in `file`."""
    # A stream of its own: file descriptor 2 is muted while noisy media decoders run.
    target = file or sys.stderr
    with os.fdopen(os.dup(target.fileno()), "w", encoding="utf-8") as stream:
        if not stream.isatty() or os.environ.get("TERM") == "dumb":  # which cannot redraw
            yield _make_line_printer(title, stream)
            return
        from rich.console import Console  # noqa: PLC0415 - slow to import
        from rich.live import Live  # noqa: PLC0415

        console = Console(file=stream, markup=False, emoji=False)  # names are shown as they are
        with Live(console=console, auto_refresh=False) as live:
            tables = _FleetTables(title, console)
            yield lambda view: live.update(tables.render(view), refresh=True)


def _make_line_printer(title: str, stream: IO[str]) -> Callable[[FleetView], None]:
    last_time, last_line = 0.0, ""

    def print_line(view: FleetView) -> None:
        nonlocal last_time, last_line
        now = time.monotonic()
        parts = [_format_stage(stage) for stage in view.stages]
        parts.append(format_count(len(view.workers), "worker"))
        parts += [f"{row['queue']} waits: {row['why']}" for row in view.waiting]
        line = f"{title}: {'; '.join(parts)}"
        is_finished = not any(stage.ready or stage.leased for stage in view.stages)
        if line != last_line and (is_finished or now - last_time >= _PLAIN_SECONDS):
            last_time, last_line = now, line
            print(line, file=stream, flush=True)

    return print_line


def _format_stage(stage: StageView) -> str:
    parts = [f"{stage.stage} {stage.done}/{stage.total}"]
    parts += [f"{_format_rate(stage.rate)}/s"] if stage.rate else []
    parts += (
        [f"{_format_duration(stage.remaining_seconds)} left"] if stage.remaining_seconds else []
    )
    parts += [f"{stage.failed} failed"] if stage.failed else []
    return ", ".join(parts)


class _FleetTables:
    """The tables of a live display. Workers that are gone stay listed for a minute."""

    def __init__(self, title: str, console: Console) -> None:
        self.title = title
        self.console = console
        self.started = time.monotonic()
        self.known: dict[int, Mapping[str, Any]] = {}
        self.gone: dict[int, float] = {}

    def render(self, view: FleetView) -> RenderableType:
        """Render the display at one moment; waiting work is above the long table of workers."""
        from rich.console import Group  # noqa: PLC0415 - slow to import
        from rich.text import Text  # noqa: PLC0415

        self._update_workers(view)
        elapsed = _format_duration(time.monotonic() - self.started)
        workers = format_count(len(view.workers), "worker")
        head = Text.assemble((self.title, "bold"), f"  {elapsed}, {workers}")
        if self.gone:
            head.append(", ").append(f"{len(self.gone)} gone", "bold red")
        waiting = [
            Text(f"{row['ready']:,} tasks of {row['queue']} wait: {row['why']}", style="yellow")
            for row in view.waiting
        ]
        parts: list[RenderableType] = [head, "", self._build_stage_table(view), ""]
        parts += [*waiting, ""] if waiting else []
        parts += [self._build_worker_table(), ""] if self.known else []
        return Group(*parts)

    def _update_workers(self, view: FleetView) -> None:
        now = time.monotonic()
        living = {row["worker"]: row for row in view.workers}
        for number in self.known.keys() - living.keys():
            if now - self.gone.setdefault(number, now) > _KEEP_GONE_SECONDS:
                del self.known[number]
        self.known.update(living)
        missing = self.known.keys() - living.keys()
        self.gone = {number: since for number, since in self.gone.items() if number in missing}

    def _build_stage_table(self, view: FleetView) -> RichTable:
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - slow to import

        table = self._build_table(
            "stage", "progress", "done", "of", "per s", "left", "leased", "failed"
        )
        for stage in view.stages:
            table.add_row(
                stage.stage,
                ProgressBar(max(1, stage.total), stage.done, complete_style="cyan"),
                f"{stage.done:,}",
                f"{stage.total:,}",
                UNDEFINED if stage.rate is None else _format_rate(stage.rate),
                _format_duration(stage.remaining_seconds if stage.ready or stage.leased else None),
                f"{stage.leased:,}",
                _style(f"{stage.failed:,}", "bold red" if stage.failed else ""),
            )
        return table

    def _build_worker_table(self) -> RichTable:
        table = self._build_table(
            "worker", "host", "pid", "model", "done", "failed", "per batch", "heartbeat"
        )
        for number, row in sorted(self.known.items()):
            is_gone = number in self.gone
            age = max(0.0, row["heartbeat_age"])
            mean = row["batch_seconds"] / row["batches"] if row["batches"] else None
            heartbeat = _style(f"{age:.0f} s ago", "red" if age > _LATE_SECONDS else "")
            table.add_row(
                str(number),
                row["host"],
                str(row["pid"]),
                _style(row["backend"] or "idle", "" if row["backend"] else "dim"),
                f"{row['done']:,}",
                _style(f"{row['failed']:,}", "bold red" if row["failed"] else ""),
                UNDEFINED if mean is None else f"{mean:.2f} s",
                _style("gone", "not dim bold red") if is_gone else heartbeat,
                style="dim" if is_gone else "",
            )
        return table

    def _build_table(self, *header: str) -> RichTable:
        from rich import box  # noqa: PLC0415 - slow to import
        from rich.table import Table as RichTable  # noqa: PLC0415

        width = min(_MAX_WIDTH, self.console.width)
        table = RichTable(
            box=box.SIMPLE_HEAD,
            width=width,
            header_style="bold cyan",
            show_edge=False,
            pad_edge=False,
            collapse_padding=True,
        )
        for name in header:
            table.add_column(
                name,
                justify="left" if name in _LEFT_ALIGNED else "right",
                ratio=1 if name in {"progress", "model"} else None,  # takes the remaining width
                max_width=width // 6 if name == "host" else None,
                no_wrap=True,
            )
        return table


def _style(text: str, style: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - slow to import

    return Text(text, style)


def _format_rate(rate: float) -> str:
    return f"{rate:.1f}" if rate < _WIDE_RATE else f"{rate:,.0f}"


def _format_duration(seconds: float | None) -> str:
    if seconds is None:
        return UNDEFINED
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
