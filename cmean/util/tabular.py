"""A text file of rows and columns, whatever its encoding and delimiter; bad rows set apart."""

from __future__ import annotations

import csv
import io
import re
import sys
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
_SEEN: Final = 1 << 16  # characters that tell text from other bytes
_FEWEST: Final = 10  # characters of a text for each that no text has, at least
_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_QUOTES: Final = re.compile('"+')


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
    than the header; of one that spans several lines the first alone, lest a stray quote take all
    that follows with it.

    Args:
        path: of the file.
        filled_in: people wrote it by a spreadsheet or an editor. Quotes count between tabs too, a
            row may end early, and lines within a cell are kept; data sets with tabs quote nothing.

    Raises:
        InputError: the file cannot be read, is empty, or is no text.
    """
    text, notes = _text(path)
    _check_text(path, text)
    delimiter = max(_DELIMITERS, key=text.lstrip("\r\n").partition("\n")[0].count)
    plain = delimiter == "\t" and not filled_in
    lines = _Lines(text, delimiter, quoting=not plain)
    header = lines.header()
    if not header or "\0" in "".join(header):
        raise InputError(f"{path} is no table: its first line must name the columns")
    rejected: list[RejectedRow] = []
    kept = list(lines.rows(len(header), rejected, ragged=filled_in))
    return Sheet(path, header, kept, rejected, notes, "," if delimiter == ";" else ".")


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
            if data[:2] not in _MARKS:
                _check_text(path, data.decode(encoding, "replace"))
            raise InputError(f"{path} is not whole UTF-16 text; save it as UTF-8") from error
    return _line_by_line(data)


def _check_text(path: Path, text: str) -> None:
    if len(_NO_TEXT.findall(text, 0, _SEEN)) * _FEWEST > min(len(text), _SEEN):
        raise InputError(f"{path} is no text that can be read; give a CSV or TSV file in UTF-8")


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


class _UnfitError(Exception):
    """A row cannot be used; the message says why."""


class _Lines:
    """The lines of a text, read record by record; one may span several lines, by its quotes.

    Where a record cannot be used its first line is passed over, and the next one begins another.
    """

    def __init__(self, text: str, delimiter: str, *, quoting: bool) -> None:
        self.lines = list(io.StringIO(text, newline=""))
        self.delimiter = delimiter
        self.quoting = quoting
        self.at = 0

    def header(self) -> list[str]:
        """The cells of the first record that is not empty; none where there is no such record."""
        while self.at < len(self.lines):
            try:
                cells, spanned = self._record(sys.maxsize)
            except _UnfitError:
                return []
            self.at += spanned
            if any(cells):
                return cells
        return []

    def rows(
        self, width: int, rejected: list[RejectedRow], *, ragged: bool
    ) -> Iterator[tuple[int, Sequence[str]]]:
        """The other records that are not empty, with the number of their first line.

        Args:
            width: cells of each.
            rejected: gets the others.
            ragged: a record may have fewer.
        """
        while self.at < len(self.lines):
            spanned = 1
            line = self.at + 1
            try:
                cells, many = self._record(2 * width)
                if any(cells):
                    _check_width(cells, many, width, ragged=ragged)
                    yield line, (cells + [""] * width)[:width]
                spanned = many
            except _UnfitError as error:
                rejected.append(RejectedRow(line, str(error)))
            self.at += spanned

    def _record(self, quotes: int) -> tuple[list[str], int]:
        """The cells of the record that begins here, and how many lines it spans.

        Args:
            quotes: how many quotes it may have after its first line that open or close a cell.

        Raises:
            _UnfitError: it is no record.
        """
        reader = csv.reader(
            self._ahead(quotes),
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoting else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            row = next(reader)
        except csv.Error as error:
            raise _UnfitError(_explained(str(error))) from error
        cells = row if self.quoting else map(_unquoted, row)
        return [cell.strip() for cell in cells], reader.line_num

    def _ahead(self, quotes: int) -> Iterator[str]:
        """The lines from here on, until there are more quotes than a record has.

        A line at which a record opens has one or more of those, so that none is read more often
        than a record has quotes, however many records are not closed.
        """
        yield self.lines[self.at]
        for number in range(self.at + 1, len(self.lines)):
            quotes -= sum(len(run) % 2 for run in _QUOTES.findall(self.lines[number]))
            if quotes < 0:
                return
            yield self.lines[number]


def _check_width(cells: Sequence[str], lines: int, width: int, *, ragged: bool) -> None:
    if any("\0" in cell for cell in cells):
        raise _UnfitError("holds a NUL byte")
    more = any(cells[width:])
    if more or (len(cells) < width and not ragged):
        hint = "; put quotes around a text with separators" if more else ""
        hint = "; a quote may be opened and not closed" if lines > 1 else hint
        raise _UnfitError(f"has {len(cells)} cells, but the header has {width}{hint}")


def _explained(said: str) -> str:
    if "end of data" in said:
        return "a quote is opened but not closed"
    if "field limit" in said:
        return "a cell is too long; a quote may be opened and not closed"
    return f"not CSV: {said}"


def _unquoted(cell: str) -> str:
    bare = cell.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        return bare[1:-1].replace('""', '"')
    return cell
