"""CSV files of ratings, as raters, spreadsheets and survey tools write them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.catalog.ratings import HIGHEST, LONGEST_RATER
from cmean.domain import LONGEST_SECONDS
from cmean.errors import InputError
from cmean.util.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.util.tabular import CsvTable

ANSWERS: Final = ("congruence", "preferred")
"""The columns that hold an answer."""

_SUBJECTS: Final = ("code", "pair_id")
"""The columns that say what an answer is about: of a sheet, and of an export."""

_SCALE: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class RatingLine:
    """A row of a file of ratings.

    Attributes:
        number: of the line that it begins on, from 1.
        fields: by the name of the column.
        decimal: the decimal separator of numbers.
    """

    number: int
    fields: Mapping[str, str]
    decimal: str

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def is_answered(self) -> bool:
        """Whether any column holds an answer."""
        return any(self[name] for name in ANSWERS)


def read_rating_file(path: Path) -> tuple[list[RatingLine], CsvTable]:
    """Read the rows of a file that can be used, and the table that has the others and the notes.

    Raises:
        InputError: it cannot be read, is no table, or lacks the columns.
    """
    table = read_table(path, hand_edited=True)
    names = [name.lower() for name in table.header]
    _check_columns(path, names)
    lines = [
        RatingLine(number, dict(zip(names, cells, strict=True)), table.decimal)
        for number, cells in table.rows
    ]
    return lines, table


def _check_columns(path: Path, names: list[str]) -> None:
    if not any(name in names for name in _SUBJECTS) or not any(n in names for n in ANSWERS):
        raise InputError(
            f"{path}: the first line must name the columns of a sheet (code, congruence or "
            "preferred, rater) or of an export (pair_id, rater, congruence, preferred)"
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise InputError(f"{path}: the column {min(twice)!r} is there twice")


def parse_congruence(text: str) -> int | None:
    """Return a rating 1..5; None where the cell is empty.

    Raises:
        InputError: it is not a whole number from 1 to 5.
    """
    if not text:
        return None
    for value in _SCALE:
        if text in {str(value), f"{value}.0"}:
            return value
    raise InputError(f"congruence must be a whole number from 1 to 5, not {text!r}")


def parse_choice(text: str, known: tuple[str, str], name: str) -> str | None:
    """Return one of two words, given in whatever case; None where the cell is empty.

    Raises:
        InputError: it is another word.
    """
    if not text:
        return None
    if text.lower() not in known:
        raise InputError(f"{name} must be {known[0]} or {known[1]}, not {text!r}")
    return text.lower()


def parse_identifier(text: str, name: str) -> int:
    """Return a key of the catalog.

    Raises:
        InputError: it is not a positive whole number.
    """
    digits = text.removesuffix(".0")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= len(str(HIGHEST))
    if not plain or not 0 < int(digits) <= HIGHEST:
        raise InputError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(digits)


def parse_seconds(text: str, decimal: str = ".") -> float | None:
    """Return how many seconds an answer took; None where the cell is empty.

    Raises:
        InputError: it is not a number from 0 to `LONGEST_SECONDS`.
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


def parse_rater(text: str) -> str:
    """Return the name of a rater on one line.

    Raises:
        InputError: it is empty, too long, or has characters that a database refuses.
    """
    name = " ".join(text.split())
    if not name:
        raise InputError("there is no rater; fill in the column, or name one with --rater")
    if len(name) > LONGEST_RATER:
        raise InputError(f"a rater's name has at most {LONGEST_RATER} characters")
    return _check_characters(name, "the rater's name")


def parse_comment(text: str) -> str | None:
    """Return a comment without blanks around it, with LF between its lines; None if it is empty.

    Raises:
        InputError: it has characters that a database refuses.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _check_characters(lines, "the comment") if lines else None


def _check_characters(text: str, name: str) -> str:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InputError(f"{name} holds a character that is no text")
    return text
