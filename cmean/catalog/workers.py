"""Who works: a row a process, so that the work of a dead one is freed without waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, insert, select, update

from cmean.catalog.clock import now
from cmean.catalog.tables import recipes, tasks, workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Process:
    """A process on some host; `started` (seconds since 1970) tells it from a later one."""

    host: str
    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A registered worker. `parent_id` is the run that started it."""

    id: int
    parent_id: int | None
    process: Process


def register(connection: Connection, process: Process, parent_id: int | None = None) -> int:
    """Enter a worker. Returns its id."""
    row = insert(workers).values(
        parent_id=parent_id,
        host=process.host,
        pid=process.pid,
        process_started=process.started,
        heartbeat=now(),
    )
    return int(connection.execute(row.returning(workers.c.id)).scalar_one())


def beat(connection: Connection, worker_id: int, recipe_id: int | None = None) -> None:
    """Record that the worker lives, and the recipe that it works on."""
    alive = update(workers).where(workers.c.id == worker_id)
    connection.execute(alive.values(heartbeat=now(), recipe_id=recipe_id))


def stop(connection: Connection, worker_ids: Sequence[int]) -> None:
    """Record that workers ended."""
    if worker_ids:
        gone = update(workers).where(workers.c.id.in_(worker_ids), workers.c.stopped.is_(None))
        connection.execute(gone.values(stopped=now()))


def on_host(connection: Connection, host: str) -> list[Worker]:
    """Workers of a host that are not known to have ended, or that still hold tasks."""
    holds = exists().where(tasks.c.state == "leased", tasks.c.worker_id == workers.c.id)
    query = select(workers).where(workers.c.host == host, workers.c.stopped.is_(None) | holds)
    return [
        Worker(row.id, row.parent_id, Process(row.host, row.pid, row.process_started))
        for row in connection.execute(query)
    ]


def listing(connection: Connection) -> list[dict[str, object]]:
    """Workers that have not ended: their back-end, and the age of their heartbeat in seconds."""
    query = (
        select(
            workers.c.id.label("worker"),
            workers.c.host,
            workers.c.pid,
            recipes.c.backend,
            (now() - workers.c.heartbeat).label("heartbeat_age"),
        )
        .outerjoin(recipes, recipes.c.id == workers.c.recipe_id)
        .where(workers.c.stopped.is_(None))
        .order_by(workers.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
