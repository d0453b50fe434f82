"""Columns of labels: numbers or categories, and cells that are neither."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.label_file import LabelRow, NamedItem
from cmean.errors import InputError
from cmean.util.tabular import SHOWN_CHARACTERS, RejectedRow, TableRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cmean.datasets.labels.label_file import Label
    from cmean.domain import Kind
    from cmean.util.tabular import CsvTable

_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null"})
_LONGEST: Final = 100  # characters of a dimension's name, as the catalog has them
_LARGEST: Final = 1e100  # squares of larger ones leave what a float can hold


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """Return the number in a cell: not finite where it is missing, None where it is no number."""
    if "_" in cell:  # Python's own digits, nobody else's
        return None
    try:
        return float(cell.replace(decimal, "."))
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    """Return whether a cell has no value: it is empty, or a word for missing, NaN or infinity."""
    if cell.lower() in _MISSING:
        return True
    value = parse_number(cell)
    return value is not None and not isfinite(value)


def collect_labels(
    table: CsvTable,
    items: Sequence[NamedItem],
    columns: Mapping[int, str],
    *,
    numeric: bool = False,
    scale: tuple[float, float] = (-_LARGEST, _LARGEST),
) -> tuple[list[LabelRow], list[RejectedRow]]:
    """Collect the labels in some columns.

    A column holds numbers when at least half of its cells that are not missing are numbers; those
    that are none are then rejected. Otherwise all its cells are categories.

    Args:
        table: the file.
        items: the item of each of its rows.
        columns: the dimension of each column that holds labels.
        numeric: all columns hold numbers, whatever their cells look like.
        scale: the least and the largest number that there can be.

    Raises:
        InputError: a dimension without a name or with too long a one, or named twice.
    """
    _check_dimensions(table, columns)
    labels: list[dict[str, Label]] = [{} for _ in table.rows]
    rejected = []
    for column, dimension in columns.items():
        cells = [(at, row[1][column]) for at, row in enumerate(table.rows)]
        known = [(at, cell) for at, cell in cells if not is_missing(cell)]
        parsed = [(at, cell, parse_number(cell, table.decimal)) for at, cell in known]
        numbers = sum(value is not None for _, _, value in parsed)
        if not numeric and 2 * numbers < len(parsed):
            for at, cell, _ in parsed:
                labels[at][dimension] = cell
            continue
        for at, cell, value in parsed:
            if value is not None and scale[0] <= value <= scale[1]:
                labels[at][dimension] = value
            else:
                must = "a number" if value is None else f"from {scale[0]:g} to {scale[1]:g}"
                detail = f"{dimension} must be {must}, but is {cell[:SHOWN_CHARACTERS]!r}"
                rejected.append(RejectedRow(table.rows[at][0], detail))
    rows = zip(table.rows, items, labels, strict=True)
    return [LabelRow(line, item, found) for (line, _), item, found in rows if found], rejected


def name_items(
    table: CsvTable, names: Callable[[Sequence[str]], Iterable[str]], kind: Kind | None = None
) -> tuple[CsvTable, list[NamedItem]]:
    """Select the rows that name an item.

    Args:
        table: the file.
        names: what the item of a row may be called, from its cells; empty ones do not count.
        kind: what the items are, where the layout says so.

    Returns:
        The table with those rows alone, the others rejected, and the item of each row.
    """
    kept, items, rejected = [], [], list(table.rejected)
    for line, cells in table.rows:
        called = tuple(dict.fromkeys(filter(None, names(cells))))
        if called:
            kept.append(TableRow(line, cells))
            items.append(NamedItem(called, kind))
        else:
            rejected.append(RejectedRow(line, "names no item"))
    return replace(table, rows=kept, rejected=rejected), items


def _check_dimensions(table: CsvTable, columns: Mapping[int, str]) -> None:
    dimensions = list(columns.values())
    for column, dimension in columns.items():
        if not dimension:
            raise InputError(f"{table.path}: column {column + 1} has no name; name its dimension")
        if len(dimension) > _LONGEST or not dimension.isprintable():
            raise InputError(
                f"{table.path}: the name of column {column + 1} must be at most {_LONGEST} "
                "printable characters"
            )
        if dimensions.count(dimension) > 1:
            raise InputError(f"{table.path}: the column {dimension} is there twice; rename one")
