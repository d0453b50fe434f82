"""How far the work is: tasks by stage and state, failures, and what waits for a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cmean.catalog.job_queue import STATES, in_state
from cmean.catalog.tables import fragments, items, recipes, tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection


def counts(
    connection: Connection, recipe_ids: Sequence[int] | None = None
) -> dict[str, dict[str, int]]:
    """Tasks by stage and state, e.g. ``{"caption": {"ready": 3, ...}}``; absent stages left out."""
    query = select(tasks.c.stage, tasks.c.state, func.count()).group_by(
        tasks.c.stage, tasks.c.state
    )
    if recipe_ids is not None:
        query = query.where(tasks.c.recipe_id.in_(recipe_ids))
    result: dict[str, dict[str, int]] = {}
    for stage, state, number in connection.execute(query):
        result.setdefault(stage, dict.fromkeys(STATES, 0))[state] = number
    return result


def failures(
    connection: Connection, recipe_ids: Sequence[int] | None = None, limit: int = 20
) -> list[dict[str, object]]:
    """Failed and dead tasks with their item, position and typed reason, oldest first."""
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
        .where(tasks.c.state.in_(["failed", "dead"]))
        .order_by(tasks.c.id)
        .limit(limit)
    )
    if recipe_ids is not None:
        query = query.where(tasks.c.recipe_id.in_(recipe_ids))
    return [dict(row) for row in connection.execute(query).mappings()]


def failure_reasons(connection: Connection) -> list[tuple[str, str, int]]:
    """Stage, reason and number of the tasks that are failed or dead."""
    query = (
        select(tasks.c.stage, tasks.c.reason, func.count())
        .where(tasks.c.state.in_(["failed", "dead"]))
        .group_by(tasks.c.stage, tasks.c.reason)
        .order_by(tasks.c.stage, tasks.c.reason)
    )
    found = connection.execute(query)
    return [(stage, reason or "unknown", number) for stage, reason, number in found]


def ready_requests(connection: Connection, stages: Iterable[str]) -> dict[str, int]:
    """How many requests of each stage can be claimed; stages with none are left out."""
    query = (
        select(tasks.c.stage, func.count().label("number"))
        .where(tasks.c.recipe_id.is_(None), in_state("ready"), tasks.c.stage.in_(stages))
        .group_by(tasks.c.stage)
    )
    return {row.stage: row.number for row in connection.execute(query)}


def ready_recipes(connection: Connection) -> list[tuple[str, str, str, int, int]]:
    """Role, kind, back-end, recipe id and number of the tasks that can be claimed, by recipe."""
    waiting = (
        select(tasks.c.recipe_id, func.count().label("number"))
        .where(in_state("ready"), tasks.c.recipe_id.is_not(None))
        .group_by(tasks.c.recipe_id)
        .subquery()
    )
    query = (
        select(recipes.c.role, recipes.c.kind, recipes.c.backend, recipes.c.id, waiting.c.number)
        .join(waiting, waiting.c.recipe_id == recipes.c.id)
        .order_by(recipes.c.id)
    )
    return [tuple(row) for row in connection.execute(query)]


def request_state(connection: Connection, task_id: int) -> tuple[str, str, str | None]:
    """State and stage of a request and, when it failed, why."""
    query = select(tasks.c.state, tasks.c.stage, tasks.c.detail).where(tasks.c.id == task_id)
    row = connection.execute(query).one()
    return row.state, row.stage, row.detail
