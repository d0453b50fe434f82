"""Labels that people gave to items, and the names by which items can be found."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from sqlalchemy import delete, func, select

from cmean.catalog.tables import items, label_pairs, labels
from cmean.catalog.upsert import build_insert
from cmean.domain import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

Row = TypeVar("Row")

_CHUNK: Final = 10_000
"""Rows that are read or written at a time."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item with the names that label files may use: its file, its title, its `file` metadata."""

    id: int
    kind: Kind
    uri: str | None
    title: str | None
    file: str | None


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumn:
    """One dimension of a label set, of one kind of item.

    Attributes:
        kind: of the items.
        dimension: its name.
        items: their ids, ascending, shape (n,).
        values: float64 of shape (n,), or categories as objects of that shape.
    """

    kind: Kind
    dimension: str
    items: NDArray[np.int64]
    values: NDArray[Any]

    @property
    def numeric(self) -> bool:
        """Whether the labels are numbers."""
        return self.values.dtype.kind == "f"

    def find(self, items: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Find the rows of some items in a column that is not empty, and which items have one."""
        at = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return at, self.items[at] == items


def read_item_names(connection: Connection) -> Iterator[KnownItem]:
    """Read all items by id, with the names that a label file may use."""
    file = items.c.metadata["file"].as_string()
    query = select(items.c.id, items.c.kind, items.c.uri, items.c.title, file).order_by(items.c.id)
    rows = connection.execute(query.execution_options(yield_per=_CHUNK))
    for item_id, kind, uri, title, called in rows:
        # Of metadata that are no text, SQLite gives the value itself.
        yield KnownItem(item_id, Kind(kind), uri, title, None if called is None else str(called))


def delete_labels(
    connection: Connection, name: str, kinds: Collection[Kind], *, pairs: bool
) -> None:
    """Delete the labels of a set for items of some kinds, and with `pairs` its labelled pairs."""
    theirs = select(items.c.id).where(items.c.kind.in_([kind.value for kind in kinds]))
    connection.execute(delete(labels).where(labels.c.name == name, labels.c.item_id.in_(theirs)))
    if pairs:
        connection.execute(delete(label_pairs).where(label_pairs.c.name == name))


def write_labels(
    connection: Connection, name: str, rows: Iterable[tuple[int, str, float | str]]
) -> None:
    """Write labels of a set (item, dimension, number or category); earlier ones are replaced."""
    row = build_insert(connection, labels)
    changed = {"value": row.excluded.value, "category": row.excluded.category}
    row = row.on_conflict_do_update(index_elements=["item_id", "name", "dimension"], set_=changed)
    for chunk in _split_into_chunks(rows):
        values = [{"name": name, **_build_label_row(*each)} for each in chunk]
        connection.execute(row, values)


def write_label_pairs(connection: Connection, name: str, rows: Iterable[tuple[int, int]]) -> None:
    """Write labelled pairs of a set, track and artwork; existing ones are kept."""
    row = build_insert(connection, label_pairs).on_conflict_do_nothing()
    for chunk in _split_into_chunks(rows):
        values = [{"name": name, "track_id": t, "artwork_id": a} for t, a in chunk]
        connection.execute(row, values)


def list_label_sets(connection: Connection) -> list[dict[str, Any]]:
    """List the label sets by name: their dimensions, and how many items and pairs they label."""
    count = func.count(labels.c.item_id.distinct())
    found: dict[str, dict[str, Any]] = {}
    for name, number in connection.execute(select(labels.c.name, count).group_by(labels.c.name)):
        found[name] = _describe_set(name) | {"items": number}
    query = select(labels.c.name, labels.c.dimension).distinct().order_by(labels.c.dimension)
    for name, dimension in connection.execute(query):
        found[name]["dimensions"].append(dimension)
    pairs = select(label_pairs.c.name, func.count()).group_by(label_pairs.c.name)
    for name, number in connection.execute(pairs):
        found.setdefault(name, _describe_set(name))["pairs"] = number
    return [found[name] for name in sorted(found)]


def read_label_columns(connection: Connection, name: str) -> list[LabelColumn]:
    """Read the labels of a set by kind and dimension, numbers and categories separately."""
    numeric = labels.c.value.is_not(None)
    query = (
        select(items.c.kind, labels.c.dimension, numeric, labels.c.item_id)
        .add_columns(labels.c.value, labels.c.category)
        .join(items, items.c.id == labels.c.item_id)
        .where(labels.c.name == name)
        .order_by(items.c.kind.desc(), labels.c.dimension, numeric.desc(), labels.c.item_id)
    )
    rows = connection.execute(query.execution_options(yield_per=_CHUNK))
    found = []
    for (kind, dimension, is_number), each in groupby(rows, key=lambda row: tuple(row[:3])):
        ids, numbers, words = zip(*(row[3:] for row in each), strict=True)
        values = np.array(numbers, np.float64) if is_number else np.array(words, object)
        found.append(LabelColumn(Kind(kind), dimension, np.array(ids, np.int64), values))
    return found


def read_label_pairs(connection: Connection, name: str) -> NDArray[np.int64]:
    """Read the labelled pairs of a set, track and artwork, shape (n, 2)."""
    query = select(label_pairs.c.track_id, label_pairs.c.artwork_id)
    query = query.where(label_pairs.c.name == name).order_by(*query.selected_columns)
    rows = connection.execute(query.execution_options(yield_per=_CHUNK))
    return np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)


def _describe_set(name: str) -> dict[str, Any]:
    return {"name": name, "dimensions": [], "items": 0, "pairs": 0}


def _build_label_row(item_id: int, dimension: str, label: float | str) -> dict[str, Any]:
    is_word = isinstance(label, str)
    return {
        "item_id": item_id,
        "dimension": dimension,
        "value": None if is_word else label,
        "category": label if is_word else None,
    }


def _split_into_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
