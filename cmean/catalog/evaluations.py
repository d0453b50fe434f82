"""Evaluations: documents, each of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from cmean.catalog.tables import evaluations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection


def store(connection: Connection, task_id: int, document: Mapping[str, Any]) -> None:
    """Write the evaluation that a request asked for."""
    row = {"id": task_id, "pairing_id": document["pairing"], "document": dict(document)}
    connection.execute(insert(evaluations).values(row))


def get(connection: Connection, task_id: int) -> dict[str, Any]:
    """The evaluation that a request led to."""
    query = select(evaluations.c.document).where(evaluations.c.id == task_id)
    return dict(connection.execute(query).scalar_one())
