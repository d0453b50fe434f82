"""The session of a worker: its row in the catalog and its heartbeat, from registration to stop."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.catalog import workers
from cmean.errors import CatalogError
from cmean.jobs.heartbeat import Heartbeat
from cmean.jobs.local_processes import describe_this_process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog


@dataclass(frozen=True, slots=True)
class WorkerSession:
    """A process registered as a worker. As a context manager it ends when the block does.

    Only a session can hold leases: they are renewed by its heartbeat.
    """

    catalog: Catalog
    worker_id: int
    lease_seconds: float
    heartbeat: Heartbeat

    def __enter__(self) -> WorkerSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.heartbeat.stop()
        # Where the catalog is unavailable, others notice that the heartbeats have stopped.
        with suppress(CatalogError), self.catalog.write() as connection:
            workers.stop_workers(connection, [self.worker_id])


def start_session(
    catalog: Catalog,
    lease_seconds: float,
    *,
    parent_id: int | None = None,
    queues: Sequence[str] | None = None,
) -> WorkerSession:
    """Register the calling process as a worker and start its heartbeat.

    Args:
        catalog: the catalog, open in this process.
        lease_seconds: of the leases that the session holds.
        parent_id: the worker row of the process that started this one.
        queues: the queues that it serves (None: it takes part in a run, or only watches one).

    Raises:
        CatalogError: the catalog cannot be written.
    """
    with catalog.write() as connection:
        worker_id = workers.register_worker(connection, describe_this_process(), parent_id, queues)
    heartbeat = Heartbeat(catalog, worker_id, lease_seconds)
    heartbeat.start()
    return WorkerSession(catalog, worker_id, lease_seconds, heartbeat)
