"""The status document: items, tasks by stage and state, failures, workers, blocked tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import failures, items, workers
from cmean.catalog.task_counts import (
    TaskCounts,
    count_ready_by_recipe,
    count_ready_requests,
    count_tasks,
)
from cmean.inference.queues import REQUESTS, get_queue
from cmean.jobs.local_processes import find_dead_workers
from cmean.jobs.local_run import STAGES as RUN_STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog, Connection

STAGES = (*RUN_STAGES, *REQUESTS)
"""The stages of all tasks."""


def build_status(
    catalog: Catalog, recipe_ids: Sequence[int] | None = None, *, fleet: bool = False
) -> dict[str, Any]:
    """Build the document of items, stages, blocked tasks, failures (20 at most) and live workers.

    Args:
        catalog: an open catalog.
        recipe_ids: count only tasks of these recipes (default: all tasks).
        fleet: whether workers are expected to run; then tasks without any count as blocked.
    """
    gone = {worker.id for worker in find_dead_workers(catalog)}
    with catalog.read() as connection:
        counted = count_tasks(connection, recipe_ids)
        living = [row for row in workers.list_workers(connection) if row["worker"] not in gone]
        return {
            "items": items.count_items(connection),
            "stages": {stage: counted.get(stage, TaskCounts()).as_dict() for stage in STAGES},
            "waiting": _list_blocked(connection, living, fleet=fleet),
            "failures": failures.list_failed_tasks(connection),
            "workers": living,
        }


def _list_blocked(
    connection: Connection, living: Sequence[dict[str, Any]], *, fleet: bool
) -> list[dict[str, Any]]:
    """List the ready tasks that no live worker can execute, and why.

    Without any worker the next `cmean run` executes them, so they are not blocked.
    """
    serving = [worker for worker in living if worker["queues"] is not None]
    if not serving and not fleet:
        return []
    found = []
    for role, kind, backend, recipe_id, number in count_ready_by_recipe(connection):
        why = _explain_block(serving, get_queue(role, kind), str(recipe_id))
        if why is not None:
            queue = get_queue(role, kind)
            found.append({"queue": queue, "backend": backend, "ready": number, "why": why})
    for stage, number in count_ready_requests(connection, REQUESTS).items():
        if (why := _explain_block(serving, stage, "")) is not None:
            found.append({"queue": stage, "backend": None, "ready": number, "why": why})
    return found


def _explain_block(workers_: Sequence[dict[str, Any]], queue: str, recipe_id: str) -> str | None:
    """Explain why no worker executes the tasks of a queue; None where one can."""
    serving = [worker for worker in workers_ if queue in worker["queues"]]
    if not serving:
        return f"no worker serves it; start one: cmean worker --queue {queue}"
    reasons = [(worker["unable"] or {}).get(recipe_id) for worker in serving]
    if None in reasons:
        return None
    return f"on {serving[0]['host']}: {reasons[0]}"
