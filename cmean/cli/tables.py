"""Tables of an evaluation as text for a terminal, CSV, JSON, Parquet or LaTeX."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from cmean.cli import tabular
from cmean.cli.common import print_table
from cmean.errors import InputError
from cmean.presentation import number_formats

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cmean.presentation.tables import Table

SUFFIXES: Final = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".tex": "latex",
}
"""The endings of a file's name, and the format that each stands for."""

_COLUMNS: Final = ("table", "row", "column", "value", "text")


def add_format(parser: argparse.ArgumentParser) -> None:
    """The options `--format` and `--output`."""
    parser.add_argument(
        "--format",
        choices=list(SUFFIXES.values()),
        help="of what is printed or written (default: as FILE ends, else table); csv and parquet "
        "have a row for each cell",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help=f"write there: {' '.join(SUFFIXES)}"
    )


def write(
    document: Mapping[str, Any], tables: Sequence[Table], form: str | None, output: Path | None
) -> None:
    """Print or write tables.

    Args:
        document: what JSON shows.
        tables: what everything else shows.
        form: of `SUFFIXES`; None: what the file's name says, else text.
        output: the file; None: standard output.

    Raises:
        InputError: the file cannot be written, or its name says no format.
        MissingExtraError: Parquet without pyarrow.
    """
    form = form or _form(output)
    if form in {"csv", "parquet"}:
        tabular.write(_COLUMNS, _cells(tables), form, output)
        return
    with _opened(output) as file:
        if form == "json":
            json.dump(document, file, ensure_ascii=False, allow_nan=False, default=str)
            file.write("\n")
        elif form == "latex":
            file.write("\n\n".join(map(_latex, tables)) + "\n")
        else:
            for table in tables:
                if table.rows:
                    print_table(table.title, table.header, table.rows, file, number_formats.cell)
                else:
                    file.write(f"{table.title}\n")
                file.write(f"{table.note}\n\n" if table.note else "\n")


def _form(output: Path | None) -> str:
    if output is None:
        return "table"
    form = SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output}: the name must end in one of {' '.join(SUFFIXES)}")
    return form


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    with tabular.replacing(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        yield file


def _cells(tables: Sequence[Table]) -> Iterator[tuple[str, str, str, float | None, str | None]]:
    """A row for each cell: numbers as `value`, all else as `text`; both empty where undefined."""
    for table in tables:
        for name, row in zip(_keys(table), table.rows, strict=True):
            for column, cell in zip(table.header[1:], row[1:], strict=True):
                number = None if cell is None or isinstance(cell, str) else float(cell)
                text = cell if isinstance(cell, str) else None
                yield table.name, name, column, number, text


def _keys(table: Table) -> list[str]:
    """What tells the rows of a table apart: the first cell, and more where rows share it."""
    keys: list[str] = []
    for width in range(1, len(table.header) + 1):
        keys = [", ".join(str(cell) for cell in row[:width] if cell != "") for row in table.rows]
        if len(set(keys)) == len(keys):
            break
    return keys


_NO_KEY: Final = re.compile(r"\W+", re.ASCII)

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "→": r"$\to$",
    "ρ": r"$\rho$",
    "α": r"$\alpha$",
    "[": "{[}",  # after a line's end it would be an argument
    "]": "{]}",
    "*": "{*}",
    "<": "$<$",
    ">": "$>$",
}


def _latex(table: Table) -> str:
    """A floating table in the manner of the package booktabs."""
    align = "l" + "".join(
        "l" if any(isinstance(row[number], str) for row in table.rows) else "r"
        for number in range(1, len(table.header))
    )
    rows = (_latex_row(map(number_formats.cell, row, table.header)) for row in table.rows)
    body = [_latex_row(table.header), r"\midrule", *rows]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escaped(table.title)}}}",
            rf"\label{{tab:{_NO_KEY.sub('-', table.name.lower())}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *([rf"\par\footnotesize {_escaped(table.note)}"] if table.note else []),
            r"\end{table}",
        ]
    )


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(map(_escaped, cells)) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
