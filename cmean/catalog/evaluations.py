"""Documents of evaluations, one for each finished request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from cmean.catalog.tables import evaluations, label_pairs, labels, ratings
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

_CHUNK = 10_000


def hash_labels_and_ratings(connection: Connection, names: Sequence[str]) -> str:
    """Hash all ratings and some label sets: unlike results, these may change."""
    queries = (
        select(ratings).order_by(ratings.c.id),
        select(labels).where(labels.c.name.in_(names)).order_by(labels.c.item_id, *labels.c),
        select(label_pairs).where(label_pairs.c.name.in_(names)).order_by(*label_pairs.c),
    )
    return hash_parts(
        json.dumps(list(row), default=str)
        for query in queries
        for row in connection.execute(query.execution_options(yield_per=_CHUNK))
    )


def write_evaluation(connection: Connection, task_id: int, document: Mapping[str, Any]) -> None:
    """Write the document of a request for an evaluation."""
    row = {"id": task_id, "pairing_id": document["pairing"], "document": dict(document)}
    connection.execute(insert(evaluations).values(row))


def read_evaluation(connection: Connection, task_id: int) -> dict[str, Any]:
    """Read the document of a request for an evaluation."""
    query = select(evaluations.c.document).where(evaluations.c.id == task_id)
    return dict(connection.execute(query).scalar_one())
