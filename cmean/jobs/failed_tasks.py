"""Failed tasks: their list, and their return to the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import failures, task_recovery
from cmean.inference.queues import QUEUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog


def list_failures(catalog: Catalog) -> list[dict[str, Any]]:
    """List the first failed or dead tasks: state, stage, title, position, reason and detail."""
    with catalog.read() as connection:
        return failures.list_failed_tasks(connection)


def has_due_tasks(catalog: Catalog) -> bool:
    """Tell whether a back-off or a lease has expired, so that a task can be claimed again."""
    with catalog.read() as connection:
        return bool(task_recovery.needs_sweep(connection))


def retry_failed_tasks(
    catalog: Catalog,
    stage: str | None = None,
    reason: str | None = None,
    announce: Callable[[str], None] | None = None,
) -> int:
    """Make failed and dead tasks ready again. Returns how many.

    Args:
        catalog: an open catalog.
        stage: only tasks of this stage.
        reason: only tasks that failed for this reason.
        announce: wakes the workers of a queue; None: there is no broker.
    """
    with catalog.write() as connection:
        count = task_recovery.retry_tasks(connection, stage, reason)
    if announce is not None and count:
        for queue in QUEUES:
            announce(queue)
    return count
