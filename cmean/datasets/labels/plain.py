"""The plain layout: a column of items and columns of labels, or two columns of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import collect_labels, is_missing, name_items, parse_number
from cmean.datasets.labels.label_file import LabelFile, NamedItem, PairRow
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import RejectedRow

if TYPE_CHECKING:
    from cmean.util.tabular import CsvTable

NAME: Final = "plain"

_PATH: Final = "path"
"""The column of items where there is one of this name, as in a metadata file; else column 1."""


def matches_table(table: CsvTable) -> bool:
    """Return whether there are columns at all: any other layout is tried before."""
    return bool(table.header)


def read_labels(table: CsvTable) -> LabelFile:
    """Read labels of items, or labelled pairs where there are columns `track` and `artwork`.

    Raises:
        InputError: the first line names no columns, or only one.
    """
    places = {name.lower(): column for column, name in enumerate(table.header)}
    if "track" in places and "artwork" in places:
        return _read_pairs(table, places["track"], places["artwork"])
    if len(table.header) == 1:
        raise InputError(
            f"{table.path} has one column only; column 1 names an item, the others its labels"
        )
    item = places.get(_PATH, 0)
    if all(parse_number(cell) is not None for cell in table.header[1:]):
        raise InputError(f"{table.path}: the first line must name the columns, e.g. item,valence")
    used = {
        column: name
        for column, name in enumerate(table.header)
        if column != item
        and (name or any(not is_missing(cells[column]) for _, cells in table.rows))
    }
    kept, items = name_items(table, lambda cells: cells[item : item + 1])
    rows, rejected = collect_labels(kept, items, used)
    return LabelFile(NAME, rows, (), [*kept.rejected, *rejected], table.notes)


def _read_pairs(table: CsvTable, track: int, artwork: int) -> LabelFile:
    pairs, rejected = [], list(table.rejected)
    for line, cells in table.rows:
        if cells[track] and cells[artwork]:
            sides = (
                NamedItem((cells[track],), Kind.TRACK),
                NamedItem((cells[artwork],), Kind.ARTWORK),
            )
            pairs.append(PairRow(line, *sides))
        else:
            rejected.append(RejectedRow(line, "names no track, or no artwork"))
    notes = list(table.notes)
    if others := [name for name in table.header if name.lower() not in {"", "track", "artwork"}]:
        notes.append(f"these are labelled pairs; not read: {', '.join(others)}")
    return LabelFile(NAME, (), pairs, rejected, notes)
