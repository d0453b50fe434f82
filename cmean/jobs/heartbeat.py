"""The heartbeat of a worker: a thread that records its last heartbeat and renews its leases."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cmean.catalog import job_queue, workers
from cmean.catalog.workers import WorkerTally
from cmean.errors import CatalogError
from cmean.jobs import delays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.catalog.engine import Catalog


@dataclass(slots=True, eq=False)
class HeldLease:
    """The lease of a claim of `size` tasks not yet committed, renewed until it is released.

    `lost` is set when fewer tasks were renewed than are held: another worker has some of them,
    so the work may stop.
    """

    token: str
    recipe_id: int | None
    size: int
    lost: threading.Event = field(default_factory=threading.Event)


class Heartbeat:
    """Records heartbeats of a worker and renews its leases between `start` and `stop`.

    Args:
        catalog: the catalog, open in this process.
        worker_id: the row of the worker.
        lease_seconds: of a lease; it is renewed at a third of it.
    """

    def __init__(self, catalog: Catalog, worker_id: int, lease_seconds: float) -> None:
        self.catalog = catalog
        self.worker_id = worker_id
        self.lease_seconds = lease_seconds
        self._leases: list[HeldLease] = []
        self._tally = WorkerTally()
        self._lock = threading.Lock()
        self._reported_recipe: int | None = None
        self._last_beat = 0.0
        self._stopped = False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and record what was done since its last heartbeat."""
        self._stopped = True
        self._due.set()
        self._thread.join()
        self._beat()

    def hold_lease(self, token: str, recipe_id: int | None, size: int) -> HeldLease:
        """Renew the lease of a claim of `size` tasks from now on."""
        lease = HeldLease(token, recipe_id, size)
        with self._lock:
            self._leases.append(lease)
        if recipe_id != self._reported_recipe:
            self._due.set()  # so that `cmean status` shows the new recipe at once
        return lease

    def shrink_lease(self, lease: HeldLease, count: int) -> None:
        """Expect so many tasks fewer; called before they are committed.

        A heartbeat compares the number that it renewed with the size afterwards, so it may come at
        any time without taking the lease for lost.
        """
        with self._lock:
            lease.size -= count

    def release_lease(self, lease: HeldLease) -> None:
        """Renew a lease no longer."""
        with self._lock:
            self._leases.remove(lease)

    @contextmanager
    def keep_lease(self, token: str, recipe_id: int | None, size: int) -> Iterator[HeldLease]:
        """Renew the lease of a claim while the block works."""
        lease = self.hold_lease(token, recipe_id, size)
        try:
            yield lease
        finally:
            self.release_lease(lease)

    def record_batch(self, done: int, failed: int, seconds: float) -> None:
        """Add a batch to what the next heartbeat records."""
        with self._lock:
            self._tally.done += done
            self._tally.failed += failed
            self._tally.batches += 1
            self._tally.seconds += seconds
        if time.monotonic() - self._last_beat > delays.BATCH_HEARTBEAT:
            self._due.set()

    def report_idle(self) -> None:
        """Record at once that the worker has no work, and what it did before."""
        if self._reported_recipe is not None or self._tally.batches:
            self._due.set()

    def _run(self) -> None:
        pause = min(self.lease_seconds / 3, delays.HEARTBEAT)
        while not self._stopped:
            self._due.clear()
            self._beat()
            self._due.wait(pause)

    def _beat(self) -> None:
        with self._lock:
            tally, self._tally = self._tally, WorkerTally()
            leases = list(self._leases)
        recipe_id = leases[0].recipe_id if leases else None
        try:
            with self.catalog.write() as connection:
                workers.record_heartbeat(connection, self.worker_id, recipe_id, tally)
                lost = [
                    lease
                    for lease in leases
                    if job_queue.renew_lease(connection, lease.token, self.lease_seconds)
                    < lease.size
                ]
        except CatalogError:  # the next heartbeat may succeed; it records this tally, too
            with self._lock:
                self._tally = WorkerTally(
                    tally.done + self._tally.done,
                    tally.failed + self._tally.failed,
                    tally.batches + self._tally.batches,
                    tally.seconds + self._tally.seconds,
                )
            return
        self._reported_recipe = recipe_id
        self._last_beat = time.monotonic()
        for lease in lost:
            lease.lost.set()
