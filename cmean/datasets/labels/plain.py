"""A CSV file of one's own: a column of items, the others dimensions; or two columns of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import is_missing, label_rows, named, number
from cmean.datasets.labels.label_file import LabelFile, Named, PairRow
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import RejectedRow

if TYPE_CHECKING:
    from cmean.util.tabular import Sheet

NAME: Final = "plain"

_PATH: Final = "path"
"""The column of items where there is one of this name, as in a metadata file; else column 1."""


def matches(sheet: Sheet) -> bool:
    """Whether this is the layout: it is what is not laid out otherwise."""
    return bool(sheet.header)


def read(sheet: Sheet) -> LabelFile:
    """Labels of items, or labelled pairs where there are columns `track` and `artwork`.

    Raises:
        InputError: the first line names no columns, or only one.
    """
    places = {name.lower(): column for column, name in enumerate(sheet.header)}
    if "track" in places and "artwork" in places:
        return _pairs(sheet, places["track"], places["artwork"])
    if len(sheet.header) == 1:
        raise InputError(
            f"{sheet.path} has one column only; column 1 names an item, the others its labels"
        )
    item = places.get(_PATH, 0)
    if all(number(cell) is not None for cell in sheet.header[1:]):
        raise InputError(f"{sheet.path}: the first line must name the columns, e.g. item,valence")
    used = {
        column: name
        for column, name in enumerate(sheet.header)
        if column != item
        and (name or any(not is_missing(cells[column]) for _, cells in sheet.rows))
    }
    kept, items = named(sheet, lambda cells: cells[item : item + 1])
    rows, rejected = label_rows(kept, items, used)
    return LabelFile(NAME, rows, (), [*kept.rejected, *rejected], sheet.notes)


def _pairs(sheet: Sheet, track: int, artwork: int) -> LabelFile:
    pairs, rejected = [], list(sheet.rejected)
    for line, cells in sheet.rows:
        if cells[track] and cells[artwork]:
            sides = Named((cells[track],), Kind.TRACK), Named((cells[artwork],), Kind.ARTWORK)
            pairs.append(PairRow(line, *sides))
        else:
            rejected.append(RejectedRow(line, "names no track, or no artwork"))
    notes = list(sheet.notes)
    if others := [name for name in sheet.header if name.lower() not in {"", "track", "artwork"}]:
        notes.append(f"these are labelled pairs; not read: {', '.join(others)}")
    return LabelFile(NAME, (), pairs, rejected, notes)
