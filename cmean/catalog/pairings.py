"""Pairings: the triples that they read, and the rows that they write, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import desc, insert, select

from cmean.catalog.tables import captions, emotions, fragments, items, pairings, pairs
from cmean.catalog.upsert import insert_into
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ScalarSelect
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Triple:
    """An emotion with the item and position that it belongs to."""

    item_id: int
    position: int
    emotion_id: int
    red: int
    green: int
    blue: int


def triples(
    connection: Connection,
    recipe_id: int,
    positions: Sequence[int],
    items_: Sequence[int] = (),
    pairing_id: int | None = None,
) -> list[Triple]:
    """The triples of an emotion recipe at some positions, by item id and position.

    Args:
        connection: an open transaction.
        recipe_id: the emotion mapper's recipe.
        positions: of 0..4.
        items_: only these items (default: all).
        pairing_id: only triples that were there when this pairing was made.
    """
    query = (
        select(
            items.c.id,
            fragments.c.position,
            emotions.c.id,
            emotions.c.red,
            emotions.c.green,
            emotions.c.blue,
        )
        .join(captions, captions.c.id == emotions.c.caption_id)
        .join(fragments, fragments.c.id == captions.c.fragment_id)
        .join(items, items.c.id == fragments.c.item_id)
        .where(emotions.c.recipe_id == recipe_id, fragments.c.position.in_(positions))
        .order_by(items.c.id, fragments.c.position)
    )
    if pairing_id is not None:
        query = query.where(emotions.c.created_at <= _made(pairing_id))
    if items_:
        query = query.where(items.c.id.in_(items_))
    return [Triple(*row) for row in connection.execute(query)]


def _made(pairing_id: int) -> ScalarSelect[Any]:
    return select(pairings.c.created_at).where(pairings.c.id == pairing_id).scalar_subquery()


def store(
    connection: Connection, pairing: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Write a pairing with all its pairs, or return the id of the equal one that is there.

    Args:
        connection: an open write transaction.
        pairing: the columns of `pairings`; `digest` identifies inputs and parameters.
        rows: the columns of `pairs` without `pairing_id`.
    """
    made = insert_into(connection, pairings).values(dict(pairing))
    made = made.on_conflict_do_nothing(index_elements=["digest"])
    pairing_id = connection.execute(made.returning(pairings.c.id)).scalar_one_or_none()
    if pairing_id is None:
        equal = select(pairings.c.id).where(pairings.c.digest == pairing["digest"])
        return int(connection.execute(equal).scalar_one())
    if rows:
        connection.execute(insert(pairs), [{"pairing_id": pairing_id, **row} for row in rows])
    return int(pairing_id)


def get(connection: Connection, pairing_id: int | None = None) -> dict[str, Any]:
    """The columns of a pairing (default: the newest).

    Raises:
        InputError: there is none.
    """
    query = select(pairings).order_by(desc(pairings.c.id)).limit(1)
    if pairing_id is not None:
        query = query.where(pairings.c.id == pairing_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None and pairing_id is not None:
        raise InputError(f"there is no pairing {pairing_id}; list them in the table pairings")
    if row is None:
        raise InputError("there is no pairing yet; make one: cmean pair")
    return dict(row)


def pair_rows(connection: Connection, pairing_id: int) -> list[dict[str, Any]]:
    """The pairs of a pairing, best first."""
    query = select(pairs).where(pairs.c.pairing_id == pairing_id)
    query = query.order_by(pairs.c.position, pairs.c.rank)
    return [dict(row) for row in connection.execute(query).mappings()]
