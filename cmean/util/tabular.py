"""Tables that people bring: CSV and TSV files in any encoding, unusable rows set apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from cmean.errors import InputError
from cmean.util.csv_records import RecordReader, detect_delimiter, unwrap_cells
from cmean.util.text_files import UndecodableError, decode_text, read_file_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from cmean.util.text_files import DecodedText

_NUL_BYTE: Final = "holds a NUL byte"
SHOWN_CHARACTERS: Final = 40
"""Characters of a faulty cell that a message repeats."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row, or a cell of it, that cannot be used: the number of its line, and why."""

    line: int
    detail: str


class TableRow(NamedTuple):
    """A row of a table: the number of its first line, and its cells."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of a file under a header.

    Attributes:
        path: of the file, for messages.
        header: the names of the columns, without the blanks around them.
        rows: the other rows that are not empty, as wide as the header.
        rejected: rows that cannot be used.
        notes: what a reader should know of how the file was read.
        decimal: what stands before the decimals of a number: a comma where semicolons separate
            cells.
    """

    path: Path
    header: Sequence[str]
    rows: Sequence[TableRow]
    rejected: Sequence[RejectedRow] = ()
    notes: Sequence[str] = ()
    decimal: str = "."
    _columns: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for column, name in enumerate(self.header):
            self._columns.setdefault(name.casefold(), column)

    def has_columns(self, *names: str) -> bool:
        """Tell whether the header names all these columns, in whatever case."""
        return all(name.casefold() in self._columns for name in names)

    def find_column(self, name: str) -> int:
        """Return the index of a column, named in whatever case.

        Raises:
            KeyError: there is none of that name.
        """
        return self._columns[name.casefold()]

    def get_cell(self, cells: Sequence[str], name: str) -> str:
        """Return a row's cell of a column, empty where there is no such column."""
        column = self._columns.get(name.casefold())
        return "" if column is None else cells[column]

    def require_columns(self, names: Collection[str], layout: str) -> None:
        """Check that the columns of a layout are there.

        Raises:
            InputError: one is missing.
        """
        missing = [name for name in names if not self.has_columns(name)]
        if missing:
            raise InputError(
                f"{self.path} is not laid out as {layout}: there is no column {', '.join(missing)}"
            )


def read_table(path: Path, *, hand_edited: bool = False) -> CsvTable:
    """Read a CSV or TSV file whose first row names the columns.

    The encoding is detected as by `decode_text`, the delimiter as by `detect_delimiter`. Cells lose
    the blanks around them. A row is rejected that holds a NUL byte, an open quote, or more or fewer
    cells than the header; of one that spans several lines the first alone, so that a stray quote
    costs one line.

    Args:
        path: of the file.
        hand_edited: people wrote it with a spreadsheet or an editor. Quotes count between tabs too,
            and a row may end early; data sets with tabs quote nothing.

    Raises:
        InputError: the file cannot be read, is empty, or is no text.
    """
    decoded = _read_text(path)
    if not decoded.text.strip():
        raise InputError(f"{path} is empty; its first line must name the columns")
    delimiter = detect_delimiter(decoded.text)
    quoting = delimiter != "\t" or hand_edited
    reader = RecordReader(decoded.text, delimiter, quoting=quoting)
    records = iter(reader)
    first = next(records, None)
    header = first.cells if first is not None else []
    header = _clean_cells(unwrap_cells(header, delimiter), quoting=quoting)
    if not header or "\0" in "".join(header):
        raise InputError(f"{path} is no table: its first line must name the columns")
    reader.max_quotes = 2 * len(header)
    rows, rejected = [], []
    for record in records:
        # A table of one column may have delimiters in its quoted cells.
        cells = record.cells if len(header) == 1 else unwrap_cells(record.cells, delimiter)
        cells = _clean_cells(cells, quoting=quoting)
        problem = record.problem
        if problem is None:
            lines = reader.lines_of_record
            problem = _find_problem(cells, lines, len(header), may_end_early=hand_edited)
            if problem is not None:
                reader.skip_to_next_line()
        if problem is None:
            rows.append(TableRow(record.line, (cells + [""] * len(header))[: len(header)]))
        else:
            rejected.append(RejectedRow(record.line, problem))
    decimal = "," if delimiter == ";" else "."
    return CsvTable(path, header, rows, rejected, decoded.notes, decimal)


def read_plain_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Read line number and cells, as they are, of the rows of a file with or without a header.

    A row that cannot be read ends it, since the file is the whole input of what reads it.

    Encoding, delimiter and quoting are those of `read_table`.

    Raises:
        InputError: the file cannot be read, or a row of it; the message names the line.
    """
    text = _read_text(path).text
    delimiter = detect_delimiter(text)
    for line, cells, problem, _ in RecordReader(text, delimiter):
        if problem is not None:
            raise InputError(f"{path}, line {line}: {problem}")
        if any("\0" in cell for cell in cells):
            raise InputError(f"{path}, line {line}: {_NUL_BYTE}")
        yield line, cells if len(cells) > 1 else unwrap_cells(cells, delimiter)


def _read_text(path: Path) -> DecodedText:
    try:
        return decode_text(read_file_bytes(path))
    except UndecodableError as error:
        raise InputError(f"{path} {error}") from error


def _clean_cells(cells: Sequence[str], *, quoting: bool) -> list[str]:
    return [cell.strip() if quoting else _unquote_cell(cell).strip() for cell in cells]


def _find_problem(
    cells: Sequence[str], lines: int, width: int, *, may_end_early: bool
) -> str | None:
    """Return why the cells of a record do not fit the header; None where they do."""
    if any("\0" in cell for cell in cells):
        return _NUL_BYTE
    more = any(cells[width:])
    if more or (len(cells) < width and not may_end_early):
        hint = "; put quotes around a text with separators" if more else ""
        hint = "; a quote may be opened and not closed" if lines > 1 else hint
        return f"has {len(cells)} cells, but the header has {width}{hint}"
    return None


def _unquote_cell(cell: str) -> str:
    bare = cell.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return bare[1:-1].replace('""', '"')
    return cell
