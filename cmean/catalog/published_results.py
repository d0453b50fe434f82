"""Import results made elsewhere: items without media, their captions, triples and scores.

Everything is entered only where it is missing, so the same import again adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select

from cmean.catalog.clock import now
from cmean.catalog.tables import (
    captions,
    collection_items,
    collections,
    emotions,
    fragments,
    items,
    pairs,
    scores,
    tasks,
)
from cmean.catalog.upsert import build_insert
from cmean.domain import POSITION_NAMES, POSITIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from cmean.domain import RGB, Caption

Place = tuple[int, int]
"""An item and a position in it."""


@dataclass(frozen=True, slots=True)
class UnseenItem:
    """An item without media; its file name distinguishes it from others of its kind."""

    kind: Kind
    file: str
    title: str | None
    creator: str | None = None
    year: str | None = None


def lock_collection(connection: Connection, name: str) -> int:
    """Find or create a collection, and lock its row until the transaction ends. Returns its id.

    Otherwise two simultaneous imports would enter the same items twice.
    """
    made = build_insert(connection, collections).values(name=name)
    connection.execute(made.on_conflict_do_nothing())
    query = select(collections.c.id).where(collections.c.name == name).with_for_update()
    return int(connection.execute(query).scalar_one())


def add_items(
    connection: Connection, collection_id: int, wanted: Iterable[UnseenItem]
) -> dict[tuple[Kind, str], int]:
    """Register items without media in a collection, with their fragments.

    Returns:
        Kind and file name → id, of all items without media that are in the collection.
    """
    known = _read_items(connection, collection_id)
    new = [item for item in wanted if (item.kind, item.file) not in known]
    if not new:
        return known
    rows = [
        {
            "kind": item.kind.value,
            "title": item.title,
            "creator": item.creator,
            "year": item.year,
            "metadata": {"file": item.file},
        }
        for item in new
    ]
    made = insert(items).returning(items.c.id, sort_by_parameter_order=True)
    ids = list(connection.execute(made, rows).scalars())
    parts = [
        {"item_id": item_id, "position": position, "name": POSITION_NAMES[item.kind][position]}
        for item_id, item in zip(ids, new, strict=True)
        for position in POSITIONS
    ]
    connection.execute(insert(fragments), parts)
    members = [{"collection_id": collection_id, "item_id": item_id} for item_id in ids]
    connection.execute(insert(collection_items), members)
    return _read_items(connection, collection_id)


def _read_items(connection: Connection, collection_id: int) -> dict[tuple[Kind, str], int]:
    query = (
        select(items.c.id, items.c.kind, items.c.metadata)
        .join(collection_items, collection_items.c.item_id == items.c.id)
        .where(collection_items.c.collection_id == collection_id, items.c.sha256.is_(None))
    )
    return {
        (Kind(kind), facts["file"]): item_id
        for item_id, kind, facts in connection.execute(query)
        if "file" in facts
    }


def read_fragment_ids(connection: Connection, collection_id: int) -> dict[Place, int]:
    """Read the fragments of a collection's items: item id and position → id."""
    query = (
        select(fragments.c.item_id, fragments.c.position, fragments.c.id)
        .join(collection_items, collection_items.c.item_id == fragments.c.item_id)
        .where(collection_items.c.collection_id == collection_id)
    )
    return {(item_id, position): key for item_id, position, key in connection.execute(query)}


def add_captions(
    connection: Connection, recipe_id: int, results: Mapping[int, tuple[Caption, int]]
) -> dict[int, int]:
    """Write captions with done tasks.

    Args:
        connection: an open write transaction.
        recipe_id: the recipe that they are of.
        results: fragment id → caption and words.

    Returns:
        Fragment id → caption id, of all captions of the recipe.
    """
    made = _add_done_tasks(connection, "caption", recipe_id, results)
    rows = [
        {
            "id": made[fragment_id],
            "recipe_id": recipe_id,
            "fragment_id": fragment_id,
            "text": caption.text,
            "words": words,
            "finish_reason": caption.finish_reason.value,
            "measurements": dict(caption.measurements),
            "language": caption.language,
        }
        for fragment_id, (caption, words) in results.items()
    ]
    _insert_missing(connection, captions, recipe_id, rows)
    return made


def add_emotions(
    connection: Connection, recipe_id: int, results: Mapping[int, tuple[int | None, RGB]]
) -> dict[int, int]:
    """Write triples with done tasks.

    Args:
        connection: an open write transaction.
        recipe_id: the recipe that they are of.
        results: fragment id → the caption's id (None: it is not known), and the triple.

    Returns:
        Fragment id → emotion id, of all triples of the recipe.
    """
    made = _add_done_tasks(connection, "emotion", recipe_id, results)
    rows = [
        {
            "id": made[fragment_id],
            "recipe_id": recipe_id,
            "caption_id": caption_id,
            "fragment_id": fragment_id if caption_id is None else None,
            "red": rgb.red,
            "green": rgb.green,
            "blue": rgb.blue,
        }
        for fragment_id, (caption_id, rgb) in results.items()
    ]
    _insert_missing(connection, emotions, recipe_id, rows)
    return made


def _add_done_tasks(
    connection: Connection, stage: str, recipe_id: int, fragment_ids_: Iterable[int]
) -> dict[int, int]:
    """Add a done task of a recipe for each fragment: fragment id → task id."""
    query = select(tasks.c.fragment_id, tasks.c.id).where(tasks.c.recipe_id == recipe_id)
    known = dict(tuple(row) for row in connection.execute(query))
    rows = [{"fragment": key} for key in fragment_ids_ if key not in known]
    if not rows:
        return known
    values = {"stage": stage, "recipe_id": recipe_id, "state": "done", "finished": now()}
    connection.execute(insert(tasks).values(fragment_id=bindparam("fragment"), **values), rows)
    return dict(tuple(row) for row in connection.execute(query))


def _insert_missing(
    connection: Connection, table: Table, recipe_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows of a recipe that are not there yet, by their ids."""
    query = select(table.c.id).where(table.c.recipe_id == recipe_id)
    known = set(connection.execute(query).scalars())
    if new := [row for row in rows if row["id"] not in known]:
        connection.execute(insert(table), new)


def add_scores(
    connection: Connection, metric: str, recipe_id: int, subject: str, values: Mapping[int, float]
) -> None:
    """Write scores that are not there yet.

    Args:
        connection: an open write transaction.
        metric: what was measured.
        recipe_id: of the embedder.
        subject: the column that names what was scored: ``item_id`` or ``pair_id``.
        values: its id → score.
    """
    column = scores.c[subject]
    query = select(column).where(scores.c.metric == metric, scores.c.recipe_id == recipe_id)
    known = set(connection.execute(query).scalars())
    rows = [
        {"metric": metric, "recipe_id": recipe_id, subject: key, "value": value}
        for key, value in values.items()
        if key not in known
    ]
    if rows:
        connection.execute(insert(scores), rows)


def map_pair_ids(connection: Connection, pairing_id: int) -> dict[tuple[int, int], int]:
    """Read the pairs of a pairing: track and artwork → id."""
    query = select(pairs.c.track_id, pairs.c.artwork_id, pairs.c.id)
    found = connection.execute(query.where(pairs.c.pairing_id == pairing_id))
    return {(track, artwork): key for track, artwork, key in found}


def count_published_results(connection: Connection, recipe_ids: Sequence[int]) -> dict[str, int]:
    """Count the captions, triples and scores of some recipes."""
    named = {"captions": captions, "triples": emotions, "scores": scores}
    return {
        name: int(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.recipe_id.in_(recipe_ids))
            ).scalar_one()
        )
        for name, table in named.items()
    }
