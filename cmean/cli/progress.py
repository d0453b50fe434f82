"""Progress of long work on standard error: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    UpdateProgress = Callable[[str, int, int, str], None]

_PLAIN_SECONDS: Final = 5.0
"""Seconds between two lines of progress where there is no terminal."""


@contextmanager
def show_progress(title: str, *, brief: bool = False) -> Iterator[UpdateProgress]:
    """Show progress while the block runs.

    Args:
        title: of the plain lines.
        brief: print no plain line about work that ends before the first line would be due.

    Yields:
        A function of label, number done, total, and a remark (e.g. failures).
    """
    # A stream of its own: file descriptor 2 is muted while noisy media decoders run.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as stream:
        if stream.isatty():
            with _show_bars(stream) as update:
                yield update
        else:
            yield _make_line_printer(title, stream, brief=brief)


@contextmanager
def _show_bars(stream: IO[str]) -> Iterator[UpdateProgress]:
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream)) as bars:
        bar_ids: dict[str, Any] = {}

        def update(label: str, done: int, total: int, remark: str = "") -> None:
            if label not in bar_ids:
                bar_ids[label] = bars.add_task(label, total=total, remark=remark)
            bars.update(bar_ids[label], completed=done, total=total, remark=remark)

        yield update


def _make_line_printer(title: str, stream: IO[str], *, brief: bool) -> UpdateProgress:
    last_time, last_done = time.monotonic(), -1

    def update(label: str, done: int, total: int, remark: str = "") -> None:
        nonlocal last_time, last_done
        now = time.monotonic()
        is_due = now - last_time >= _PLAIN_SECONDS
        is_silent = brief and last_done < 0
        if done != last_done and (is_due or (done >= total and not is_silent)):
            last_time, last_done = now, done
            line = f"{title}: {label} {done}/{total}{'  ' + remark if remark else ''}"
            print(line, file=stream, flush=True)

    return update
