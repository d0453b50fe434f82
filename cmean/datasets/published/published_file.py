"""One published file, row by row, with a remark on whatever cannot be used."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from cmean.datasets.published.model import Problem
from cmean.datasets.published.records import Record, UnfitError, cells, decode, header, split
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cmean.datasets.published.files import File

SHOWN: Final = 40
"""Characters of a faulty cell that a remark repeats."""
_FEW: Final = 3  # rows that tell how long a last cell is
NAME: Final = re.compile(r"[^\n]+\.\w{1,5}")
"""The name of a file, with its suffix."""


class Reader:
    """Reads one file; `problems` gathers what cannot be used, `sha256` is that of its bytes."""

    def __init__(self, file: File, path: Path, shown: str) -> None:
        self.file = file
        self.path = path
        self.shown = shown
        self.sha256: str | None = None
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.delimiter = ","

    def refuse(self, line: int | None, detail: str) -> None:
        """Say why something cannot be used."""
        self.problems.append(Problem(self.shown, line, detail))

    def rows(self) -> list[Record]:
        """The rows that have all columns, those that were cut short too, which are marked."""
        text = self._text()
        found = split(text, self.file.starts)
        _, first, _ = next(found, (0, "", False))
        if not first:
            if self.sha256 is not None:
                self.refuse(None, "is empty")
            return []
        try:
            self.delimiter, at, width = header(first, self.file.columns)
        except UnfitError as error:
            self.refuse(1, f"{error}; the file is not used")
            return []
        rows = list(self._rows(found, at, width))
        if rows and not text.endswith("\n") and not rows[-1].cut:
            rows = self._with_a_doubtful_end(rows, max(at, key=lambda field: at[field]))
        if not rows and not self.problems:
            self.refuse(None, "has a header, but no rows")
        return rows

    def _text(self) -> str:
        try:
            data = self.path.read_bytes()
        except OSError as error:
            self.refuse(None, f"cannot be read: {error.strerror}")
            return ""
        self.sha256 = hash_parts([data])
        text, guessed = decode(data)
        if guessed:
            self.refuse(None, "is not UTF-8: read as Windows-1252, letters may be wrong")
        return text

    def _rows(
        self, found: Iterator[tuple[int, str, bool]], at: dict[str, int], width: int
    ) -> Iterator[Record]:
        for line, record, is_open in found:
            try:
                row = cells(record, self.delimiter)
            except UnfitError as error:
                self.refuse(line, f"is no CSV: {error}")
                continue
            if not any(map(str.strip, row)):
                continue
            while len(row) > width and not row[-1].strip():
                row.pop()
            cut = is_open or len(row) != width
            if is_open:
                self.refuse(line, "is cut short: its quotes are not closed")
            elif "\0" in record:
                self.refuse(line, "holds null characters")
                continue
            elif cut:
                more = "; it may be cut short" if len(row) < width else ""
                self.refuse(line, f"columns: {len(row)} instead of {width}{more}")
            padded = row + [""] * width
            yield Record(line, {field: padded[index] for field, index in at.items()}, cut)

    def _with_a_doubtful_end(self, rows: list[Record], last: str) -> list[Record]:
        """A last line without a line end may be cut: then its last cell tells."""
        cell, *others = (row.cells[last].strip().strip('"') for row in reversed(rows))
        if len(others) < _FEW:
            return rows
        suffixes = {other.rpartition(".")[2] for other in others}
        named = all(map(NAME.fullmatch, others)) and not any(map(_is_number, others))
        if (named and cell.rpartition(".")[2] not in suffixes) or (
            not named and len(cell) < min(map(len, others))
        ):
            self.refuse(rows[-1].line, f"is cut short: the file ends within {cell[:SHOWN]!r}")
            return [*rows[:-1], Record(rows[-1].line, rows[-1].cells, cut=True)]
        return rows

    def whole_rows(self) -> Iterator[Record]:
        """The rows that are not cut."""
        return (row for row in self.rows() if not row.cut)

    def name(self, row: Record, field: str = "name") -> str | None:
        """The file name in a cell; None, with a remark, where there is none."""
        name = bare(row.cells[field])
        if NAME.fullmatch(name):
            return name
        found = f"{name[:SHOWN]!r} is not the name of a file" if name else "holds no file's name"
        self.refuse(row.line, found)
        return None

    def first(self, row: Record, name: str) -> bool:
        """Whether a name is new; if not, there is a remark."""
        line = self.lines.setdefault(name, row.line)
        if line != row.line:
            self.refuse(
                row.line, f"{name[:SHOWN]!r} stands on line {line} already; the first counts"
            )
        return line == row.line

    def cosine(self, row: Record, field: str = "value") -> float | None:
        """The cosine in a cell; None, with a remark, where it is no number from -1 to 1."""
        text = bare(row.cells[field])
        number = _number(text.replace(",", ".") if self.delimiter == ";" else text)
        if number is None or not -1 <= number <= 1:
            shown = repr(text[:SHOWN]) if text else "an empty cell"
            self.refuse(row.line, f"{shown} is not a number from -1 to 1")
            return None
        return number


def bare(cell: str) -> str:
    """A cell without quotes and spaces around it."""
    return cell.strip().strip('"').strip()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_number(text: str) -> bool:
    return _number(text) is not None
