"""Counters of tasks by stage, recipe and state, at a cost independent of their number.

Triggers on `tasks` keep the counters, so raw SQL is counted too (`task_counts_sqlite.sql`,
`task_counts_postgresql.sql`). They belong to the transaction that changes the tasks: what is read
is exact, and a crash loses the change and its count together.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, case, cast, delete, func, insert, select, text

from cmean.catalog.tables import recipes, task_counts, tasks
from cmean.catalog.tables.job_queue import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection

_MAX_UNCOMPACTED_ROWS: Final = 500
"""Rows that may accumulate before they are compacted: reading as many takes a millisecond."""


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Numbers of tasks by state."""

    ready: int = 0
    leased: int = 0
    done: int = 0
    failed: int = 0
    dead: int = 0

    @property
    def open(self) -> int:
        """Tasks that can be claimed or are being worked on."""
        return self.ready + self.leased

    @property
    def failures(self) -> int:
        """Tasks that are failed or dead."""
        return self.failed + self.dead

    @property
    def total(self) -> int:
        """All tasks."""
        return self.open + self.done + self.failures

    def as_dict(self) -> dict[str, int]:
        """Convert to a mapping, as in JSON documents."""
        return asdict(self)


_READY: Final = cast(func.sum(task_counts.c.ready), BigInteger).label("ready")
_SUMS: Final = [cast(func.sum(task_counts.c[state]), BigInteger).label(state) for state in STATES]


def count_tasks(
    connection: Connection, recipe_ids: Sequence[int] | None = None
) -> dict[str, TaskCounts]:
    """Count tasks by stage and state.

    Args:
        connection: an open transaction.
        recipe_ids: count only tasks of these recipes (default: all, also requests).

    Returns:
        Stage → its numbers; stages without tasks are left out.
    """
    query = select(task_counts.c.stage, *_SUMS).group_by(task_counts.c.stage)
    if recipe_ids is not None:
        query = query.where(task_counts.c.recipe_id.in_(recipe_ids))
    counted = {stage: TaskCounts(*numbers) for stage, *numbers in connection.execute(query)}
    return {stage: numbers for stage, numbers in counted.items() if numbers.total}


def count_ready_requests(connection: Connection, stages: Iterable[str]) -> dict[str, int]:
    """Count the requests of each stage that can be claimed; stages with none are left out."""
    query = (
        select(task_counts.c.stage, _READY)
        .where(task_counts.c.recipe_id.is_(None), task_counts.c.stage.in_(stages))
        .group_by(task_counts.c.stage)
        .having(_READY > 0)
    )
    return {row.stage: row.ready for row in connection.execute(query)}


def count_ready_by_recipe(connection: Connection) -> list[tuple[str, str, str, int, int]]:
    """Count the tasks that can be claimed, by recipe: role, kind, back-end, recipe id, number."""
    query = (
        select(recipes.c.role, recipes.c.kind, recipes.c.backend, recipes.c.id, _READY)
        .join(task_counts, task_counts.c.recipe_id == recipes.c.id)
        .group_by(recipes.c.role, recipes.c.kind, recipes.c.backend, recipes.c.id)
        .having(_READY > 0)
        .order_by(recipes.c.id)
    )
    return [tuple(row) for row in connection.execute(query)]


def has_open_tasks(connection: Connection, recipe_id: int) -> bool:
    """Tell whether any task of a recipe is ready or leased."""
    query = select(func.sum(task_counts.c.ready + task_counts.c.leased))
    return bool(connection.execute(query.where(task_counts.c.recipe_id == recipe_id)).scalar())


def recount_tasks(connection: Connection) -> bool:
    """Count all tasks anew; tell whether the counters had been wrong.

    They are after statements that bypass triggers: INSERT OR REPLACE on SQLite, or
    ``session_replication_role`` on PostgreSQL.

    Args:
        connection: an open write transaction; it excludes other writers of tasks until its end.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE tasks IN SHARE ROW EXCLUSIVE MODE"))
    group = (tasks.c.stage, tasks.c.recipe_id)
    states = [func.sum(case((tasks.c.state == state, 1), else_=0)) for state in STATES]
    counted = select(*group, *(cast(state, BigInteger) for state in states)).group_by(*group)
    kept = (task_counts.c.stage, task_counts.c.recipe_id)
    stored = select(*kept, *_SUMS).group_by(*kept)
    before = {tuple(row) for row in connection.execute(stored) if any(row[2:])}
    now = {tuple(row) for row in connection.execute(counted)}
    if before == now:
        return False
    connection.execute(delete(task_counts))
    if now:
        names = ("stage", "recipe_id", *STATES)
        rows = [dict(zip(names, row, strict=True)) for row in now]
        connection.execute(insert(task_counts), rows)
    return True


def needs_compaction(connection: Connection) -> bool:
    """Tell whether the table has many rows; reads only, and at most as many as may accumulate."""
    query = select(task_counts.c.id).offset(_MAX_UNCOMPACTED_ROWS).limit(1)
    return connection.execute(query).first() is not None


def compact_counts(connection: Connection) -> None:
    """Replace the rows of each stage and recipe by one with their sums (PostgreSQL).

    One statement, so every reader sees the rows or their sums. Rows that a concurrent compaction
    has locked are left to it. SQLite's triggers keep one row a group, so there it does nothing.
    """
    if connection.dialect.name == "sqlite":
        return
    held = select(task_counts.c.id).with_for_update(skip_locked=True).cte("held")
    removed = (
        delete(task_counts)
        .where(task_counts.c.id.in_(select(held.c.id)))
        .returning(*(task_counts.c[name] for name in ("stage", "recipe_id", *STATES)))
        .cte("removed")
    )
    sums = select(
        removed.c.stage, removed.c.recipe_id, *(func.sum(removed.c[state]) for state in STATES)
    ).group_by(removed.c.stage, removed.c.recipe_id)
    connection.execute(
        insert(task_counts).from_select(["stage", "recipe_id", *STATES], sums.add_cte(held))
    )
