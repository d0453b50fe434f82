"""A table of an evaluation, whatever it is printed as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int | float | None
"""None: undefined, or not asked for; the table's note says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed; the first column names the row.

    Attributes:
        name: a short word that is its key in files, e.g. ``V`` or ``labels``.
        title: above it.
        header: the names of the columns; the first may be empty.
        rows: as many cells each.
        note: below it: what the figures are, and why some are undefined.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
