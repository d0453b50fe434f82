"""Failed tasks, and tasks that wait for a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cmean.catalog import job_queue
from cmean.catalog.tables import fragments, items, recipes, tasks
from cmean.catalog.task_counts import select_ready_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def count_ready_requests(connection: Connection, stages: Iterable[str]) -> dict[str, int]:
    """Count the requests of each stage that can be claimed; stages with none are left out."""
    ready = select_ready_counts().subquery()
    query = select(ready.c.stage, ready.c.number).where(
        ready.c.recipe_id.is_(None), ready.c.stage.in_(stages)
    )
    return {row.stage: row.number for row in connection.execute(query)}


def count_ready_by_recipe(connection: Connection) -> list[tuple[str, str, str, int, int]]:
    """Count the tasks that can be claimed, by recipe: role, kind, back-end, recipe id, number."""
    ready = select_ready_counts().subquery()
    query = (
        select(recipes.c.role, recipes.c.kind, recipes.c.backend, recipes.c.id, ready.c.number)
        .join(ready, ready.c.recipe_id == recipes.c.id)
        .order_by(recipes.c.id)
    )
    return [tuple(row) for row in connection.execute(query)]


def read_request_state(connection: Connection, task_id: int) -> tuple[str, str, str | None]:
    """Read state and stage of a request and, when it failed, why."""
    query = select(tasks.c.state, tasks.c.stage, tasks.c.detail).where(tasks.c.id == task_id)
    row = connection.execute(query).one()
    return row.state, row.stage, row.detail
