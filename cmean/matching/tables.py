"""CSV files of vectors, and of the pairs made from them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.errors import InputError
from cmean.matching.vectors import HIGHEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from cmean.matching.methods import Matching

VECTORS: Final = {3: "whole", 15: "concatenated"}
"""What a row of so many numbers is: one triple, or those of the whole and of its four fragments."""

_NUMBERS: Final = {str(number): number for number in range(HIGHEST + 1)}
_SHOWN: Final = 40  # characters of a faulty cell that a message repeats


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named vectors: `vectors` has shape (len(names), 3 or 15); the names are unique."""

    names: Sequence[str]
    vectors: NDArray[np.uint8]

    @property
    def vector(self) -> str:
        """What a row is: ``whole`` or ``concatenated``."""
        return VECTORS[self.vectors.shape[1]]


def read_sides(tracks: Path, artworks: Path) -> tuple[Table, Table]:
    """Read the two files of a matching.

    Raises:
        InputError: a file cannot be used (see `read`), or their rows are of different widths.
    """
    sides = read(tracks), read(artworks)
    widths = [side.vectors.shape[1] for side in sides]
    if widths[0] != widths[1]:
        raise InputError(
            f"{tracks} has {widths[0]} numbers a row, but {artworks} has {widths[1]}; "
            "both need the same"
        )
    return sides


def read(path: Path) -> Table:
    """Read a CSV file: column 1 a name, then 3 or 15 integers 0..255, the same in all rows.

    UTF-8, with or without a byte order mark. The first row is taken for a header when none of its
    columns after the first holds a number. Empty rows are passed over.

    Raises:
        InputError: it cannot be read, or is not such a file; the message names file and line.
    """
    lines: dict[str, int] = {}  # the line of each name
    widths: Collection[int] = VECTORS
    numbers = bytearray()
    for position, (line, row) in enumerate(_rows(path)):
        if position == 0 and _is_header(row):
            continue
        try:
            numbers.extend(_numbers(row, widths))
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from error
        first = lines.setdefault(row[0], line)
        if first != line:
            name = row[0][:_SHOWN]
            raise InputError(f"{path}, line {line}: the name {name!r} stands on line {first} too")
        widths = (len(row) - 1,)
    if not lines:
        raise InputError(f"{path} has no rows; each is a name and then 3 or 15 integers")
    vectors = np.frombuffer(numbers, dtype=np.uint8).reshape(len(lines), -1)
    return Table(list(lines), vectors)


def write(file: TextIO, matching: Matching, tracks: Sequence[str], artworks: Sequence[str]) -> None:
    """Write the pairs as CSV ``rank,track,artwork,similarity``, best first, with 12 decimals.

    Args:
        file: a text file opened with ``newline=""``.
        matching: the pairs.
        tracks: the names of all tracks, by index.
        artworks: the names of all artworks, by index.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("rank", "track", "artwork", "similarity"))
    pairs = zip(
        matching.track_index.tolist(),
        matching.artwork_index.tolist(),
        matching.similarity.tolist(),
        strict=True,
    )
    writer.writerows(
        (rank, tracks[track], artworks[artwork], f"{similarity:.12f}")
        for rank, (track, artwork, similarity) in enumerate(pairs, start=1)
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of its last line."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not UTF-8 text; save it as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error


def _is_header(row: Sequence[str]) -> bool:
    return len(row) > 1 and not any(map(_is_number, row[1:]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(row: Sequence[str], widths: Collection[int]) -> list[int]:
    """The numbers of a row.

    Raises:
        ValueError: with what is wrong with it.
    """
    if len(row) - 1 not in widths:
        expected = " or ".join(map(str, widths))
        message = (
            f"{len(row)} {'column' if len(row) == 1 else 'columns'}, "
            f"but a name and {expected} integers are expected, with commas between"
        )
        raise ValueError(message)
    if not row[0].strip():
        raise ValueError("column 1 holds no name")
    if "\r" in row[0] or "\n" in row[0]:
        raise ValueError("the name in column 1 holds a line break")
    try:
        return [_NUMBERS[cell] for cell in row[1:]]
    except KeyError:  # not as plain as most: told apart, or allowed for, one by one
        return [_number(cell, column) for column, cell in enumerate(row[1:], start=2)]


def _number(cell: str, column: int) -> int:
    """An integer 0..255 that may have spaces around it and zeros before it."""
    digits = cell.strip()
    plain = (digits.lstrip("0") or "0") if digits else ""
    if plain not in _NUMBERS:
        found = repr(digits[:_SHOWN]) if digits else "nothing"
        raise ValueError(f"column {column} must hold an integer 0..{HIGHEST}, but holds {found}")
    return _NUMBERS[plain]
