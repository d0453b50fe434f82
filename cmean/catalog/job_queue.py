"""The job queue: which task is ready, which worker holds it, how it ended.

A row of `tasks` is one piece of work: a recipe applied to a fragment, or a request (a pairing, an
evaluation). The life of a row:

    ready → leased → done
               ├──→ failed → ready (when its time has come)
               ├──→ dead           (a failure that a repetition cannot mend, or too many of them)
               └──→ ready          (returned, or its worker ended)

A claim takes a batch for a limited time (the lease) under a fresh token. A result is committed
only where the row is still leased under that token (the fence), so a worker that stalled and was
given up cannot overwrite anything when it resumes. No transaction is open while a back-end works.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Float,
    Integer,
    String,
    and_,
    bindparam,
    case,
    literal,
    literal_column,
    select,
    true,
    update,
)

from cmean.catalog.clock import now
from cmean.catalog.engine import PreparedStatement
from cmean.catalog.tables import tasks
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement
    from sqlalchemy.sql.dml import ReturningUpdate

    from cmean.errors import ItemError

MAX_ERRORS = 3
"""Errors that a task may raise before it is dead."""
MAX_MISSES = 10
"""The same where its file is missing: with the pauses between, hours for media to be back."""
BACKOFF_SECONDS = 30.0
"""Pause after the first error; doubled after each further one, with jitter."""


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """One claimed task of a recipe."""

    task_id: int
    fragment_id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of tasks of one recipe held under one token.

    `suspect`: a worker has died of it; it must be done alone.
    """

    token: str
    recipe_id: int
    work: tuple[ClaimedTask, ...]
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedRequest:
    """A claimed request for a pairing or an evaluation, held under a token."""

    token: str
    task_id: int
    stage: str
    request: Mapping[str, Any]


def claim_tasks(
    connection: Connection,
    recipe_id: int,
    worker_id: int,
    limit: int,
    lease_seconds: float,
    *,
    fresh: bool = False,
) -> Claim | None:
    """Claim up to `limit` ready tasks of one recipe, oldest first.

    A task that already took a worker down with it is claimed when no other is left, and alone, so
    that it takes no other with it; with `fresh` it is not claimed at all.

    Returns:
        The claim, or None when nothing is ready.
    """
    token = secrets.token_hex(16)
    lease = {"recipe": recipe_id, "holder": token, "worker": worker_id, "seconds": lease_seconds}
    taken: Iterable[Any] = _take_fresh(connection, size=limit, **lease).all()
    suspect = not taken
    if suspect and not fresh:
        taken = _take_suspect(connection, size=1, **lease).all()
    work = [ClaimedTask(row[0], row[1]) for row in sorted(taken, key=_get_task_id)]
    return Claim(token, recipe_id, tuple(work), suspect) if work else None


def _get_task_id(row: Sequence[Any]) -> int:
    return int(row[0])


def claim_request(
    connection: Connection,
    worker_id: int,
    lease_seconds: float,
    *,
    stage: str | None = None,
    task_id: int | None = None,
) -> ClaimedRequest | None:
    """Claim the oldest ready request of a stage, or a given one; None when it is not ready."""
    token = secrets.token_hex(16)
    which: list[ColumnElement[bool]] = [tasks.c.recipe_id.is_(None)]
    which += [tasks.c.stage == stage] if stage is not None else []
    which += [tasks.c.id == task_id] if task_id is not None else []
    lease = {"holder": token, "worker": worker_id, "seconds": lease_seconds, "size": 1}
    for row in connection.execute(_build_claim(and_(*which)), lease):
        return ClaimedRequest(token, row.id, row.stage, row.request)
    return None


def renew_lease(connection: Connection, token: str, lease_seconds: float) -> int:
    """Extend a lease. Returns how many tasks are still held; 0: the whole claim is lost."""
    held = update(tasks).where(is_held(token)).values(lease_until=now() + lease_seconds)
    return connection.execute(held).rowcount


def finish_tasks(
    connection: Connection, token: str, task_ids: Iterable[int] | None = None
) -> set[int]:
    """Mark tasks done that are still held under the fencing token.

    Args:
        connection: an open write transaction.
        token: of the claim.
        task_ids: those that were done (default: the whole claim).

    Returns:
        The ids that were marked. Only their results may be written, in the same transaction.
    """
    if task_ids is None:
        return set(_finish_all(connection, holder=token).scalars())
    some = _FINISH.where(tasks.c.id.in_(list(task_ids)))
    return set(connection.execute(some, {"holder": token}).scalars())


def fail_tasks(connection: Connection, token: str, failures: Mapping[int, ItemError]) -> None:
    """Record typed failures of tasks that are still held under the token."""
    for task_id, error in failures.items():
        attempts = tasks.c.error_attempts + 1
        most = MAX_MISSES if error.reason == FailureReason.MISSING else MAX_ERRORS
        last = attempts >= most if error.retryable else true()
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards no secret
        pause = BACKOFF_SECONDS * jitter * literal(1).bitwise_lshift(tasks.c.error_attempts)
        connection.execute(
            update(tasks)
            .where(is_held(token), tasks.c.id == task_id)
            .values(
                **FREED,
                state=case((last, "dead"), else_="failed"),
                not_before=now() + pause,
                error_attempts=attempts,
                lease_attempts=tasks.c.lease_attempts - 1,  # the worker survived it
                reason=error.reason,
                detail=error.detail,
            )
        )


def return_tasks(connection: Connection, token: str) -> None:
    """Return the tasks still held under the token to the queue, with no attempt counted."""
    connection.execute(
        update(tasks)
        .where(is_held(token))
        .values(**FREED, state="ready", lease_attempts=tasks.c.lease_attempts - 1)
    )


def find_oldest_ready(connection: Connection, recipe_ids: Iterable[int]) -> dict[int, int]:
    """Find the lowest id of a ready task of each recipe; recipes with none are left out.

    Tasks that a worker died of count only where a recipe has no other, as for a claim. A step into
    the index a recipe, however many tasks there are.
    """
    found = {}
    for recipe_id in recipe_ids:
        ready = and_(is_in_state("ready"), tasks.c.recipe_id == recipe_id)
        for which in (tasks.c.lease_attempts == 0, tasks.c.lease_attempts > 0):
            query = select(tasks.c.id).where(ready, which).order_by(tasks.c.id).limit(1)
            oldest = connection.execute(query).scalar_one_or_none()
            if oldest is not None:
                found[recipe_id] = int(oldest)
                break
    return found


def read_request_state(connection: Connection, task_id: int) -> tuple[str, str, str | None]:
    """Read state and stage of a request and, when it failed, why."""
    query = select(tasks.c.state, tasks.c.stage, tasks.c.detail).where(tasks.c.id == task_id)
    row = connection.execute(query).one()
    return row.state, row.stage, row.detail


def is_in_state(state: str) -> ColumnElement[bool]:
    """Build the condition that a task is in a state, as a literal so that partial indexes apply."""
    return tasks.c.state == literal_column(f"'{state}'")


HAS_FAILED = tasks.c.state.in_([literal_column("'failed'"), literal_column("'dead'")])
"""Failed and dead tasks, spelled as in the partial index on them."""


def is_held(token: str) -> ColumnElement[bool]:
    """Build the condition that a task is leased under a token."""
    return and_(is_in_state("leased"), tasks.c.token == token)


FREED = {"token": None, "lease_until": None}


def _build_claim(which: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """Build the statement that leases ready tasks, oldest first.

    Its parameters: size, holder (the token), worker, seconds.

    Materialised, or PostgreSQL may run the inner query again and take more than the limit. SQLite
    has no row locks and leaves FOR UPDATE out: its writers queue anyway.
    """
    ready = (
        select(tasks.c.id)
        .where(is_in_state("ready"), which)
        .order_by(tasks.c.id)
        .limit(bindparam("size", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("ready")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        update(tasks)
        .where(tasks.c.id.in_(select(ready.c.id)))
        .values(
            state="leased",
            token=bindparam("holder", type_=String),
            worker_id=bindparam("worker", type_=Integer),
            lease_attempts=tasks.c.lease_attempts + 1,
            lease_until=now() + bindparam("seconds", type_=Float(53)),
        )
        .returning(tasks.c.id, tasks.c.fragment_id, tasks.c.stage, tasks.c.request)
    )


_OF_RECIPE = tasks.c.recipe_id == bindparam("recipe", type_=Integer)
_take_fresh = PreparedStatement(_build_claim(and_(_OF_RECIPE, tasks.c.lease_attempts == 0)))
_take_suspect = PreparedStatement(_build_claim(and_(_OF_RECIPE, tasks.c.lease_attempts > 0)))

_FINISH = (
    update(tasks)
    .where(is_in_state("leased"), tasks.c.token == bindparam("holder", type_=String))
    .values(**FREED, state="done", finished=now(), reason=None, detail=None)
    .returning(tasks.c.id)
)
_finish_all = PreparedStatement(_FINISH)
