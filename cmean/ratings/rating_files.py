"""Reading what raters filled in: CSV files as spreadsheets and survey tools write them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.catalog.ratings import HIGHEST, LONGEST_RATER
from cmean.domain import LONGEST_SECONDS
from cmean.errors import InputError
from cmean.util.tabular import read_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.util.tabular import Sheet

ANSWERS: Final = ("congruence", "preferred")
"""The columns that hold an answer."""

_SUBJECTS: Final = ("code", "pair_id")
"""The columns that say what an answer is about: of a sheet, and of an export."""

_SCALE: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file.

    Attributes:
        number: of the line that it begins on, from 1.
        fields: by the name of the column.
        decimal: the sign before the decimals of a number.
    """

    number: int
    fields: Mapping[str, str]
    decimal: str

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def answered(self) -> bool:
        """Whether there is an answer at all."""
        return any(self[name] for name in ANSWERS)


def read(path: Path) -> tuple[list[Line], Sheet]:
    """The rows of a file, but for empty ones and those that cannot be read, and the file itself.

    Raises:
        InputError: it cannot be read, is no table, or lacks the columns.
    """
    sheet = read_sheet(path, filled_in=True)
    names = [name.lower() for name in sheet.header]
    _check(path, names)
    lines = [
        Line(number, dict(zip(names, cells, strict=True)), sheet.decimal)
        for number, cells in sheet.rows
    ]
    return lines, sheet


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
    """A comment without blanks around it, its lines parted by line feeds; None where there is none.

    Raises:
        InputError: no database takes it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _words(lines, "the comment") if lines else None


def _words(text: str, name: str) -> str:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InputError(f"{name} holds a character that is no text")
    return text
