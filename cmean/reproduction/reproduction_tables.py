"""The recomputed and printed cells as tables; reasons are footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.presentation.tables import Table
from cmean.reproduction.table_cells import format_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.reproduction.document import ReproductionDocument, TableCell

_TITLES: Final = {
    "I": "caption lengths of tracks, in words",
    "II": "caption lengths of artworks, in words",
    "III": "CLAP similarity of tracks and their captions",
    "IV": "CLIP similarity of artworks and their captions",
    "V": "similarity of the pairs",
    "VI": "ImageBind similarity of the two of each pair",
}


def build_reproduction_tables(document: ReproductionDocument) -> list[Table]:
    """Build the study's tables, each figure as printed and as recomputed."""
    return [
        _build_table(number, [cell for cell in document.cells if cell.table == number])
        for number in _TITLES
    ]


def _build_table(number: str, cells: Sequence[TableCell]) -> Table:
    footnotes: dict[str, int] = {}
    rows = []
    for cell in cells:
        mark = f"[{footnotes.setdefault(cell.why, len(footnotes) + 1)}]" if cell.why else ""
        figures = [format_figure(cell, value) for value in (cell.recomputed, cell.printed)]
        rows.append([f"{cell.column} {cell.metric}", *figures, cell.verdict, mark])
    for column in (1, 2):
        width = max(len(row[column]) for row in rows)
        for row in rows:
            row[column] = row[column].rjust(width)
    header = ("", "recomputed", "printed", "verdict", "why")
    note = "\n".join(f"[{mark}] {why}" for why, mark in footnotes.items())
    return Table(number, f"Table {number}: {_TITLES[number]}", header, rows, note)
