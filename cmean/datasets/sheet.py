"""A text file of rows and columns, whatever its encoding and delimiter; bad rows set apart."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_DELIMITERS: Final = ",\t;"
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_LOOKED_AT: Final = 4096  # bytes that tell UTF-16 without a mark
_SHARE: Final = 0.4  # of zero bytes among those at odd or at even places


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A line, or a cell of it, that cannot be used, and why."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, each with the number of its first line.

    Attributes:
        path: of the file, for messages.
        header: the cells of the first row, without the blanks around them.
        rows: the other rows that are not empty, as wide as the header.
        rejected: rows that cannot be used.
        notes: what a reader should know of how the file was read.
        decimal: what stands before the decimals of a number: a comma where semicolons part cells.
    """

    path: Path
    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    rejected: Sequence[RejectedRow]
    notes: Sequence[str]
    decimal: str = "."

    def has(self, *columns: str) -> bool:
        """Whether the header names all these columns."""
        return set(columns) <= set(self.header)

    def column(self, name: str) -> int:
        """Where a column stands."""
        return list(self.header).index(name)


def read_sheet(path: Path, *, filled_in: bool = False) -> Sheet:
    """Read a CSV or TSV file.

    The delimiter is the one of comma, tab and semicolon that the first line has most of. UTF-8 and
    UTF-16 are told apart; a line that is not UTF-8 is read as Windows-1252. Cells lose the blanks
    around them. A row is rejected that holds a NUL byte, an open quote, or more or fewer cells
    than the header.

    Args:
        path: of the file.
        filled_in: people wrote it by a spreadsheet or an editor. Quotes count between tabs too, a
            row may end early, and lines within a cell are kept; data sets with tabs quote nothing.

    Raises:
        InputError: the file cannot be read, is empty, or is no text.
    """
    text, notes = _text(path)
    rejected: list[RejectedRow] = []
    delimiter = max(_DELIMITERS, key=text.lstrip("\r\n").partition("\n")[0].count)
    quoting = filled_in or delimiter != "\t"
    rows = _rows(text, delimiter, rejected, quoting=quoting, ragged=filled_in)
    _, header = next(rows, (0, []))
    if not header or "\0" in "".join(header):
        raise InputError(f"{path} is no table: its first line must name the columns")
    return Sheet(path, header, list(rows), rejected, notes, "," if delimiter == ";" else ".")


def require(sheet: Sheet, columns: Collection[str], layout: str) -> None:
    """See that a sheet has the columns of a layout.

    Raises:
        InputError: one lacks.
    """
    lacking = [name for name in columns if name not in sheet.header]
    if lacking:
        raise InputError(
            f"{sheet.path} is not laid out as {layout}: there is no column {', '.join(lacking)}"
        )


def _text(path: Path) -> tuple[str, list[str]]:
    try:
        if path.is_char_device() or path.is_block_device():  # some of them never end
            raise InputError(f"{path} is a device; name a file")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name a file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error
    if not data.strip():
        raise InputError(f"{path} is empty; its first line must name the columns")
    encoding = _MARKS.get(data[:2]) or _without_mark(data[:_LOOKED_AT])
    try:
        return data.decode(encoding or "utf-8-sig"), []
    except UnicodeDecodeError as error:
        if encoding:
            raise InputError(f"{path} is not whole UTF-16 text; save it as UTF-8") from error
    return _line_by_line(data)


def _without_mark(start: bytes) -> str | None:
    """UTF-16 that does not say so: of text in Latin letters every other byte is zero."""
    half = len(start) // 2
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if half and zeros.count(0) > _SHARE * half:
            return encoding
    return None


def _line_by_line(data: bytes) -> tuple[str, list[str]]:
    lines, others = [], []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(_windows(line))
            others.append(number)
    were = "1 line is not UTF-8 and was" if len(others) == 1 else f"{len(others)} lines are not"
    were += "" if len(others) == 1 else " UTF-8 and were"
    note = f"{were} read as Windows-1252, the first of them line {others[0]}"
    return "\n".join(lines), [note]


def _windows(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:  # five bytes that it does not define
        return line.decode("latin-1")


class _Lines:
    """The lines of a text, of which one can go back to any: `at` is the place of the next."""

    def __init__(self, text: str) -> None:
        self.at = 0
        self._lines = io.StringIO(text, newline="").readlines()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at == len(self._lines):
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1]


def _rows(
    text: str, delimiter: str, rejected: list[RejectedRow], *, quoting: bool, ragged: bool
) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, the header first and the others as wide as it is.

    Each comes with the number of its first line. Of a row that cannot be used only that line is
    lost: a quote that was not meant would swallow those that follow it.
    """
    lines = _Lines(text)
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    width = 0
    while True:
        begin = lines.at
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, wrong = [], _explained(str(error))
        else:
            cells = [cell.strip() if quoting else _unquoted(cell) for cell in row]
            if not any(cells):
                continue
            wrong = _wrong(cells, width, ragged=ragged) if width else ""
        if wrong and width:
            rejected.append(RejectedRow(begin + 1, wrong))
            lines.at = begin + 1
        else:
            width = width or len(cells)
            yield begin + 1, (cells + [""] * width)[:width]


def _wrong(cells: Sequence[str], width: int, *, ragged: bool) -> str:
    """Why a row cannot be used; empty where it can."""
    if any("\0" in cell for cell in cells):
        return "holds a NUL byte"
    if any(cells[width:]):
        more = "put quotes around a text with separators"
        return f"has {len(cells)} cells, but the header has {width}; {more}"
    if len(cells) < width and not ragged:
        return f"has {len(cells)} cells, but the header has {width}"
    return ""


def _explained(said: str) -> str:
    if "end of data" in said:
        return "a quote is opened but not closed"
    if "field limit" in said:
        return "a cell is too long; a quote may be opened and not closed"
    return f"not CSV: {said}"


def _unquoted(cell: str) -> str:
    bare = cell.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return bare[1:-1].replace('""', '"').strip()
    return bare
