"""Reading what raters filled in: CSV files as spreadsheets and survey tools write them."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.catalog.ratings import HIGHEST, LONGEST_RATER
from cmean.domain import LONGEST_SECONDS
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ANSWERS: Final = ("congruence", "preferred")
"""The columns that hold an answer."""

_SUBJECTS: Final = ("code", "pair_id")
"""The columns that say what an answer is about: of a sheet, and of an export."""

_DELIMITERS: Final = (",", ";", "\t")

_SCALE: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file.

    Attributes:
        number: of the line that it begins on, from 1.
        fields: by the name of the column, as they stand there.
        decimal: the sign before the decimals of a number.
        surplus: whether there are more fields than columns.
    """

    number: int
    fields: Mapping[str, str]
    decimal: str
    surplus: bool

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    @property
    def answered(self) -> bool:
        """Whether there is an answer at all."""
        return any(self[name] for name in ANSWERS)


def read(path: Path) -> list[Line]:
    """The rows of a file but for empty ones: UTF-8, separated by comma, semicolon or tab.

    Raises:
        InputError: it cannot be read, is not UTF-8 CSV, or lacks the columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text; save it as CSV UTF-8") from error
    try:
        return list(_rows(path, text))
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file: {error}") from error


def _rows(path: Path, text: str) -> Iterator[Line]:
    lines = io.StringIO(text, newline="")
    delimiter = max(_DELIMITERS, key=lines.readline().count)
    lines.seek(0)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    while names and not names[-1]:
        names.pop()
    _check(path, names)
    decimal = "," if delimiter == ";" else "."
    begins = reader.line_num + 1
    for row in reader:
        if any(cell.strip() for cell in row):
            surplus = any(cell.strip() for cell in row[len(names) :])
            fields = dict.fromkeys(names, "") | dict(zip(names, row, strict=False))
            yield Line(begins, fields, decimal, surplus)
        begins = reader.line_num + 1


def _check(path: Path, names: list[str]) -> None:
    if not any(name in names for name in _SUBJECTS) or not any(n in names for n in ANSWERS):
        raise InputError(
            f"{path}: the first line must name the columns of a sheet (code, congruence or "
            "preferred, rater) or of an export (pair_id, rater, congruence, preferred)"
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise InputError(f"{path}: the column {min(twice)!r} is there twice")


def congruence(text: str) -> int | None:
    """A rating 1..5; None where there is none.

    Raises:
        InputError: it is none of these.
    """
    if not text:
        return None
    for value in _SCALE:
        if text in {str(value), f"{value}.0"}:
            return value
    raise InputError(f"congruence must be a whole number from 1 to 5, not {text!r}")


def one_of(text: str, known: tuple[str, str], name: str) -> str | None:
    """One of two words, in whatever case; None where there is none.

    Raises:
        InputError: it is another.
    """
    if not text:
        return None
    if text.lower() not in known:
        raise InputError(f"{name} must be {known[0]} or {known[1]}, not {text!r}")
    return text.lower()


def identifier(text: str, name: str) -> int:
    """A key of the catalog.

    Raises:
        InputError: it is none.
    """
    digits = text.removesuffix(".0")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= len(str(HIGHEST))
    if not plain or not 0 < int(digits) <= HIGHEST:
        raise InputError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(digits)


def seconds(text: str, decimal: str = ".") -> float | None:
    """How long an answer took; None where that is not said.

    Raises:
        InputError: it is no number from 0 to `LONGEST_SECONDS`.
    """
    if not text:
        return None
    try:
        value = float(text.replace(decimal, "."))
    except ValueError:
        value = math.nan
    if not 0 <= value <= LONGEST_SECONDS:
        raise InputError(f"seconds must be a number from 0 to {LONGEST_SECONDS:,}, not {text!r}")
    return value


def rater(text: str) -> str:
    """The name of a rater, on one line.

    Raises:
        InputError: there is none, or no database takes it.
    """
    name = " ".join(text.split())
    if not name:
        raise InputError("there is no rater; fill in the column, or name one with --rater")
    if len(name) > LONGEST_RATER:
        raise InputError(f"a rater's name has at most {LONGEST_RATER} characters")
    return _words(name, "the rater's name")


def comment(text: str) -> str | None:
    """A comment, its lines parted by line feeds; None where there is none.

    Raises:
        InputError: no database takes it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _words(lines, "the comment") if lines.strip() else None


def _words(text: str, name: str) -> str:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InputError(f"{name} holds a character that is no text")
    return text
