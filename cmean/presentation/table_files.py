"""Tables of an evaluation as text, CSV, JSON, Parquet or LaTeX."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from cmean.errors import InputError
from cmean.presentation.latex import format_latex_table
from cmean.presentation.number_formats import format_cell
from cmean.presentation.row_files import write_rows
from cmean.presentation.text_tables import print_table
from cmean.util.atomic_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from cmean.presentation.tables import Table

TABLE_FORMATS: Final = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".tex": "latex",
}
"""The format that a file's suffix stands for."""

_CELL_COLUMNS: Final = ("table", "row", "column", "value", "text")


def write_tables(
    document: Mapping[str, Any], tables: Sequence[Table], form: str | None, output: Path | None
) -> None:
    """Write tables to a file or to standard output.

    Args:
        document: what is written as JSON.
        tables: what is written in every other format.
        form: a value of `TABLE_FORMATS`; None: as the file's suffix says, else text.
        output: the file; None: standard output.

    Raises:
        InputError: the file cannot be written, or its suffix stands for no format.
        MissingExtraError: Parquet without pyarrow.
    """
    form = form or _find_table_format(output)
    if form in {"csv", "parquet"}:
        write_rows(_CELL_COLUMNS, _list_cells(tables), form, output)
        return
    with _open_output(output) as file:
        if form == "json":
            json.dump(document, file, ensure_ascii=False, allow_nan=False, default=str)
            file.write("\n")
        elif form == "latex":
            file.write("\n\n".join(map(format_latex_table, tables)) + "\n")
        else:
            _write_text_tables(tables, file)


def _write_text_tables(tables: Sequence[Table], file: IO[str]) -> None:
    for table in tables:
        if table.rows:
            print_table(table.title, table.header, table.rows, file, format_cell)
        else:
            file.write(f"{table.title}\n")
        file.write(f"{table.note}\n\n" if table.note else "\n")


def _find_table_format(output: Path | None) -> str:
    if output is None:
        return "table"
    form = TABLE_FORMATS.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output}: the name must end in one of {' '.join(TABLE_FORMATS)}")
    return form


@contextmanager
def _open_output(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    with replace_file(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        yield file


def _list_cells(
    tables: Sequence[Table],
) -> Iterator[tuple[str, str, str, float | None, str | None]]:
    """List one row a cell: numbers as `value`, all else as `text`; both empty if undefined."""
    for table in tables:
        for name, row in zip(_find_row_keys(table), table.rows, strict=True):
            for column, cell in zip(table.header[1:], row[1:], strict=True):
                number = None if cell is None or isinstance(cell, str) else float(cell)
                text = cell if isinstance(cell, str) else None
                yield table.name, name, column, number, text


def _find_row_keys(table: Table) -> list[str]:
    """Find a unique key for each row: its first cell, joined with as many more as that takes."""
    keys: list[str] = []
    for width in range(1, len(table.header) + 1):
        keys = [", ".join(str(cell) for cell in row[:width] if cell != "") for row in table.rows]
        if len(set(keys)) == len(keys):
            break
    return keys
