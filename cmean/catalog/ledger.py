"""The ledger of work: which task is ready, who holds it, what became of it.

A row of `tasks` is one piece of work: a recipe applied to a fragment. The life of a row:

    ready → leased → done
               ├──→ failed → ready (when its time has come)
               ├──→ dead           (a failure that a repetition cannot mend, or too many of them)
               └──→ ready          (given back, or its worker is gone)

A claim takes a batch for a limited time (the lease) under a fresh token. A result is committed
only where the row is still leased under that token (the fence), so a worker that stalled and was
given up can do no harm when it wakes. No transaction is open while a back-end works.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import (
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
    update,
)

from cmean.catalog.clock import now
from cmean.catalog.tables import captions, fragments, items, tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement, Select

    from cmean.domain import Kind
    from cmean.errors import ItemError

STATES = ("ready", "leased", "done", "failed", "dead")
MAX_CRASHES = 3
"""Workers that one task may take down with it before it is dead."""
MAX_ERRORS = 3
"""Errors that a task may raise before it is dead."""
BACKOFF_SECONDS = 30.0
"""Pause after the first error; doubled after each further one, with jitter."""


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed task."""

    task_id: int
    fragment_id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of tasks held under one token."""

    token: str
    recipe_id: int
    work: tuple[Work, ...]


def plan_captions(connection: Connection, recipe_id: int, kind: Kind) -> int:
    """Make a ready task for each fragment of that kind that the captioner has none for.

    Returns:
        How many tasks were added.
    """
    wanted = (
        select(literal("caption"), literal(recipe_id), fragments.c.id)
        .join(items, items.c.id == fragments.c.item_id)
        .where(items.c.kind == kind.value, items.c.uri.is_not(None))
        .where(~_has_task(recipe_id, fragments.c.id))
        .order_by(fragments.c.id)
    )
    return _plan(connection, wanted)


def plan_emotions(connection: Connection, recipe_id: int, captioner_id: int) -> int:
    """Make a ready task for each caption of that captioner that the mapper has none for."""
    wanted = (
        select(literal("emotion"), literal(recipe_id), captions.c.fragment_id)
        .where(captions.c.recipe_id == captioner_id)
        .where(~_has_task(recipe_id, captions.c.fragment_id))
        .order_by(captions.c.fragment_id)
    )
    return _plan(connection, wanted)


def _has_task(recipe_id: int, fragment_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(tasks.c.recipe_id == recipe_id, tasks.c.fragment_id == fragment_id)


def _plan(connection: Connection, wanted: Select[tuple[str, int, int]]) -> int:
    statement = insert(tasks).from_select(["stage", "recipe_id", "fragment_id"], wanted)
    # Without the option the number is lost on PostgreSQL.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def claim(
    connection: Connection, recipe_id: int, worker_id: int, limit: int, lease_seconds: float
) -> Claim | None:
    """Take up to `limit` ready tasks of one recipe, oldest first.

    A task that already took a worker down with it is claimed alone, so that it takes no other.

    Returns:
        The claim, or None when nothing is ready.
    """
    ready = (
        select(tasks.c.id, tasks.c.lease_attempts)
        .where(_is("ready"), tasks.c.recipe_id == recipe_id)
        .order_by(tasks.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # left out by SQLite, whose writers queue anyway
    )
    found = connection.execute(ready).all()
    chosen = _together(found)
    if not chosen:
        return None
    token = secrets.token_hex(16)
    taken = connection.execute(
        update(tasks)
        .where(tasks.c.id.in_(chosen))
        .values(
            state="leased",
            token=token,
            worker_id=worker_id,
            lease_attempts=tasks.c.lease_attempts + 1,
            lease_until=now() + lease_seconds,
        )
        .returning(tasks.c.id, tasks.c.fragment_id)
    ).all()
    return Claim(token, recipe_id, tuple(sorted((Work(*row) for row in taken), key=_by_id)))


def _together(rows: Sequence[tuple[int, int]]) -> list[int]:
    """The leading rows that were never held before, or the first row alone."""
    fresh: list[int] = []
    for task_id, attempts in rows:
        if attempts:
            return fresh or [task_id]
        fresh.append(task_id)
    return fresh


def _by_id(work: Work) -> int:
    return work.task_id


def renew(connection: Connection, token: str, lease_seconds: float) -> int:
    """Prolong a lease. Returns how many tasks are still held; 0 means that all is lost."""
    held = update(tasks).where(_held(token)).values(lease_until=now() + lease_seconds)
    return connection.execute(held).rowcount


def finish(connection: Connection, token: str, task_ids: Iterable[int]) -> set[int]:
    """Mark tasks done, where they are still held under the token: the fence.

    Returns:
        The ids that were marked. Only their results may be written, in the same transaction.
    """
    done = (
        update(tasks)
        .where(_held(token), tasks.c.id.in_(list(task_ids)))
        .values(**_FREED, state="done", finished=now(), reason=None, detail=None)
        .returning(tasks.c.id)
    )
    return set(connection.execute(done).scalars())


def fail(connection: Connection, token: str, failures: Mapping[int, ItemError]) -> None:
    """Record typed failures of tasks that are still held under the token."""
    for task_id, error in failures.items():
        attempts = tasks.c.error_attempts + 1
        last = attempts >= MAX_ERRORS if error.retryable else true()
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards no secret
        pause = BACKOFF_SECONDS * jitter * literal(1).bitwise_lshift(tasks.c.error_attempts)
        connection.execute(
            update(tasks)
            .where(_held(token), tasks.c.id == task_id)
            .values(
                **_FREED,
                state=case((last, "dead"), else_="failed"),
                not_before=now() + pause,
                error_attempts=attempts,
                lease_attempts=tasks.c.lease_attempts - 1,  # the worker survived it
                reason=error.reason,
                detail=error.detail,
            )
        )


def give_back(connection: Connection, token: str) -> None:
    """Return what is still held under the token, unworked: nothing counts against it."""
    connection.execute(
        update(tasks)
        .where(_held(token))
        .values(**_FREED, state="ready", lease_attempts=tasks.c.lease_attempts - 1)
    )


def release_workers(connection: Connection, worker_ids: Sequence[int], *, crashed: bool) -> int:
    """Free what workers held that are known to be gone.

    Args:
        connection: an open write transaction.
        worker_ids: the workers.
        crashed: whether the tasks may be to blame. False when the whole run was killed: then it
            was somebody's will or the machine's end, and no task is suspected.
    """
    if not worker_ids:
        return 0
    theirs = and_(_is("leased"), tasks.c.worker_id.in_(worker_ids))
    if crashed:
        return _free_suspects(connection, theirs)
    freed = update(tasks).where(theirs)
    freed = freed.values(**_FREED, state="ready", lease_attempts=tasks.c.lease_attempts - 1)
    return connection.execute(freed).rowcount


def sweep(connection: Connection) -> int:
    """Free tasks whose lease ran out, and make failed ones ready whose time has come."""
    expired = and_(_is("leased"), tasks.c.lease_until < now())
    freed = _free_suspects(connection, expired)
    due = and_(_is("failed"), tasks.c.not_before <= now())
    return freed + connection.execute(update(tasks).where(due).values(state="ready")).rowcount


def _free_suspects(connection: Connection, which: ColumnElement[bool]) -> int:
    dead = tasks.c.lease_attempts >= MAX_CRASHES
    return connection.execute(
        update(tasks)
        .where(which)
        .values(
            **_FREED,
            state=case((dead, "dead"), else_="ready"),
            reason=case((dead, "worker-crashed"), else_=tasks.c.reason),
            detail=case(
                (dead, f"{MAX_CRASHES} workers ended while they held it"), else_=tasks.c.detail
            ),
        )
    ).rowcount


def retry(connection: Connection, stage: str | None = None, reason: str | None = None) -> int:
    """Make failed and dead tasks ready again, with a clean slate. Returns how many."""
    which: list[ColumnElement[bool]] = [tasks.c.state.in_(["failed", "dead"])]
    if stage is not None:
        which.append(tasks.c.stage == stage)
    if reason is not None:
        which.append(tasks.c.reason == reason)
    clean = {"lease_attempts": 0, "error_attempts": 0, "not_before": None}
    again = update(tasks).where(*which).values(state="ready", **clean)
    return connection.execute(again).rowcount


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
        .join(fragments, fragments.c.id == tasks.c.fragment_id)
        .join(items, items.c.id == fragments.c.item_id)
        .where(tasks.c.state.in_(["failed", "dead"]))
        .order_by(tasks.c.id)
        .limit(limit)
    )
    if recipe_ids is not None:
        query = query.where(tasks.c.recipe_id.in_(recipe_ids))
    return [dict(row) for row in connection.execute(query).mappings()]


def ready(connection: Connection, recipe_ids: Sequence[int]) -> int:
    """How many tasks of these recipes can be claimed now."""
    query = select(func.count()).where(_is("ready"), tasks.c.recipe_id.in_(recipe_ids))
    return connection.execute(query).scalar_one()


def _is(state: str) -> ColumnElement[bool]:
    """Compares with a literal, not a parameter: only so can a partial index be used."""
    return tasks.c.state == literal_column(f"'{state}'")


def _held(token: str) -> ColumnElement[bool]:
    return and_(_is("leased"), tasks.c.token == token)


_FREED = {"token": None, "lease_until": None}
