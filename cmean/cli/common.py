"""What verbs share: the catalog, output for people and for programs, progress."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.cli.types import natural
from cmean.config import load_settings
from cmean.domain import SHUFFLED
from cmean.errors import UsageError
from cmean.inference import controls, default_profile
from cmean.presentation.number_formats import number

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.table import Table

    from cmean.config import Profile, Settings
    from cmean.jobs.hints import HintSender

_WIDE = 10_000
"""Characters a line where no terminal sets a width: a program reads it, nothing is folded."""
NEWEST = "default: the newest that is no null: not random, nor of a control"
"""Which pairing is meant where none is named."""
PROFILE_HELP = (
    "whose recipes (default: CMEAN_PROFILE; unset: learned after cmean setup, else embedded)"
)
_PADDING, _SHORT = 3, 30
"""What stands around a cell; and the widest column that is no text, both in characters."""
_PLAIN_SECONDS = 5.0
"""Pause between two lines of progress where there is no terminal."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")


def add_profile(parser: argparse.ArgumentParser) -> None:
    """The option `--profile`."""
    parser.add_argument("--profile", metavar="NAME", help=PROFILE_HELP)


def add_control(parser: argparse.ArgumentParser) -> None:
    """The options `--control` and `--control-seed`."""
    listed = "; ".join(f"{name}: {what}" for name, what in controls.CONTROLS.items())
    parser.add_argument(
        "--control", choices=list(controls.CONTROLS), help=f"a control of the profile ({listed})"
    )
    parser.add_argument(
        "--control-seed",
        type=natural,
        metavar="N",
        help=f"of --control {SHUFFLED} (default: 0)",
    )


def chosen_profile(settings: Settings, args: argparse.Namespace) -> Profile:
    """What `add_profile` and `add_control` say.

    Raises:
        ConfigError: there is no such profile, or no such control of it.
        UsageError: a seed of no control.
    """
    profile = controls.find(settings, args.profile)
    if args.control is None and args.control_seed is not None:
        raise UsageError("--control-seed is of --control: name one")
    if args.control is None:
        return profile
    return controls.controlled(profile, args.control, args.control_seed)


def tell_default_profile(
    settings: Settings, named: str | None, catalog: Catalog | None = None
) -> None:
    """Say, in a line on standard error, what the user should know of a default profile.

    Args:
        settings: the settings.
        named: the profile that the command names; then nothing is said.
        catalog: where results of another profile may be.
    """
    if named or settings.profile:
        return
    line = default_profile.explain_fallback(settings)
    if line is None and catalog is not None:
        with catalog.read() as connection:
            line = default_profile.explain_change(settings, connection)
    if line is not None:
        say(line)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[tuple[Settings, Catalog]]:
    """The settings and their catalog, which is created when it is an empty SQLite one."""
    settings = settings or load_settings()
    catalog = Catalog(settings.database_url)
    try:
        migrate.ensure(catalog)
        yield settings, catalog
    finally:
        catalog.close()


def make_hint_sender(settings: Settings) -> HintSender | None:
    """What wakes the workers of a queue; None without a broker."""
    if settings.broker_url is None:
        return None
    from cmean.jobs.celery.hint_sender import CeleryHintSender  # noqa: PLC0415 - Celery, which most verbs never need

    return CeleryHintSender(settings.broker_url)


def print_json(document: object) -> None:
    """One JSON document on standard output. Not-a-number never gets there: it is null."""
    json.dump(document, sys.stdout, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write("\n")


def say(line: str) -> None:
    """A line for people, on standard error."""
    print(line, file=sys.stderr, flush=True)


def print_table(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    file: IO[str] | None = None,
    text: Callable[[Any, str], str] | None = None,
) -> None:
    """A table on standard output or in a text file; numbers are set to the right.

    `text` makes a cell of a value and its column's name (default: `number_text`).

    On a terminal that is too narrow a table of figures is set as several, one below the other,
    each with the first column; no number is broken.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    filled = [list(row) for row in rows]
    shown = text or (lambda value, _column: number_text(value))
    words = [
        [shown(value, name) for name, value in zip(header, row, strict=True)] for row in filled
    ]
    numeric = [
        bool(filled) and all(isinstance(row[column], int | float | None) for row in filled)
        for column in range(len(header))
    ]
    target = file or sys.stdout
    width = None if target.isatty() else _WIDE
    console = Console(file=target, width=width, soft_wrap=width is not None)
    for part, columns in enumerate(_fitting(header, words, console.width)):
        names = [(header[column], numeric[column]) for column in columns]
        cells = [[row[column] for column in columns] for row in words]
        console.print(_table("" if part else title, names, cells))


def _table(title: str, header: Iterable[tuple[str, bool]], rows: list[list[str]]) -> Table:
    """A table of texts; `header` says of each column whether its texts are numbers."""
    from rich import box  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for name, numeric in header:
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: no markup in titles
    return table


def _fitting(header: Sequence[str], rows: list[list[str]], width: int) -> list[list[int]]:
    """The columns of a table in groups that are no wider than a terminal.

    Long texts are folded instead: where there are any, the table stays one.
    """
    everything = list(range(len(header)))
    wide = [
        max(len(header[column]), *(len(row[column]) for row in rows), 0) + _PADDING
        for column in everything
    ]
    if sum(wide) < width or max(wide[1:], default=0) > _SHORT:
        return [everything]
    groups = [[0]]
    for column in everything[1:]:
        if len(groups[-1]) > 1 and sum(wide[each] for each in (*groups[-1], column)) >= width:
            groups.append([0])
        groups[-1].append(column)
    return groups


def number_text(value: object) -> str:
    """A cell: floats with four decimals, or more where those would claim 1; None as a dash."""
    if value is None:
        return "–"
    return number(value) if isinstance(value, float) else str(value)


@contextmanager
def progress(title: str, *, brief: bool = False) -> Iterator[Callable[[str, int, int, str], None]]:
    """A bar on a terminal, plain lines elsewhere, both on standard error.

    Args:
        title: of the plain lines.
        brief: no plain line about what is over before the first would be due.

    Yields:
        A function of label, number done, total, and a remark (e.g. failures).
    """
    # A stream of its own: file descriptor 2 is muted while decoders work that chatter there.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as stream:
        if stream.isatty():
            with _bars(stream) as update:
                yield update
        else:
            yield _plain_progress(title, stream, brief=brief)


@contextmanager
def _bars(stream: IO[str]) -> Iterator[Callable[[str, int, int, str], None]]:
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
        known: dict[str, Any] = {}

        def update(label: str, done: int, total: int, remark: str = "") -> None:
            if label not in known:
                known[label] = bars.add_task(label, total=total, remark=remark)
            bars.update(known[label], completed=done, total=total, remark=remark)

        yield update


def _plain_progress(
    title: str, stream: IO[str], *, brief: bool
) -> Callable[[str, int, int, str], None]:
    last = {"at": time.monotonic(), "done": -1}

    def update(label: str, done: int, total: int, remark: str = "") -> None:
        now = time.monotonic()
        due = now - last["at"] >= _PLAIN_SECONDS
        silent = brief and last["done"] < 0
        if done != last["done"] and (due or (done >= total and not silent)):
            last.update(at=now, done=done)
            line = f"{title}: {label} {done}/{total}{'  ' + remark if remark else ''}"
            print(line, file=stream, flush=True)

    return update
