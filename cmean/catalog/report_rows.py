"""Rows that reports and evaluations show: items, captions, triples and pairs, with their words."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, select, text

from cmean.catalog.pairing_inputs import read_input_ids
from cmean.catalog.tables import items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection

_PARAMETERS = 10_000
"""Parameters of one statement: below the limits of both databases."""

_FRAGMENTS = text(
    """
    SELECT e.item_id, e.position, COALESCE(c.text, '') AS text, c.words, c.finish_reason,
           e.red, e.green, e.blue, e.emotion_id, e.recipe_id
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


def read_item_rows(connection: Connection, item_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read title, creator, year, kind, URI and metadata of items."""
    columns = (items.c[name] for name in ("id", "kind", "title", "creator", "year", "uri"))
    query = select(*columns, items.c.metadata)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(item_ids), _PARAMETERS):
        part = query.where(items.c.id.in_(item_ids[start : start + _PARAMETERS]))
        found |= {row["id"]: dict(row) for row in connection.execute(part).mappings()}
    return found


def read_fragments_of_items(
    connection: Connection,
    recipe_ids: Sequence[int],
    item_ids: Iterable[int],
    pairing_id: int,
) -> dict[int, list[dict[str, Any]]]:
    """Read captions with their triples, by item and position, that a pairing was computed from.

    Args:
        connection: an open transaction.
        recipe_ids: the recipes of its mappers.
        item_ids: of which items.
        pairing_id: the pairing.
    """
    wanted = {"recipes": list(recipe_ids), "items": list(item_ids)}
    rows = [dict(row) for row in connection.execute(_FRAGMENTS, wanted).mappings()]
    inputs = {
        recipe_id: read_input_ids(connection, pairing_id, "emotion", recipe_id)
        for recipe_id in set(recipe_ids)
    }
    result: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        emotion_id, recipe_id = row.pop("emotion_id"), row.pop("recipe_id")
        if inputs[recipe_id].contains(np.array([emotion_id], np.int64))[0]:
            result.setdefault(row["item_id"], []).append(row)
    return result


def read_mapped_captions(connection: Connection, recipe_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Read each caption that some emotion recipes mapped: item, position, text and triple."""
    wanted = {"recipes": list(recipe_ids)}
    return [dict(row) for row in connection.execute(_MAPPED, wanted).mappings()]


def read_pairs_with_intentions(connection: Connection, pairing_id: int) -> list[dict[str, Any]]:
    """Read the rows of `v_pairs` by rank, with the metadata's `intended` of both items."""
    rows = [dict(row) for row in connection.execute(_PAIRS, {"pairing": pairing_id}).mappings()]
    sides = ("track", "artwork")
    described = read_item_rows(connection, [row[f"{side}_id"] for row in rows for side in sides])
    for row in rows:
        for side in sides:
            facts = described[row[f"{side}_id"]]["metadata"] or {}
            row[f"{side}_intended"] = facts.get("intended")
    return rows


def read_captions_of_pairing(
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
