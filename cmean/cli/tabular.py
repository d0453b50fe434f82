"""Rows as a table for people, CSV, JSON, JSON lines or Parquet; streamed, and never half a file."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cmean.cli.common import print_table
from cmean.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Rows = Iterator[tuple[Any, ...]]

FORMATS = ("table", "csv", "json", "parquet")
_PARQUET_ROWS = 10_000


def write(columns: Sequence[str], rows: Rows, form: str, output: Path | None) -> int:
    """Write rows in a format (`FORMATS` or ``jsonl``) to a file or to standard output.

    Returns:
        How many rows.

    Raises:
        InputError: the file cannot be written, or Parquet was asked for without a file.
        MissingExtraError: Parquet without pyarrow.
    """
    counted = _Counted(rows)
    if form == "parquet":
        if output is None:
            raise InputError("Parquet is not text: name a file with --output")
        with replacing(output) as path:
            _write_parquet(columns, counted, path)
    elif output is None:
        _write_text(columns, counted, form, sys.stdout)
    else:
        with replacing(output) as path, path.open("w", encoding="utf-8", newline="") as file:
            _write_text(columns, counted, form, file)
    return counted.number


class _Counted:
    """Counts what passes through."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.number = 0

    def __iter__(self) -> Rows:
        for row in self.rows:
            self.number += 1
            yield row


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """A temporary file beside `output` that takes its place when the block ends well.

    Raises:
        InputError: the folder does not exist or cannot be written, or the disk is full.
    """
    try:
        # A device or a pipe is written as it is, and /dev/stdout even where it is a file.
        if output.exists() and (not output.is_file() or output.parent == Path("/dev")):
            yield output
            return
        output = output.resolve()  # a link stays one
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(output)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_text(columns: Sequence[str], rows: _Counted, form: str, file: IO[str]) -> None:
    if form == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(cell) for cell in row] for row in rows)
    elif form == "json":
        file.write("[")
        for number, row in enumerate(rows):
            file.write(",\n" if number else "\n")
            file.write(_object(columns, row))
        file.write("\n]\n")
    elif form == "jsonl":
        file.writelines(_object(columns, row) + "\n" for row in rows)
    else:
        print_table("", columns, ([_plain(cell) for cell in row] for row in rows), file)


def _object(columns: Sequence[str], row: Sequence[Any]) -> str:
    named = {name: _plain(cell) for name, cell in zip(columns, row, strict=True)}
    return json.dumps(named, ensure_ascii=False, allow_nan=False, default=str)


def _plain(cell: Any) -> Any:  # noqa: ANN401 - whatever the database gives
    """Bytes as hexadecimal, what JSON lacks as text."""
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).hex()
    if isinstance(cell, float) and not -float("inf") < cell < float("inf"):
        return None
    return cell


def _write_parquet(columns: Sequence[str], rows: _Counted, path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet files", "parquet") from error
    iterator = iter(rows)
    first = _arrow(columns, list(islice(iterator, _PARQUET_ROWS)), None)
    try:
        with pq.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            while batch := list(islice(iterator, _PARQUET_ROWS)):
                writer.write_table(_arrow(columns, batch, first.schema))
    except pa.ArrowInvalid as error:
        raise InputError(f"the rows do not fit one Parquet schema: {error}") from error


def _arrow(columns: Sequence[str], rows: list[tuple[Any, ...]], schema: Any) -> Any:  # noqa: ANN401 - pyarrow ships no types
    import pyarrow as pa

    named = {name: [row[number] for row in rows] for number, name in enumerate(columns)}
    return pa.table(named, schema=schema)
