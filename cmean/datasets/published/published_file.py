"""One published file, row by row, with a remark on whatever cannot be used.

The study's files wrap whole lines in quotes of their own, some cells three times. A record that is
still open where the next line begins like a record was cut, and only it is lost.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.datasets.published.columns import find_columns
from cmean.datasets.published.model import Problem
from cmean.errors import InputError
from cmean.util.csv_records import RecordReader, detect_delimiter, unwrap_cells
from cmean.util.hashing import hash_parts
from cmean.util.tabular import SHOWN_CHARACTERS
from cmean.util.text_files import UndecodableError, decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cmean.datasets.published.columns import ColumnLayout
    from cmean.datasets.published.files import FileLayout
    from cmean.util.csv_records import Record

_ROWS_TO_COMPARE: Final = 3  # rows that tell how long a last cell is
FILE_NAME: Final = re.compile(r"[^\n]+\.\w{1,5}")
"""The name of a file, with its suffix."""


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row: the number of its first line, its cells by field, and whether it was cut short."""

    line: int
    cells: Mapping[str, str]
    is_cut: bool = False


class PublishedFileReader:
    """Reads one file.

    Args:
        layout: of the file.
        path: where it lies.
        shown: its name in remarks.

    Attributes:
        problems: remarks on what cannot be used.
        sha256: of the file's bytes; None before they are read.
        lines: the first line of each name that was read.
    """

    def __init__(self, layout: FileLayout, path: Path, shown: str) -> None:
        self.layout = layout
        self.path = path
        self.shown = shown
        self.sha256: str | None = None
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.delimiter = ","

    def add_problem(self, line: int | None, detail: str) -> None:
        """Add a remark on what cannot be used."""
        self.problems.append(Problem(self.shown, line, detail))

    def read_rows(self) -> list[PublishedRow]:
        """Read the rows that have all columns, and those that were cut short, which are marked."""
        text = self._read_text()
        self.delimiter = detect_delimiter(text)
        records = iter(RecordReader(text, self.delimiter, record_start=self.layout.record_start))
        header = next(records, None)
        if header is None:
            if self.sha256 is not None and not self.problems:
                self.add_problem(None, "is empty")
            return []
        try:
            cells = unwrap_cells(header.cells, self.delimiter)
            columns = find_columns(cells, self.layout.columns)
        except InputError as error:
            self.add_problem(1, f"{error}; the file is not used")
            return []
        rows = [row for record in records for row in self._read_record(record, columns)]
        if rows and not text.endswith("\n") and not rows[-1].is_cut:
            rows = self._check_last_row(rows, columns.last_field)
        if not rows and not self.problems:
            self.add_problem(None, "has a header, but no rows")
        return rows

    def read_whole_rows(self) -> Iterator[PublishedRow]:
        """Read the rows that are not cut."""
        return (row for row in self.read_rows() if not row.is_cut)

    def _read_text(self) -> str:
        """Read a text with LF between lines, as in published captions; empty if unreadable."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            self.add_problem(None, f"cannot be read: {error.strerror}")
            return ""
        self.sha256 = hash_parts([data])
        try:
            decoded = decode_text(data)
        except UndecodableError as error:
            self.add_problem(None, str(error))
            return ""
        for note in decoded.notes:
            self.add_problem(None, f"{note}; letters may be wrong")
        return decoded.text.replace("\r\n", "\n").replace("\r", "\n")

    def _read_record(self, record: Record, columns: ColumnLayout) -> Iterator[PublishedRow]:
        line, cells, problem, is_open = record
        if problem is not None:
            self.add_problem(line, problem)
            return
        cells = unwrap_cells(cells, self.delimiter)
        while len(cells) > columns.width and not cells[-1].strip():
            cells.pop()
        if is_open:
            self.add_problem(line, "is cut short: its quotes are not closed")
        elif any("\0" in cell for cell in cells):
            self.add_problem(line, "holds null characters")
            return
        elif len(cells) != columns.width:
            more = "; it may be cut short" if len(cells) < columns.width else ""
            self.add_problem(line, f"columns: {len(cells)} instead of {columns.width}{more}")
        padded = cells + [""] * columns.width
        by_field = {field: padded[index] for field, index in columns.indices.items()}
        yield PublishedRow(line, by_field, is_open or len(cells) != columns.width)

    def _check_last_row(self, rows: list[PublishedRow], last: str) -> list[PublishedRow]:
        """Mark the last row as cut where its last cell is shorter than those of other rows.

        A last line without a line end may be cut within its last cell.
        """
        cell, *others = (row.cells[last].strip().strip('"') for row in reversed(rows))
        if len(others) < _ROWS_TO_COMPARE:
            return rows
        suffixes = {other.rpartition(".")[2] for other in others}
        are_names = all(map(FILE_NAME.fullmatch, others)) and not any(
            _parse_number(other) is not None for other in others
        )
        if (are_names and cell.rpartition(".")[2] not in suffixes) or (
            not are_names and len(cell) < min(map(len, others))
        ):
            shown = repr(cell[:SHOWN_CHARACTERS])
            self.add_problem(rows[-1].line, f"is cut short: the file ends within {shown}")
            return [*rows[:-1], PublishedRow(rows[-1].line, rows[-1].cells, is_cut=True)]
        return rows

    def get_file_name(self, row: PublishedRow, field: str = "name") -> str | None:
        """Return the file name in a cell; None, with a remark, where there is none."""
        name = strip_quotes(row.cells[field])
        if FILE_NAME.fullmatch(name):
            return name
        shown = repr(name[:SHOWN_CHARACTERS])
        self.add_problem(
            row.line, f"{shown} is not the name of a file" if name else "holds no file's name"
        )
        return None

    def is_first(self, row: PublishedRow, name: str) -> bool:
        """Return whether a name is new; if not, there is a remark."""
        line = self.lines.setdefault(name, row.line)
        if line != row.line:
            shown = repr(name[:SHOWN_CHARACTERS])
            self.add_problem(row.line, f"{shown} stands on line {line} already; the first counts")
        return line == row.line

    def get_cosine(self, row: PublishedRow, field: str = "value") -> float | None:
        """Return the cosine in a cell; None, with a remark, where it is no number from -1 to 1."""
        text = strip_quotes(row.cells[field])
        number = _parse_number(text.replace(",", ".") if self.delimiter == ";" else text)
        if number is None or not -1 <= number <= 1:
            shown = repr(text[:SHOWN_CHARACTERS]) if text else "an empty cell"
            self.add_problem(row.line, f"{shown} is not a number from -1 to 1")
            return None
        return number


def strip_quotes(cell: str) -> str:
    """Return a cell without the quotes and spaces around it."""
    return cell.strip().strip('"').strip()


def _parse_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
