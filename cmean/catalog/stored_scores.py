"""Scores of pairs, captions and items by metric and recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import select

from cmean.catalog.tables import pairs, scores
from cmean.catalog.upsert import build_insert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

_CHUNK: Final = 1_000
"""Rows of one statement."""


def write_scores(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write scores; existing rows are kept."""
    for start in range(0, len(rows), _CHUNK):
        wanted = build_insert(connection, scores).values(rows[start : start + _CHUNK])
        connection.execute(wanted.on_conflict_do_nothing())


def read_item_scores(connection: Connection, metric: str, recipe_id: int) -> NDArray[np.float64]:
    """Read the scores of items by metric and recipe, in the order of the items."""
    query = select(scores.c.value).where(
        scores.c.metric == metric, scores.c.recipe_id == recipe_id, scores.c.item_id.is_not(None)
    )
    return np.fromiter(connection.execute(query.order_by(scores.c.item_id)).scalars(), np.float64)


def read_pair_scores(connection: Connection, metric: str, pairing_id: int) -> dict[int, float]:
    """Read the scores of a pairing's pairs by a metric, by pair; of several the newest recipe's."""
    query = (
        select(scores.c.pair_id, scores.c.value)
        .join(pairs, pairs.c.id == scores.c.pair_id)
        .where(scores.c.metric == metric, pairs.c.pairing_id == pairing_id)
        .order_by(scores.c.recipe_id, scores.c.id)
    )
    return {row.pair_id: row.value for row in connection.execute(query)}
