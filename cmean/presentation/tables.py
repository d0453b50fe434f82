"""Tables of results, independent of the format in which they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int | float | None
"""A cell; None: undefined or not computed, the table's note says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names the row.

    Attributes:
        name: its key in CSV and Parquet files, e.g. ``V`` or ``labels``.
        title: printed above it.
        header: the names of the columns; the first may be empty.
        rows: as many cells each.
        note: printed below it: what the columns are, and why some cells are undefined.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
