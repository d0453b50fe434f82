"""How things stand: items, tasks by stage and state, failures, workers, and what waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import items, ledger, progress, workers
from cmean.pipeline.host import dead_workers
from cmean.pipeline.queues import REQUESTS, queue_of
from cmean.pipeline.run import STAGES as RUN_STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog, Connection

STAGES = (*RUN_STAGES, *REQUESTS)
"""The stages of all tasks."""


def status(catalog: Catalog) -> dict[str, Any]:
    """A document of items, stages, what waits, failures (the first 20) and living workers."""
    gone = {worker.id for worker in dead_workers(catalog)}
    with catalog.read() as connection:
        counted = progress.counts(connection)
        living = [row for row in workers.listing(connection) if row["worker"] not in gone]
        nothing = dict.fromkeys(ledger.STATES, 0)
        return {
            "items": items.count(connection),
            "stages": {stage: counted.get(stage, nothing) for stage in STAGES},
            "waiting": waiting(connection, living),
            "failures": progress.failures(connection),
            "workers": living,
        }


def waiting(connection: Connection, living: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ready work that no living worker can do, and why; nothing while there is no worker at all.

    Without a worker the next `cmean run` does it, so nothing is amiss.
    """
    fleet = [worker for worker in living if worker["queues"] is not None]
    if not fleet:
        return []
    found = []
    for role, kind, backend, recipe_id, number in progress.ready_recipes(connection):
        why = _why(fleet, queue_of(role, kind), str(recipe_id))
        if why is not None:
            queue = queue_of(role, kind)
            found.append({"queue": queue, "backend": backend, "ready": number, "why": why})
    for stage, number in progress.ready_requests(connection, REQUESTS).items():
        if (why := _why(fleet, stage, "")) is not None:
            found.append({"queue": stage, "backend": None, "ready": number, "why": why})
    return found


def _why(fleet: Sequence[dict[str, Any]], queue: str, recipe_id: str) -> str | None:
    """Why no worker does the work of a queue; None when one can."""
    serving = [worker for worker in fleet if queue in worker["queues"]]
    if not serving:
        return f"no worker serves it; start one: cmean worker --queue {queue}"
    reasons = [(worker["unable"] or {}).get(recipe_id) for worker in serving]
    if None in reasons:
        return None
    return f"on {serving[0]['host']}: {reasons[0]}"
