"""Tables as text, for a terminal or a text file."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from cmean.presentation.number_formats import format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.table import Table as RichTable

_UNLIMITED_WIDTH: Final = 10_000
"""Characters a line where there is no terminal: a program may read it, so nothing is wrapped."""

_PADDING: Final = 3  # characters that surround a cell
_WIDEST_UNWRAPPED: Final = 30  # characters; a wider column is text, and is wrapped


def print_table(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    file: IO[str] | None = None,
    format_cell: Callable[[Any, str], str] | None = None,
) -> None:
    """Print a table to standard output or a text file; numbers are aligned to the right.

    On a terminal too narrow for a table of numbers, its columns are printed as several tables, one
    below the other, each with the first column, so that no number is broken.

    Args:
        title: above the table; may be empty.
        header: names of the columns.
        rows: as many values each.
        file: where to; None: standard output.
        format_cell: makes text of a value and its column's name (default: `format_value`).
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    values = [list(row) for row in rows]
    to_text = format_cell or (lambda value, _column: format_value(value))
    texts = [
        [to_text(value, name) for name, value in zip(header, row, strict=True)] for row in values
    ]
    numeric = [
        bool(values) and all(isinstance(row[column], int | float | None) for row in values)
        for column in range(len(header))
    ]
    target = file or sys.stdout
    width = None if target.isatty() else _UNLIMITED_WIDTH
    console = Console(file=target, width=width, soft_wrap=width is not None)
    for part, columns in enumerate(_split_columns(header, texts, console.width)):
        names = [(header[column], numeric[column]) for column in columns]
        cells = [[row[column] for column in columns] for row in texts]
        console.print(_build_rich_table("" if part else title, names, cells))


def _build_rich_table(
    title: str, header: Iterable[tuple[str, bool]], rows: list[list[str]]
) -> RichTable:
    """Build a table of texts; `header`: each column's name, and whether its texts are numbers."""
    from rich import box  # noqa: PLC0415 - slow to import
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = RichTable(
        title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for name, numeric in header:
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*map(Text, row))  # as Text, since a title may contain rich's markup
    return table


def _split_columns(header: Sequence[str], rows: list[list[str]], width: int) -> list[list[int]]:
    """Groups of columns that each fit a terminal's width; one group where long texts can wrap."""
    all_columns = list(range(len(header)))
    widths = [
        max(len(header[column]), *(len(row[column]) for row in rows), 0) + _PADDING
        for column in all_columns
    ]
    if sum(widths) < width or max(widths[1:], default=0) > _WIDEST_UNWRAPPED:
        return [all_columns]
    groups = [[0]]
    for column in all_columns[1:]:
        if len(groups[-1]) > 1 and sum(widths[each] for each in (*groups[-1], column)) >= width:
            groups.append([0])
        groups[-1].append(column)
    return groups
