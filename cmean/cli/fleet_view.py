"""The fleet on the screen: live tables on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    from cmean.jobs.monitor import FleetView, StageView

_PLAIN_SECONDS = 5.0
_LATE_SECONDS = 30.0
"""A heartbeat that is older is marked."""
_GONE_SECONDS = 60.0
"""How long a worker that is gone is still shown."""
_WIDTH = 104
"""Characters that the tables fill at most; on a wider terminal the eye would lose the line."""


@contextmanager
def shown(title: str, file: IO[str] | None = None) -> Iterator[Callable[[FleetView], None]]:
    """Show what is handed to the function yielded, on standard error or in `file`."""
    # A stream of its own: file descriptor 2 is muted while decoders work that chatter there.
    target = file or sys.stderr
    with os.fdopen(os.dup(target.fileno()), "w", encoding="utf-8") as stream:
        if not stream.isatty() or os.environ.get("TERM") == "dumb":  # which cannot redraw
            yield _plain(title, stream)
            return
        from rich.console import Console  # noqa: PLC0415 - slow to import
        from rich.live import Live  # noqa: PLC0415

        console = Console(file=stream, markup=False, emoji=False)  # names are shown as they are
        with Live(console=console, auto_refresh=False) as live:
            tables = _Tables(title, console)
            yield lambda view: live.update(tables.of(view), refresh=True)


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
    parts += [f"{_rate(stage.rate)}/s"] if stage.rate else []
    parts += [f"{_duration(stage.left)} left"] if stage.left else []
    parts += [f"{stage.failed} failed"] if stage.failed else []
    return ", ".join(parts)


def _workers_line(view: FleetView) -> str:
    return "; ".join([_number(view), *(f"{w['queue']} waits: {w['why']}" for w in view.waiting)])


def _number(view: FleetView) -> str:
    return f"{len(view.workers)} worker{'' if len(view.workers) == 1 else 's'}"


class _Tables:
    """The tables, and which workers were there before: one that is gone is not just left out."""

    def __init__(self, title: str, console: Console) -> None:
        self.title = title
        self.console = console
        self.started = time.monotonic()
        self.known: dict[int, Mapping[str, Any]] = {}
        self.gone: dict[int, float] = {}

    def of(self, view: FleetView) -> RenderableType:
        """All that is to be seen at one moment; what waits stands where no long table hides it."""
        from rich.console import Group  # noqa: PLC0415 - slow to import
        from rich.text import Text  # noqa: PLC0415

        self._remember(view)
        passed = _duration(time.monotonic() - self.started)
        head = Text.assemble((self.title, "bold"), f"  {passed}, {_number(view)}")
        if self.gone:
            head.append(", ").append(f"{len(self.gone)} gone", "bold red")
        waiting = [
            Text(f"{row['ready']:,} tasks of {row['queue']} wait: {row['why']}", style="yellow")
            for row in view.waiting
        ]
        parts: list[RenderableType] = [head, "", self._stages(view), ""]
        parts += [*waiting, ""] if waiting else []
        parts += [self._workers(), ""] if self.known else []
        return Group(*parts)

    def _remember(self, view: FleetView) -> None:
        now = time.monotonic()
        living = {row["worker"]: row for row in view.workers}
        for number in self.known.keys() - living.keys():
            if now - self.gone.setdefault(number, now) > _GONE_SECONDS:
                del self.known[number]
        self.known.update(living)
        missing = self.known.keys() - living.keys()
        self.gone = {number: since for number, since in self.gone.items() if number in missing}

    def _stages(self, view: FleetView) -> Table:
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - slow to import

        table = self._table("stage", "progress", "done", "of", "a second", "left", "held", "failed")
        for stage in view.stages:
            table.add_row(
                stage.stage,
                ProgressBar(max(1, stage.total), stage.done, complete_style="cyan"),
                f"{stage.done:,}",
                f"{stage.total:,}",
                "–" if stage.rate is None else _rate(stage.rate),
                _duration(stage.left if stage.ready or stage.leased else None),
                f"{stage.leased:,}",
                _marked(f"{stage.failed:,}", "bold red" if stage.failed else ""),
            )
        return table

    def _workers(self) -> Table:
        table = self._table(
            "worker", "host", "pid", "model", "done", "failed", "a batch", "heard of"
        )
        for number, row in sorted(self.known.items()):
            gone = number in self.gone
            age = max(0.0, row["heartbeat_age"])
            mean = row["batch_seconds"] / row["batches"] if row["batches"] else None
            heard = "red" if age > _LATE_SECONDS else ""
            table.add_row(
                str(number),
                row["host"],
                str(row["pid"]),
                _marked(row["backend"] or "idle", "" if row["backend"] else "dim"),
                f"{row['done']:,}",
                _marked(f"{row['failed']:,}", "bold red" if row["failed"] else ""),
                "–" if mean is None else f"{mean:.2f} s",
                _marked("gone", "not dim bold red") if gone else _marked(f"{age:.0f} s ago", heard),
                style="dim" if gone else "",
            )
        return table

    def _table(self, *header: str) -> Table:
        from rich import box  # noqa: PLC0415 - slow to import
        from rich.table import Table  # noqa: PLC0415

        width = min(_WIDTH, self.console.width)
        table = Table(
            box=box.SIMPLE_HEAD,
            width=width,
            header_style="bold cyan",
            show_edge=False,
            pad_edge=False,
            collapse_padding=True,
        )
        for name in header:
            left = name in {"stage", "progress", "host", "model"}
            table.add_column(
                name,
                justify="left" if left else "right",
                ratio=1 if name in {"progress", "model"} else None,  # takes what is left
                max_width=width // 6 if name == "host" else None,
                no_wrap=True,
            )
        return table


def _marked(text: str, style: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - slow to import

    return Text(text, style)


def _rate(rate: float) -> str:
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"  # noqa: PLR2004 - more digits say nothing


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
