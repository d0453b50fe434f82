"""Records of a CSV text: where they begin and end, whatever their quoting."""

from __future__ import annotations

import csv
import io
import re
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIMITERS: Final = ",\t;"
_SEPARATOR_LINE: Final = re.compile('\ufeff?"?sep=([,;\t])"?', re.IGNORECASE)
_QUOTES: Final = re.compile('"+')
_QUOTED: Final = re.compile('"[^"]*"')
_WRAPPINGS: Final = 3  # times that a whole record may be quoted as one cell

csv.field_size_limit(10_000_000)
# Python's own limit of 131,072 characters is less than the rest of a file after a stray quote,
# and an error there would hide where the quote stands.


class Record(NamedTuple):
    """One row of a text.

    Attributes:
        line: the number of its first line, from 1.
        cells: as they are, with the blanks around them.
        problem: why it cannot be parsed; then `cells` is empty.
        is_open: the text, or the record, ends within quotes.
    """

    line: int
    cells: list[str]
    problem: str | None = None
    is_open: bool = False


def detect_delimiter(text: str) -> str:
    """Return the one of comma, tab and semicolon that the first line has most of.

    Those in quotes do not count, unless the whole line is quoted. A first line like ``sep=;``, as
    spreadsheets write it, names the delimiter.
    """
    line = text.lstrip("\r\n").partition("\n")[0]
    if (named := _SEPARATOR_LINE.fullmatch(line.strip("\r"))) is not None:
        return named[1]
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=(bare if any(sign in bare for sign in DELIMITERS) else line).count)


def unwrap_cells(cells: list[str], delimiter: str) -> list[str]:
    """Return the cells of a record that was quoted as a whole, once or several times."""
    for _ in range(_WRAPPINGS):
        if len(cells) != 1:
            break
        # Saved again with another delimiter, what was one cell has its own commas still.
        inner = delimiter if delimiter in cells[0] else ","
        try:
            cells = next(csv.reader(io.StringIO(cells[0], newline=""), delimiter=inner), cells)
        except csv.Error:
            break
    return cells


class RecordReader:
    """Reads the records of a text one after the other, without those that are empty.

    A first line that names the delimiter is none of them.

    A record that cannot be parsed costs its first line alone, lest a stray quote take all that
    follows with it: the next line begins another record.

    Args:
        text: of the file.
        delimiter: between cells.
        quoting: whether quotes enclose cells; if not, each line is a record.
        record_start: matches the first line of any record: one that is still open there was cut.
            It is given as far as it goes, and the next record begins at that line.
    """

    def __init__(
        self,
        text: str,
        delimiter: str,
        *,
        quoting: bool = True,
        record_start: re.Pattern[str] | None = None,
    ) -> None:
        self.delimiter = delimiter
        self.record_start = record_start
        self.max_quotes = sys.maxsize
        """Quotes that may open or close a cell in a record after its first line.

        A line at which a record opens has one or more of them, so that no line is read more often
        than this number, however many records are not closed.
        """
        self._has_quotes = quoting and '"' in text
        self._lines = list(io.StringIO(text, newline=""))
        self._position = 0
        if self._lines and _SEPARATOR_LINE.fullmatch(self._lines[0].strip("\r\n")):
            self._position = 1
        self._first = 0
        self._quotes = 0
        self._is_open = False

    def __iter__(self) -> Iterator[Record]:
        if not self._has_quotes:
            yield from self._read_lines()
        while self._position < len(self._lines):
            yield from self._read_until_error()

    @property
    def lines_of_record(self) -> int:
        """How many lines the record has that came last."""
        return self._position - self._first

    def skip_to_next_line(self) -> None:
        """Give up the record that came last: read on at the line after its first one."""
        self._position = self._first + 1  # without quotes it has one line only, and all go on

    def _read_lines(self) -> Iterator[Record]:
        """Read a text without quotes, each line of which is a record: twice as fast."""
        skipped = self._position
        lines = self._lines[skipped:]
        parser = csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        while self._position < len(self._lines):
            try:
                for cells in parser:
                    if any(map(str.strip, cells)):
                        yield Record(skipped + parser.line_num, cells)
            except csv.Error as error:
                yield Record(skipped + parser.line_num, [], _explain_error(str(error)))
            self._position = skipped + parser.line_num

    def _read_until_error(self) -> Iterator[Record]:
        """Read records until one of them needs another parser: it failed, or it is open."""
        parser = csv.reader(
            self._yield_lines(), delimiter=self.delimiter, strict=self.record_start is None
        )
        self._is_open = False
        while self._position < len(self._lines) and not self._is_open:
            self._first = self._position
            self._quotes = 0
            try:
                cells = next(parser)
            except csv.Error as error:
                self.skip_to_next_line()
                yield Record(self._first + 1, [], _explain_error(str(error)))
                return
            if any(map(str.strip, cells)):
                yield Record(self._first + 1, cells, is_open=self._is_open)

    def _yield_lines(self) -> Iterator[str]:
        while self._position < len(self._lines):
            line = self._lines[self._position]
            if self._position > self._first:
                if self.record_start is not None and self.record_start.match(line):
                    break
                self._quotes += sum(len(run) % 2 for run in _QUOTES.findall(line))
                if self._quotes > self.max_quotes:
                    break
            self._position += 1
            yield line
        # The parser asks for a line only if it needs one, so the record is not closed.
        self._is_open = True


def _explain_error(message: str) -> str:
    if "end of data" in message:
        return "a quote is opened but not closed"
    if "field limit" in message:
        return "a cell is too long; a quote may be opened and not closed"
    return f"not CSV: {message}"
