"""Return tasks to the queue: of workers that ended, of expired leases, failed ones that are due.

The other half of `cmean.catalog.job_queue`, which draws the states and their transitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, select, update

from cmean.catalog.clock import now
from cmean.catalog.job_queue import FREED, HAS_FAILED, is_held, is_in_state, return_tasks
from cmean.catalog.tables import tasks
from cmean.catalog.task_counts import compact_counts
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement

MAX_DEVICE_FAULTS = 3
"""Faults of devices while a task was held, after which it is executed alone."""
MAX_CRASHES = 5
"""Crashes of workers during one task after which it is dead."""


def release_workers(connection: Connection, worker_ids: Sequence[int], *, crashed: bool) -> int:
    """Free the tasks of workers that are known to have ended.

    Args:
        connection: an open write transaction.
        worker_ids: the workers.
        crashed: whether the tasks may be the cause. False when the whole run was killed: then it
            was stopped on purpose or the machine went down, and no task is suspected.
    """
    if not worker_ids:
        return 0
    theirs = and_(is_in_state("leased"), tasks.c.worker_id.in_(worker_ids))
    if crashed:
        return _free_suspects(connection, theirs)
    freed = update(tasks).where(theirs)
    freed = freed.values(**FREED, state="ready", lease_attempts=tasks.c.lease_attempts - 1)
    return connection.execute(freed).rowcount


def free_tasks_after_fault(connection: Connection, token: str) -> None:
    """Free the tasks still held under the token, after a fault of the worker's device.

    No crash is counted, since a batch of many tells nothing about the task that may be the cause,
    but for tasks that were held at `MAX_DEVICE_FAULTS` faults: these are suspected, and from then
    on executed alone.
    """
    held = is_held(token)
    counted = update(tasks).where(held).values(device_faults=tasks.c.device_faults + 1)
    connection.execute(counted)
    _free_suspects(connection, and_(held, tasks.c.device_faults >= MAX_DEVICE_FAULTS))
    return_tasks(connection, token)


def sweep_tasks(connection: Connection) -> int:
    """Free tasks whose lease has expired, and make failed ones ready whose back-off is over.

    Adds up the counters of tasks as well.
    """
    expired = and_(is_in_state("leased"), tasks.c.lease_until < now())
    freed = _free_suspects(connection, expired)
    due = and_(is_in_state("failed"), tasks.c.not_before <= now())
    freed += connection.execute(update(tasks).where(due).values(state="ready")).rowcount
    compact_counts(connection)
    return freed


def needs_sweep(connection: Connection) -> bool:
    """Tell whether `sweep_tasks` would change anything; reads only, for idle workers."""
    expired = select(tasks.c.id).where(is_in_state("leased"), tasks.c.lease_until < now()).limit(1)
    due = select(tasks.c.id).where(is_in_state("failed"), tasks.c.not_before <= now()).limit(1)
    return any(connection.execute(query).first() is not None for query in (expired, due))


def _free_suspects(connection: Connection, which: ColumnElement[bool]) -> int:
    dead = tasks.c.lease_attempts >= MAX_CRASHES
    return connection.execute(
        update(tasks)
        .where(which)
        .values(
            **FREED,
            state=case((dead, "dead"), else_="ready"),
            reason=case((dead, FailureReason.WORKER_CRASHED.value), else_=tasks.c.reason),
            detail=case(
                (dead, f"{MAX_CRASHES} workers ended while they held it"), else_=tasks.c.detail
            ),
        )
    ).rowcount


def retry_tasks(
    connection: Connection,
    stage: str | None = None,
    reason: str | None = None,
    task_id: int | None = None,
) -> int:
    """Make failed and dead tasks ready again, with all attempts reset. Returns how many."""
    which: list[ColumnElement[bool]] = [HAS_FAILED]
    if stage is not None:
        which.append(tasks.c.stage == stage)
    if reason is not None:
        which.append(tasks.c.reason == reason)
    if task_id is not None:
        which.append(tasks.c.id == task_id)
    clean = {"lease_attempts": 0, "error_attempts": 0, "device_faults": 0, "not_before": None}
    again = update(tasks).where(*which).values(state="ready", **clean)
    return connection.execute(again).rowcount
