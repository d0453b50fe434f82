"""CSV files of emotion vectors to be paired, and of the pairs made from them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.errors import InputError
from cmean.matching.vectors import HIGHEST
from cmean.util.tabular import SHOWN_CHARACTERS, read_plain_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from cmean.matching.methods import Matching

VECTOR_WIDTHS: Final = {3: "whole", 15: "concatenated"}
"""The vector choice by the numbers of a row: one triple, or those of the whole and its quarters."""

_BY_DIGITS: Final = {str(number): number for number in range(HIGHEST + 1)}


@dataclass(frozen=True, slots=True, eq=False)
class VectorTable:
    """Named vectors: `vectors` has shape (len(names), 3 or 15); the names are unique."""

    names: Sequence[str]
    vectors: NDArray[np.uint8]

    @property
    def vector(self) -> str:
        """The vector choice: ``whole`` or ``concatenated``."""
        return VECTOR_WIDTHS[self.vectors.shape[1]]


def read_vector_files(tracks: Path, artworks: Path) -> tuple[VectorTable, VectorTable]:
    """Read the two files that are to be paired.

    Raises:
        InputError: a file cannot be used (see `read_vector_file`), or their widths differ.
    """
    sides = read_vector_file(tracks), read_vector_file(artworks)
    widths = [side.vectors.shape[1] for side in sides]
    if widths[0] != widths[1]:
        raise InputError(
            f"{tracks} has {widths[0]} numbers a row, but {artworks} has {widths[1]}; "
            "both need the same"
        )
    return sides


def read_vector_file(path: Path) -> VectorTable:
    """Read a CSV file: column 1 a name, then 3 or 15 integers 0..255, the same in all rows.

    Encoding and delimiter are detected. The first row is taken for a header when none of its
    columns after the first holds a number. Empty rows are skipped.

    Raises:
        InputError: it cannot be read, or is not such a file; the message names file and line.
    """
    lines: dict[str, int] = {}  # the line of each name
    widths: Collection[int] = VECTOR_WIDTHS
    numbers = bytearray()
    for position, (line, row) in enumerate(read_plain_rows(path)):
        if position == 0 and _is_header(row):
            continue
        try:
            numbers.extend(_parse_numbers(row, widths))
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from error
        first = lines.setdefault(row[0], line)
        if first != line:
            name = row[0][:SHOWN_CHARACTERS]
            raise InputError(f"{path}, line {line}: the name {name!r} stands on line {first} too")
        widths = (len(row) - 1,)
    if not lines:
        raise InputError(f"{path} has no rows; each is a name and then 3 or 15 integers")
    vectors = np.frombuffer(numbers, dtype=np.uint8).reshape(len(lines), -1)
    return VectorTable(list(lines), vectors)


def write_pairs(
    file: TextIO, matching: Matching, tracks: Sequence[str], artworks: Sequence[str]
) -> None:
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


def _is_header(row: Sequence[str]) -> bool:
    return len(row) > 1 and not any(map(_is_number, row[1:]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parse_numbers(row: Sequence[str], widths: Collection[int]) -> list[int]:
    """Return the numbers of a row.

    Raises:
        ValueError: the row is not a name and so many integers; the message says why.
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
        return [_BY_DIGITS[cell] for cell in row[1:]]
    except KeyError:  # spaces, leading zeros, or an error: the slow way, cell by cell
        return [_parse_number(cell, column) for column, cell in enumerate(row[1:], start=2)]


def _parse_number(cell: str, column: int) -> int:
    """Return an integer 0..255 that may have spaces around it and zeros before it."""
    digits = cell.strip()
    plain = (digits.lstrip("0") or "0") if digits else ""
    if plain not in _BY_DIGITS:
        found = repr(digits[:SHOWN_CHARACTERS]) if digits else "nothing"
        raise ValueError(f"column {column} must hold an integer 0..{HIGHEST}, but holds {found}")
    return _BY_DIGITS[plain]
