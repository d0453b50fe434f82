"""The life of a worker: looks for work in the catalog, does it, waits for more.

It needs no broker. A hint only cuts the waiting short: an idle worker looks by itself every few
seconds, frees what dead workers held, and enters the work of its profile that is missing.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Protocol

from cmean.catalog import job_queue, migrate, progress, workers
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.engine import Catalog
from cmean.errors import CatalogUnavailableError, ConfigError, ServerError
from cmean.inference.queues import REQUESTS
from cmean.jobs import requests
from cmean.jobs.executor import Station, batches
from cmean.jobs.heartbeat import Heartbeat
from cmean.jobs.local_processes import free_the_dead, this_process
from cmean.jobs.model_cache import Bench
from cmean.jobs.planner import Planner
from cmean.util.retry import Backoff, retry_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.config import Settings
    from cmean.inference.steps import Step
    from cmean.jobs.executor import Batch
    from cmean.jobs.model_cache import Served

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = (2.0, 20.0)
"""An idle worker's first and longest pause between two looks."""
_SWEEP_SECONDS = 5.0
"""Pause between two searches for what others have left."""
_SILENCE_SECONDS = 30.0
"""Longest pause before the next search after the database was away."""
_SLICE_SECONDS = 900.0
"""How long a worker stays with its model while others' work waits."""


_EMPTY_BATCHES = 3
"""Batches in a row whose files are all missing, after which a worker leaves them to others."""


class Announce(Protocol):
    """Wakes workers of a queue. Must not raise."""

    def __call__(self, queue: str, recipe: str | None = None, copies: int = 1) -> None:
        """Say that a queue has work, e.g. of the recipe of that digest."""


def _to_nobody(queue: str, recipe: str | None = None, copies: int = 1) -> None:
    """Without a broker nobody is told."""


class Worker:
    """One worker.

    Args:
        settings: the catalog, the profile whose missing work it enters, the lease.
        queues: of `queues.QUEUES`, those that it serves.
        announce: wakes other workers.
    """

    def __init__(
        self, settings: Settings, queues: Sequence[str], announce: Announce = _to_nobody
    ) -> None:
        self.settings = settings
        self.queues = tuple(queues)
        self.announce = announce
        self.catalog = Catalog(settings.database_url)
        self.bench = Bench(self.queues)
        self.planner = Planner(self.catalog, settings, self.queues, announce)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._slice_ends = 0.0
        self._sweep_at = 0.0
        self._strayed = False
        self._empty_batches = 0

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing new; `run` returns after what is under way."""
        self._stopping.set()
        self._woken.set()

    def knows(self, digest: object) -> bool:
        """Whether the catalog has a recipe of that digest."""
        if not isinstance(digest, str):
            return False
        with self.catalog.read() as connection:
            return recipe_rows.find(connection, digest) is not None

    def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            CatalogError: the catalog is of another version, or its disk is full.
        """
        worker_id = self._register()
        lease = self.settings.lease_seconds
        with Heartbeat(self.catalog, worker_id, lease) as heartbeat:
            station = Station(self.catalog, worker_id, lease, heartbeat)
            _LOG.info("worker %d is ready: %s", worker_id, ", ".join(self.queues))
            backoff = Backoff(*_POLL_SECONDS, growth=1.5, jitter=(0.75, 1.25))
            while not self._stopping.is_set():
                if self._look(station):
                    backoff.reset()
                    continue
                heartbeat.rest()
                if self._woken.wait(backoff.next_delay()):
                    self._woken.clear()
                    backoff.reset()
        self.bench.clear()
        self._unregister(worker_id)
        _LOG.info("worker %d has ended", worker_id)

    def _register(self) -> int:
        def register_once() -> int:
            migrate.ensure(self.catalog)
            with self.catalog.write() as connection:
                return workers.register(connection, this_process(), queues=self.queues)

        return retry_call(
            register_once,
            retry_on=CatalogUnavailableError,
            backoff=Backoff(*_POLL_SECONDS),
            is_stopped=self._stopping.is_set,
            wait=self._stopping.wait,
            on_retry=lambda error: _LOG.warning("%s; trying again", error),
        )

    def _unregister(self, worker_id: int) -> None:
        try:
            with self.catalog.write() as connection:
                workers.stop(connection, [worker_id])
        except CatalogUnavailableError:
            pass  # its silence says the same
        self.catalog.close()

    def _look(self, station: Station) -> bool:
        """Do one thing that is to be done. Returns whether there was any."""
        try:
            self._sweep(station.worker_id)
            return self._request(station) or self._recipe(station) or self.planner.plan()
        except CatalogUnavailableError as error:
            _LOG.warning("%s; trying again", error)
            self._strayed = True
            # Others could not renew their leases meanwhile: they come first.
            self._sweep_at = time.monotonic() + min(self.settings.lease_seconds, _SILENCE_SECONDS)
            return False

    def _sweep(self, worker_id: int) -> bool:
        """Free what others have left, every few seconds. Returns whether it was time to."""
        if self._strayed:  # a claim whose answer was lost with the connection is nobody's
            with self.catalog.write() as connection:
                job_queue.release_workers(connection, [worker_id], crashed=False)
            self._strayed = False
        if time.monotonic() < self._sweep_at:
            return False
        self._sweep_at = time.monotonic() + _SWEEP_SECONDS
        if freed := free_the_dead(self.catalog):
            _LOG.info("%d tasks of workers that are gone are ready again", freed)
        with self.catalog.write() as connection:
            workers.stop_silent(connection)
        return True

    def _requested(self) -> list[str]:
        """The stages of requests that wait and that this worker serves."""
        stages = [stage for stage in REQUESTS if stage in self.queues]
        if not stages:
            return []
        with self.catalog.read() as connection:
            return list(progress.ready_requests(connection, stages))

    def _request(self, station: Station) -> bool:
        for stage in self._requested():
            with self.catalog.write() as connection:
                found = job_queue.claim_request(
                    connection, station.worker_id, station.lease_seconds, stage=stage
                )
            if found is not None:
                done = requests.do(station, found, self._stopping.is_set)
                _LOG.info("%s %d: %s", stage, found.task_id, "done" if done else "not done")
                return True
        return False

    def _recipe(self, station: Station) -> bool:
        served = self._choose(station)
        if served is None:
            return False
        try:
            loaded = self.bench.take(served)
        except Exception as error:  # noqa: BLE001 - a model's library may raise anything
            _LOG.warning("%s cannot be loaded: %s", served.recipe.backend, error)
            self._set_unable(station, served.id, f"it cannot be loaded: {error}")
            return True
        if loaded.fresh:
            self._slice_ends = time.monotonic() + _SLICE_SECONDS
        try:
            return self._drain(station, served, loaded.step)
        except (ConfigError, ServerError) as error:  # of the recipe: it cannot be done from here
            _LOG.warning("%s: %s", served.recipe.backend, error)
            self._set_unable(station, served.id, str(error))
            return True

    def _drain(self, station: Station, served: Served, step: Step) -> bool:
        """Do a recipe's work until none is left or it is another's turn."""
        worked = False
        for batch in batches(station, served.id, step, self._must_turn):
            worked = True
            _LOG.info(
                "%s by %s: %d done, %d failed in %.2f s",
                served.queue,
                served.recipe.backend,
                batch.done,
                batch.failed,
                batch.seconds,
            )
            if self._media_are_away(batch):
                self._set_unable(station, served.id, "the media are not on this machine")
                break
            self.planner.follow(served.id, batch.fragment_ids)
            if self._sweep(station.worker_id) and self._requested():
                break  # somebody waits for a pairing: it goes before the next batch
        return worked

    def _media_are_away(self, batch: Batch) -> bool:
        """Whether batch after batch found no file: then others should do this work.

        A machine without the media fails faster than the others work, and would take it all.
        """
        self._empty_batches = self._empty_batches + 1 if batch.missing == batch.taken else 0
        return self._empty_batches >= _EMPTY_BATCHES

    def _must_turn(self) -> bool:
        """Whether to leave the recipe: to stop, or to see whether another waits for long."""
        return self._stopping.is_set() or time.monotonic() > self._slice_ends

    def _choose(self, station: Station) -> Served | None:
        """The recipe to work on: the one whose model is loaded, or the one that has waited longest.

        A model is drained before the next is loaded, but for no longer than a slice while others
        wait.
        """
        with self.catalog.read() as connection:
            served = self.bench.served(connection)
            oldest = job_queue.oldest_ready(connection, [entry.id for entry in served])
        if self.bench.news:
            self._set_unable(station)
        able = sorted((e for e in served if e.id in oldest), key=lambda e: oldest[e.id])
        if not able:
            return None
        if time.monotonic() > self._slice_ends:
            self._slice_ends = time.monotonic() + _SLICE_SECONDS
            return able[0]
        return next((entry for entry in able if self.bench.has(entry)), able[0])

    def _set_unable(self, station: Station, recipe_id: int | None = None, why: str = "") -> None:
        if recipe_id is not None:
            self.bench.refuse(recipe_id, why)
        self.bench.news = False
        with self.catalog.write() as connection:
            workers.set_unable(connection, station.worker_id, self.bench.unable)
