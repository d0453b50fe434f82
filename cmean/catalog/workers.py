"""Worker processes, a row each, so that tasks of a dead one are freed before its lease ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, insert, select, update

from cmean.catalog.clock import now
from cmean.catalog.job_queue import is_in_state
from cmean.catalog.tables import recipes, tasks, workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

SILENT_SECONDS = 60.0
"""Age of a heartbeat above which a worker counts as ended, until its next heartbeat."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """The identity of a process on a host.

    `started` (seconds, by the machine's own count) tells it from a later one of the same number,
    `namespace` from one in another container or on another machine of the same name.
    """

    host: str
    pid: int
    started: float
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredWorker:
    """A registered worker. `parent_id` is the process that started it."""

    id: int
    parent_id: int | None
    process: ProcessIdentity


@dataclass(slots=True)
class WorkerTally:
    """What a worker has done since its last heartbeat."""

    done: int = 0
    failed: int = 0
    batches: int = 0
    seconds: float = 0.0


def register_worker(
    connection: Connection,
    process: ProcessIdentity,
    parent_id: int | None = None,
    queues: Sequence[str] | None = None,
    unable: Mapping[str, str] | None = None,
) -> int:
    """Insert the row of a worker. Returns its id.

    Args:
        connection: an open write transaction.
        process: the worker's own.
        parent_id: the process that started it.
        queues: the queues that it serves (None: a run, or a process that only starts workers).
        unable: recipe id → why it cannot carry out that recipe.
    """
    row = insert(workers).values(
        parent_id=parent_id,
        host=process.host,
        namespace=process.namespace,
        pid=process.pid,
        process_started=process.started,
        queues=None if queues is None else list(queues),
        unable=dict(unable or {}),
        heartbeat=now(),
    )
    return int(connection.execute(row.returning(workers.c.id)).scalar_one())


def record_heartbeat(
    connection: Connection,
    worker_id: int,
    recipe_id: int | None = None,
    tally: WorkerTally | None = None,
) -> None:
    """Record a heartbeat, the current recipe, and what was done since the last one."""
    tally = tally or WorkerTally()
    own = update(workers).where(workers.c.id == worker_id)
    connection.execute(
        own.values(
            heartbeat=now(),
            recipe_id=recipe_id,
            tasks_done=workers.c.tasks_done + tally.done,
            tasks_failed=workers.c.tasks_failed + tally.failed,
            batches=workers.c.batches + tally.batches,
            batch_seconds=workers.c.batch_seconds + tally.seconds,
            stopped=None,
        )
    )


def set_unable(connection: Connection, worker_id: int, unable: Mapping[str, str]) -> None:
    """Record which recipes the worker cannot carry out, and why."""
    connection.execute(update(workers).where(workers.c.id == worker_id).values(unable=dict(unable)))


def stop_workers(connection: Connection, worker_ids: Sequence[int]) -> None:
    """Record that workers ended."""
    if worker_ids:
        ended = update(workers).where(workers.c.id.in_(worker_ids), workers.c.stopped.is_(None))
        connection.execute(ended.values(stopped=now()))


def stop_silent_workers(connection: Connection) -> int:
    """Record that workers without a recent heartbeat ended. Returns how many."""
    silent = workers.c.heartbeat < now() - SILENT_SECONDS
    ended = update(workers).where(workers.c.stopped.is_(None), silent)
    return connection.execute(ended.values(stopped=now())).rowcount


def find_workers_on_host(
    connection: Connection, host: str, namespace: str | None
) -> list[RegisteredWorker]:
    """Find the workers of a host that are not known to have ended, or that still hold tasks."""
    holds = exists().where(is_in_state("leased"), tasks.c.worker_id == workers.c.id)
    here = (workers.c.host == host, workers.c.namespace.is_not_distinct_from(namespace))
    query = select(workers).where(*here, workers.c.stopped.is_(None) | holds)
    return [_build_worker(row) for row in connection.execute(query)]


def read_workers(connection: Connection, worker_ids: Sequence[int]) -> list[RegisteredWorker]:
    """Read workers by their ids."""
    query = select(workers).where(workers.c.id.in_(worker_ids))
    return [_build_worker(row) for row in connection.execute(query)]


def _build_worker(row: Any) -> RegisteredWorker:  # noqa: ANN401 - a row of the table
    process = ProcessIdentity(row.host, row.pid, row.process_started, row.namespace)
    return RegisteredWorker(row.id, row.parent_id, process)


def list_workers(connection: Connection) -> list[dict[str, Any]]:
    """List the workers that have not ended: queues, current recipe, numbers, heartbeat age."""
    query = (
        select(
            workers.c.id.label("worker"),
            workers.c.host,
            workers.c.pid,
            workers.c.queues,
            recipes.c.backend,
            workers.c.tasks_done.label("done"),
            workers.c.tasks_failed.label("failed"),
            workers.c.batches,
            workers.c.batch_seconds,
            (now() - workers.c.heartbeat).label("heartbeat_age"),
            workers.c.unable,
        )
        .outerjoin(recipes, recipes.c.id == workers.c.recipe_id)
        .where(workers.c.stopped.is_(None))
        .order_by(workers.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def count_serving_workers(connection: Connection, queue: str) -> int:
    """Count the workers of a queue with a recent heartbeat."""
    fresh = workers.c.heartbeat >= now() - SILENT_SECONDS
    query = select(workers.c.queues).where(workers.c.stopped.is_(None), fresh)
    return sum(queue in (queues or ()) for queues in connection.execute(query).scalars())


def count_workers_on_host(connection: Connection, host: str, namespace: str | None) -> int:
    """Count the queue workers of a host with a recent heartbeat."""
    here = (workers.c.host == host, workers.c.namespace.is_not_distinct_from(namespace))
    fresh = workers.c.heartbeat >= now() - SILENT_SECONDS
    query = select(func.count()).select_from(workers)
    living = query.where(*here, fresh, workers.c.stopped.is_(None), workers.c.queues.is_not(None))
    return int(connection.execute(living).scalar_one())
