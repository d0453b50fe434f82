"""Records of a CSV file that may be quoted oddly, cut, or saved by another program.

The study's files wrap whole lines in quotes of their own, some cells thrice, so that a plain
reader sees one field. A record ends where its quotes are balanced, or where the next line begins
like a record: then it was cut, and only it is lost.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DELIMITERS: Final = (",", ";", "\t")
LARGEST: Final = 10_000_000
"""Characters of one cell; the reader's own limit is far smaller than a cut file's rest may be."""
_NOT_PLAIN: Final = re.compile("[^a-z0-9]")
_WRAPPINGS: Final = 3
_BOMS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line where it begins, its cells by field, and whether it was cut short."""

    line: int
    cells: Mapping[str, str]
    cut: bool = False


class UnfitError(Exception):
    """A file, or a row of it, cannot be used; the message says why."""


def decode(data: bytes) -> tuple[str, bool]:
    """The text of a file with its line ends as ``\\n``, and whether its encoding was a guess.

    UTF-8, or UTF-16 where the first bytes say so; else Windows-1252 is guessed.
    """
    encoding, guessed = "utf-8-sig", False
    if data.startswith(_BOMS):
        encoding = "utf-16"
    elif b"\0" in data[:2]:  # of two bytes a letter, without the mark
        encoding = "utf-16-be" if data.startswith(b"\0") else "utf-16-le"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, guessed = data.decode("cp1252", errors="replace"), True
    return text.replace("\r\n", "\n").replace("\r", "\n"), guessed


def split(text: str, starts: re.Pattern[str]) -> Iterator[tuple[int, str, bool]]:
    """The records of a text, empty lines passed over.

    Args:
        text: with line ends ``\\n``.
        starts: matches the first line of any record.

    Yields:
        The number of its first line, the record, and whether it was cut short.
    """
    lines: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), start=1):
        if lines and starts.match(line):
            yield first, "\n".join(lines), True
            lines = []
        if not lines:
            first = number
            if not line.strip():
                continue
        lines.append(line)
        if sum(part.count('"') for part in lines) % 2 == 0:
            yield first, "\n".join(lines), False
            lines = []
    if lines:
        yield first, "\n".join(lines).rstrip("\n"), True


def cells(record: str, delimiter: str) -> list[str]:
    """The cells of a record, taken out of as many quotes as it is wrapped in.

    Raises:
        UnfitError: it is no CSV.
    """
    found = _parse(record, delimiter)
    for _ in range(_WRAPPINGS):
        # Saved again with another delimiter, what was one cell has its own commas still.
        inner = next((each for each in (delimiter, ",") if each in "".join(found)), None)
        if len(found) != 1 or inner is None:
            break
        found = _parse(found[0], inner)
    return found


def _parse(record: str, delimiter: str) -> list[str]:
    csv.field_size_limit(LARGEST)
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise UnfitError(str(error)) from error


def plain(name: str) -> str:
    """A column's name without case, accents, spaces and signs: what survives another program."""
    return _NOT_PLAIN.sub("", unicodedata.normalize("NFKD", name).casefold())


def header(record: str, columns: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, int], int]:
    """How the columns lie, by the first record of a file.

    Args:
        record: the header.
        columns: field → the names that its column may have.

    Returns:
        The delimiter, field → index, and the number of columns.

    Raises:
        UnfitError: a column is missing.
    """
    lacking = list(columns)
    for delimiter in DELIMITERS:
        names = [plain(cell) for cell in cells(record, delimiter)]
        at = {
            field: names.index(plain(name))
            for field, known in columns.items()
            for name in known
            if plain(name) in names
        }
        if len(at) == len(columns):
            return delimiter, at, len(names)
        lacking = min(lacking, [field for field in columns if field not in at], key=len)
    listed = ", ".join(repr(columns[field][0]) for field in lacking)
    raise UnfitError(f"its first line does not name the column{'s' * bool(lacking[1:])} {listed}")
