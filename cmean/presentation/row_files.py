"""Streams of rows as a text table, CSV, JSON, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
import sys
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from cmean.errors import InputError, MissingExtraError
from cmean.presentation.text_tables import print_table
from cmean.util.atomic_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    Rows = Iterator[tuple[Any, ...]]

QUERY_FORMATS: Final = ("table", "csv", "json", "parquet")
"""Formats of `write_rows` that a query's result may have."""

EXPORT_FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
"""The format that an exported file's suffix stands for."""

EXPORT_SUFFIXES: Final = " ".join(EXPORT_FORMATS)

_PARQUET_ROWS: Final = 10_000  # of a row group


def find_export_format(output: Path) -> str:
    """Find the format (of `write_rows`) that a file's suffix stands for.

    Raises:
        InputError: it stands for none.
    """
    form = EXPORT_FORMATS.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output}: the name must end in one of {EXPORT_SUFFIXES}")
    return form


def write_rows(columns: Sequence[str], rows: Rows, form: str, output: Path | None) -> int:
    """Write rows to a file, completely or not at all, or to standard output.

    Args:
        columns: their names.
        rows: consumed as they are written; a million rows need no memory.
        form: one of `QUERY_FORMATS`, or ``jsonl``.
        output: the file; None: standard output.

    Returns:
        The number of rows.

    Raises:
        InputError: the file cannot be written, or Parquet was asked for without a file.
        MissingExtraError: Parquet without pyarrow.
    """
    counter = _RowCounter(rows)
    if form == "parquet":
        if output is None:
            raise InputError("Parquet is not text: name a file with --output")
        with replace_file(output) as path:
            _write_parquet(columns, counter, path)
    elif output is None:
        _write_text(columns, counter, form, sys.stdout)
    else:
        with replace_file(output) as path, path.open("w", encoding="utf-8", newline="") as file:
            _write_text(columns, counter, form, file)
    return counter.count


class _RowCounter:
    """An iterable that counts the rows that pass through it."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.count = 0

    def __iter__(self) -> Rows:
        for row in self.rows:
            self.count += 1
            yield row


def _write_text(columns: Sequence[str], rows: _RowCounter, form: str, file: IO[str]) -> None:
    if form == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_make_printable(cell) for cell in row] for row in rows)
    elif form == "json":
        file.write("[")
        for number, row in enumerate(rows):
            file.write(",\n" if number else "\n")
            file.write(_encode_object(columns, row))
        file.write("\n]\n")
    elif form == "jsonl":
        file.writelines(_encode_object(columns, row) + "\n" for row in rows)
    else:
        print_table("", columns, ([_make_printable(cell) for cell in row] for row in rows), file)


def _encode_object(columns: Sequence[str], row: Sequence[Any]) -> str:
    values = {name: _make_printable(cell) for name, cell in zip(columns, row, strict=True)}
    return json.dumps(values, ensure_ascii=False, allow_nan=False, default=str)


def _make_printable(cell: Any) -> Any:  # noqa: ANN401 - whatever the database returns
    """Convert bytes to hexadecimal text, and infinities and NaN, which JSON lacks, to None."""
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).hex()
    if isinstance(cell, float) and not -float("inf") < cell < float("inf"):
        return None
    return cell


def _write_parquet(columns: Sequence[str], rows: _RowCounter, path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet files", "parquet") from error
    iterator = iter(rows)
    # The types of the first row group are those of the file.
    first = _build_arrow_table(columns, list(islice(iterator, _PARQUET_ROWS)), None)
    try:
        with pq.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            while batch := list(islice(iterator, _PARQUET_ROWS)):
                writer.write_table(_build_arrow_table(columns, batch, first.schema))
    except pa.ArrowInvalid as error:
        raise InputError(f"the rows do not fit one Parquet schema: {error}") from error


def _build_arrow_table(
    columns: Sequence[str],
    rows: list[tuple[Any, ...]],
    schema: Any,  # noqa: ANN401 - pyarrow ships no types
) -> Any:  # noqa: ANN401
    import pyarrow as pa

    data = {name: [row[number] for row in rows] for number, name in enumerate(columns)}
    return pa.table(data, schema=schema)
