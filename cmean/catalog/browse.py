"""What people ask of the catalog: SQL of their own (read-only), exports, rows of the report."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError

from cmean.catalog.pairing_inputs import read_input_ids
from cmean.catalog.tables import items
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection

    from cmean.catalog.engine import Catalog

EXPORTS = {
    "items": "SELECT * FROM v_items ORDER BY item_id",
    "captions": "SELECT * FROM v_captions ORDER BY caption_id",
    "emotions": "SELECT * FROM v_emotions ORDER BY emotion_id",
    "embeddings": "SELECT * FROM embeddings ORDER BY id",
    "pairs": "SELECT * FROM v_pairs ORDER BY pairing_id, position, rank",
    "ratings": "SELECT * FROM v_ratings ORDER BY rating_id",
}
"""What can be exported, and the query that gives it."""


def select_ratings_of(pairing_id: int) -> str:
    """The query of `EXPORTS` for ratings, of the pairs of one pairing."""
    return EXPORTS["ratings"].replace(" ORDER", f" WHERE pairing_id = {pairing_id:d} ORDER")


@contextmanager
def run_query(
    catalog: Catalog, query: str
) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """Run one query that cannot write; yields its column names and its rows, streamed.

    Raises:
        InputError: the query is empty, fails, writes, or is of a kind that returns no rows.
    """
    if not query.strip():
        raise InputError("the query is empty; try: cmean sql 'SELECT * FROM v_items'")
    with catalog.read_only() as connection:
        try:
            options = {"stream_results": True, "no_parameters": True}
            result = connection.exec_driver_sql(query, execution_options=options)
        except DBAPIError as error:
            said = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
            raise InputError(f"the query failed: {said}") from error
        if not result.returns_rows:
            raise InputError("only queries that return rows are allowed here, e.g. SELECT")
        yield list(result.keys()), (tuple(row) for row in result)
        result.close()


_PARAMETERS = 10_000
"""Parameters of one statement: below the limits of both databases."""

_FRAGMENTS = text(
    """
    SELECT e.item_id, e.position, COALESCE(c.text, '') AS text, c.words, c.finish_reason,
           e.red, e.green, e.blue
    FROM v_emotions e LEFT JOIN v_captions c ON c.caption_id = e.caption_id
    WHERE e.recipe_id IN :recipes AND e.item_id IN :items ORDER BY e.item_id, e.position
    """
).bindparams(bindparam("recipes", expanding=True), bindparam("items", expanding=True))

_MAPPED = text(
    """
    SELECT e.item_id, e.position, c.text, e.red, e.green, e.blue
    FROM v_emotions e JOIN v_captions c ON c.caption_id = e.caption_id
    WHERE e.recipe_id IN :recipes ORDER BY e.item_id, e.position, e.recipe_id
    """
).bindparams(bindparam("recipes", expanding=True))

_PAIRS = text("SELECT * FROM v_pairs WHERE pairing_id = :pairing ORDER BY position, rank")

_CAPTIONS = text(
    """
    SELECT caption_id, item_id, position, text, finish_reason FROM v_captions
    WHERE recipe_id = :recipe AND caption_id <= :highest
    ORDER BY item_id, position
    """
)


def read_items(connection: Connection, item_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Title, creator, year, kind, URI and metadata of items."""
    columns = (items.c[name] for name in ("id", "kind", "title", "creator", "year", "uri"))
    query = select(*columns, items.c.metadata)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(item_ids), _PARAMETERS):
        part = query.where(items.c.id.in_(item_ids[start : start + _PARAMETERS]))
        found |= {row["id"]: dict(row) for row in connection.execute(part).mappings()}
    return found


def read_fragments(
    connection: Connection, recipe_ids: Sequence[int], item_ids: Iterable[int]
) -> dict[int, list[dict[str, Any]]]:
    """Captions with their triples, by item and position, of some emotion recipes."""
    result: dict[int, list[dict[str, Any]]] = {}
    wanted = {"recipes": list(recipe_ids), "items": list(item_ids)}
    for row in connection.execute(_FRAGMENTS, wanted).mappings():
        result.setdefault(row["item_id"], []).append(dict(row))
    return result


def read_mapped_captions(connection: Connection, recipe_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each caption that some emotion recipes mapped: item, position, text and triple, in order."""
    wanted = {"recipes": list(recipe_ids)}
    return [dict(row) for row in connection.execute(_MAPPED, wanted).mappings()]


def read_pairs_with_intentions(connection: Connection, pairing_id: int) -> list[dict[str, Any]]:
    """The rows of `v_pairs`, best first, with what the metadata calls `intended` on both sides."""
    rows = [dict(row) for row in connection.execute(_PAIRS, {"pairing": pairing_id}).mappings()]
    sides = ("track", "artwork")
    described = read_items(connection, [row[f"{side}_id"] for row in rows for side in sides])
    for row in rows:
        for side in sides:
            facts = described[row[f"{side}_id"]]["metadata"] or {}
            row[f"{side}_intended"] = facts.get("intended")
    return rows


def read_captions(
    connection: Connection, captioner_id: int | None, pairing_id: int
) -> dict[int, dict[int, tuple[str, str]]]:
    """Read the captions of a captioner recipe that there were for a pairing.

    Args:
        connection: an open transaction.
        captioner_id: the recipe; None: the captions are not known, as of some published triples.
        pairing_id: the pairing.

    Returns:
        Item id → position → text and finish reason.
    """
    if captioner_id is None:
        return {}
    inputs = read_input_ids(connection, pairing_id, "caption", captioner_id)
    rows = connection.execute(_CAPTIONS, {"recipe": captioner_id, "highest": inputs.highest}).all()
    here = inputs.contains(np.array([row.caption_id for row in rows], np.int64))
    result: dict[int, dict[int, tuple[str, str]]] = {}
    for _, item_id, position, text_, finish_reason in compress(rows, here):
        result.setdefault(item_id, {})[position] = (text_, finish_reason)
    return result
