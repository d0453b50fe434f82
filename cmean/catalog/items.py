"""Items, their fragments and collections, and the files that were rejected."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from cmean.catalog.tables import (
    collection_items,
    collections,
    fragments,
    items,
    rejections,
    tasks,
)
from cmean.catalog.upsert import build_insert
from cmean.domain import POSITION_NAMES, POSITIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class NewItem:
    """A file to be registered. Sizes in bytes and pixels, durations in seconds, rates in hertz."""

    kind: Kind
    sha256: str
    uri: str
    bytes: int
    modified: float
    format: str
    title: str | None = None
    creator: str | None = None
    year: str | None = None
    licence: str | None = None
    seconds: float | None = None
    rate: int | None = None
    channels: int | None = None
    width: int | None = None
    height: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocatedItem:
    """A registered item and where its file lay when last seen.

    `metadata` are the columns of the user's metadata file that are no columns of `items`.
    """

    id: int
    kind: Kind
    uri: str
    bytes: int
    modified: float
    sha256: str
    title: str | None
    creator: str | None
    year: str | None
    metadata: Mapping[str, Any] = field(compare=False)


def find_item(connection: Connection, sha256: str) -> LocatedItem | None:
    """Find the registered item with this content."""
    row = connection.execute(_SELECT_LOCATED.where(items.c.sha256 == sha256)).one_or_none()
    return None if row is None else _build_located_item(row)


def locate_fragments(
    connection: Connection, fragment_ids: list[int]
) -> dict[int, tuple[int, LocatedItem]]:
    """Read the position and the item of each fragment."""
    query = (
        _SELECT_LOCATED.add_columns(fragments.c.id, fragments.c.position)
        .join(fragments, fragments.c.item_id == items.c.id)
        .where(fragments.c.id.in_(fragment_ids))
    )
    return {row[-2]: (row[-1], _build_located_item(row[:-2])) for row in connection.execute(query)}


LOCATED_COLUMNS = [items.c[each.name] for each in fields(LocatedItem)]
"""The columns of a `LocatedItem`, in its order."""

_SELECT_LOCATED = select(*LOCATED_COLUMNS)


def _build_located_item(row: Any) -> LocatedItem:  # noqa: ANN401 - a row or a slice of one
    return LocatedItem(row[0], Kind(row[1]), *row[2:])


def add_item(connection: Connection, item: NewItem) -> int:
    """Register an item with its five fragments. Returns its id."""
    values = asdict(item) | {"kind": item.kind.value}
    item_id = int(
        connection.execute(insert(items).values(values).returning(items.c.id)).scalar_one()
    )
    names = POSITION_NAMES[item.kind]
    rows = [{"item_id": item_id, "position": p, "name": names[p]} for p in POSITIONS]
    connection.execute(insert(fragments), rows)
    return item_id


def update_location(connection: Connection, item_id: int, uri: str, modified: float) -> None:
    """Record that an item's file now lies elsewhere."""
    moved = update(items).where(items.c.id == item_id).values(uri=uri, modified=modified)
    connection.execute(moved)


def retire_replaced_items(connection: Connection, uri: str, sha256: str) -> None:
    """Detach items from a file that was replaced by one of other content.

    What was made of it stays; what was still to be done is not.
    """
    old = select(items.c.id).where(items.c.uri == uri, items.c.sha256 != sha256)
    theirs = select(fragments.c.id).where(fragments.c.item_id.in_(old))
    undone = tasks.c.state.in_(["ready", "failed", "dead"])
    connection.execute(delete(tasks).where(tasks.c.fragment_id.in_(theirs), undone))
    connection.execute(
        update(items).where(items.c.uri == uri, items.c.sha256 != sha256).values(uri=None)
    )


def update_metadata(connection: Connection, item_id: int, **facts: object) -> None:
    """Set title, creator, year, licence or metadata of an item."""
    if facts:
        connection.execute(update(items).where(items.c.id == item_id).values(**facts))


def add_to_collection(connection: Connection, name: str, item_id: int) -> None:
    """Add an item to a collection, which is created when there is none of that name."""
    made = build_insert(connection, collections).values(name=name)
    connection.execute(made.on_conflict_do_nothing())
    found = select(collections.c.id).where(collections.c.name == name)
    collection_id = connection.execute(found).scalar_one()
    key = {"collection_id": collection_id, "item_id": item_id}
    member = build_insert(connection, collection_items).values(key)
    connection.execute(member.on_conflict_do_nothing())


def record_rejection(connection: Connection, path: str, reason: str, detail: str) -> None:
    """Record why a file was rejected; an earlier rejection of the same path is replaced."""
    delete_rejection(connection, path)
    connection.execute(insert(rejections).values(path=path, reason=reason, detail=detail))


def delete_rejection(connection: Connection, path: str) -> None:
    """Delete the rejection of a path, if there is one."""
    connection.execute(delete(rejections).where(rejections.c.path == path))


def count_items(connection: Connection) -> dict[str, int]:
    """Count the items of each kind."""
    query = select(items.c.kind, func.count()).group_by(items.c.kind)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {kind.value: found.get(kind.value, 0) for kind in Kind}


def count_fragments(connection: Connection) -> int:
    """Count the fragments; they are never removed, so an equal number is the same set.

    The highest id would not do: of two transactions the one with the lower ids may end later.
    """
    return int(connection.execute(select(func.count()).select_from(fragments)).scalar_one())
