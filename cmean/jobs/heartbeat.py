"""The heartbeat of a worker: a thread that says that it lives and prolongs the lease it holds."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cmean.catalog import job_queue, workers
from cmean.catalog.workers import Tally
from cmean.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.catalog.engine import Catalog

_LONGEST_PAUSE = 5.0
"""Seconds between two signs of life where the lease would allow more."""

_SHORTEST_PAUSE = 1.0
"""A batch that ends is told at once, but not more often than so."""


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """A claim whose lease is renewed until it is released.

    `lost` is set when the claim is no longer wholly this worker's: the work may stop.
    """

    token: str
    recipe_id: int | None
    size: int
    lost: threading.Event = field(default_factory=threading.Event)


class Heartbeat:
    """Beats while it is entered as a context.

    Args:
        catalog: the catalog, open in this process.
        worker_id: whose heart it is.
        lease_seconds: of a lease; it is renewed at a third of it.
    """

    def __init__(self, catalog: Catalog, worker_id: int, lease_seconds: float) -> None:
        self.catalog = catalog
        self.worker_id = worker_id
        self.lease_seconds = lease_seconds
        self._holds: list[Hold] = []
        self._tally = Tally()
        self._lock = threading.Lock()
        self._told: int | None = None  # the recipe that the catalog was last told of
        self._beaten = 0.0
        self._ended = False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._due.set()
        self._thread.join()
        self._beat()  # what was done since the last one

    def hold(self, token: str, recipe_id: int | None, size: int) -> Hold:
        """Prolong the lease of a claim of so many tasks until it is released."""
        hold = Hold(token, recipe_id, size)
        with self._lock:
            self._holds.append(hold)
        if recipe_id != self._told:
            self._due.set()  # whoever watches the fleet sees at once what it turns to
        return hold

    def release(self, hold: Hold) -> None:
        """The claim has ended."""
        with self._lock:
            self._holds.remove(hold)

    @contextmanager
    def holding(self, token: str, recipe_id: int | None, size: int) -> Iterator[Hold]:
        """Hold a claim while the block works."""
        hold = self.hold(token, recipe_id, size)
        try:
            yield hold
        finally:
            self.release(hold)

    def count(self, done: int, failed: int, seconds: float) -> None:
        """Remember a batch, to be told with the next beat."""
        with self._lock:
            self._tally.done += done
            self._tally.failed += failed
            self._tally.batches += 1
            self._tally.seconds += seconds
        if time.monotonic() - self._beaten > _SHORTEST_PAUSE:
            self._due.set()

    def rest(self) -> None:
        """Say that the worker is idle now, and what it did before."""
        if self._told is not None or self._tally.batches:
            self._due.set()

    def _beat_on(self) -> None:
        pause = min(self.lease_seconds / 3, _LONGEST_PAUSE)
        while not self._ended:
            self._due.clear()
            self._beat()
            self._due.wait(pause)

    def _beat(self) -> None:
        with self._lock:
            told, self._tally = self._tally, Tally()
            holds = list(self._holds)
        recipe_id = holds[0].recipe_id if holds else None
        try:
            with self.catalog.write() as connection:
                workers.beat(connection, self.worker_id, recipe_id, told)
                lost = [
                    hold
                    for hold in holds
                    if job_queue.renew(connection, hold.token, self.lease_seconds) < hold.size
                ]
        except CatalogError:  # the next beat may succeed; till then nothing is forgotten
            with self._lock:
                self._tally = Tally(
                    told.done + self._tally.done,
                    told.failed + self._tally.failed,
                    told.batches + self._tally.batches,
                    told.seconds + self._tally.seconds,
                )
            return
        self._told = recipe_id
        self._beaten = time.monotonic()
        for hold in lost:
            hold.lost.set()
