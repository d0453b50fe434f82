"""Tasks that are failed or dead, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cmean.catalog import job_queue
from cmean.catalog.tables import fragments, items, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection


def list_failed_tasks(
    connection: Connection, recipe_ids: Sequence[int] | None = None, limit: int = 20
) -> list[dict[str, object]]:
    """List failed and dead tasks with their item, position and typed reason, oldest first."""
    query = (
        select(
            tasks.c.stage,
            tasks.c.state,
            items.c.title,
            items.c.uri,
            fragments.c.position,
            tasks.c.reason,
            tasks.c.detail,
        )
        .outerjoin(fragments, fragments.c.id == tasks.c.fragment_id)
        .outerjoin(items, items.c.id == fragments.c.item_id)
        .where(job_queue.HAS_FAILED)
        .order_by(tasks.c.id)
        .limit(limit)
    )
    if recipe_ids is not None:
        query = query.where(tasks.c.recipe_id.in_(recipe_ids))
    return [dict(row) for row in connection.execute(query).mappings()]


def count_failures_by_reason(connection: Connection) -> list[tuple[str, str, int]]:
    """Count failed and dead tasks by stage and reason."""
    query = (
        select(tasks.c.stage, tasks.c.reason, func.count())
        .where(job_queue.HAS_FAILED)
        .group_by(tasks.c.stage, tasks.c.reason)
        .order_by(tasks.c.stage, tasks.c.reason)
    )
    found = connection.execute(query)
    return [(stage, reason or "unknown", number) for stage, reason, number in found]
