"""The main loop of a worker: finds work in the catalog, executes it, waits for more.

It needs no broker. A hint only ends the wait early: an idle worker polls every few seconds, frees
the tasks of ended workers, and plans the missing tasks of its profile.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from cmean.catalog import job_queue, migrate, task_counts, task_recovery, workers
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.engine import Catalog
from cmean.errors import CatalogUnavailableError, ConfigError, DeviceFaultError, ServerError
from cmean.inference.queues import REQUESTS
from cmean.jobs import delays, requests
from cmean.jobs.executor import execute_tasks
from cmean.jobs.hints import discard_hint
from cmean.jobs.local_processes import release_abandoned_tasks
from cmean.jobs.model_cache import ModelCache
from cmean.jobs.planner import Planner
from cmean.jobs.session import start_session
from cmean.util.retry import Backoff, retry_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.config import Settings
    from cmean.inference.steps import Step
    from cmean.jobs.claims import BatchResult
    from cmean.jobs.hints import HintSender
    from cmean.jobs.model_cache import ServedRecipe
    from cmean.jobs.session import WorkerSession

_LOG = logging.getLogger(__name__)

_EMPTY_BATCHES = 3
"""Successive batches whose files are all missing, after which a worker leaves the recipe."""


class Worker:
    """Main loop of a worker process.

    Args:
        settings: the catalog, the profile whose missing tasks it plans, the lease.
        queues: of `queues.QUEUES`, those that it serves.
        send_hint: wakes other workers.
    """

    def __init__(
        self, settings: Settings, queues: Sequence[str], send_hint: HintSender = discard_hint
    ) -> None:
        self.settings = settings
        self.queues = tuple(queues)
        self.catalog = Catalog(settings.database_url)
        self.models = ModelCache(self.queues)
        self.planner = Planner(self.catalog, settings, self.queues, send_hint)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._slice_ends = 0.0
        self._sweep_at = 0.0
        self._may_hold_lost_claim = False
        self._empty_batches = 0

    def wake(self) -> None:
        """Poll now."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing new; `run` returns after the batch that is under way."""
        self._stopping.set()
        self._woken.set()

    def knows_recipe(self, digest: object) -> bool:
        """Tell whether the catalog has a recipe of that digest."""
        if not isinstance(digest, str):
            return False
        with self.catalog.read() as connection:
            return recipe_rows.find_recipe(connection, digest) is not None

    def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            CatalogError: the catalog is of another version, or its disk is full.
            DeviceFaultError: the GPU failed; the process must end.
        """
        with self._start_session() as session:
            _LOG.info("worker %d is ready: %s", session.worker_id, ", ".join(self.queues))
            backoff = Backoff(*delays.IDLE_POLL, growth=1.5, jitter=(0.75, 1.25))
            while not self._stopping.is_set():
                if self._poll(session):
                    backoff.reset()
                    continue
                session.heartbeat.report_idle()
                if self._woken.wait(backoff.next_delay()):
                    self._woken.clear()
                    backoff.reset()
            self.models.unload()
        self.catalog.close()
        _LOG.info("worker %d has ended", session.worker_id)

    def _start_session(self) -> WorkerSession:
        def start_once() -> WorkerSession:
            migrate.ensure_schema(self.catalog)
            return start_session(self.catalog, self.settings.lease_seconds, queues=self.queues)

        return retry_call(
            start_once,
            retry_on=CatalogUnavailableError,
            backoff=Backoff(*delays.DATABASE_RETRY),
            is_stopped=self._stopping.is_set,
            wait=self._stopping.wait,
            on_retry=lambda error: _LOG.warning("%s; trying again", error),
        )

    def _poll(self, session: WorkerSession) -> bool:
        """Execute a request or a recipe, or plan tasks; tell whether there was anything to do."""
        try:
            self._sweep(session.worker_id)
            return (
                self._execute_next_request(session)
                or self._execute_next_recipe(session)
                or self.planner.plan_all()
            )
        except CatalogUnavailableError as error:
            _LOG.warning("%s; trying again", error)
            self._may_hold_lost_claim = True
            # Other workers could not renew their leases meanwhile: they get time to do so first.
            self._sweep_at = time.monotonic() + min(
                self.settings.lease_seconds, delays.SEARCH_AFTER_OUTAGE
            )
            return False

    def _sweep(self, worker_id: int) -> bool:
        """Free abandoned tasks, every few seconds. Returns whether they were due."""
        if self._may_hold_lost_claim:
            # A claim may have been committed although the connection failed before its answer.
            with self.catalog.write() as connection:
                task_recovery.release_workers(connection, [worker_id], crashed=False)
            self._may_hold_lost_claim = False
        if time.monotonic() < self._sweep_at:
            return False
        self._sweep_at = time.monotonic() + delays.ABANDONED_TASKS_SEARCH
        if freed := release_abandoned_tasks(self.catalog):
            _LOG.info("%d abandoned or failed tasks are ready again", freed)
        with self.catalog.write() as connection:
            workers.stop_silent_workers(connection)
        return True

    def _find_request_stages(self) -> list[str]:
        """Return the stages that have ready requests and that this worker serves."""
        stages = [stage for stage in REQUESTS if stage in self.queues]
        if not stages:
            return []
        with self.catalog.read() as connection:
            return list(task_counts.count_ready_requests(connection, stages))

    def _execute_next_request(self, session: WorkerSession) -> bool:
        for stage in self._find_request_stages():
            with self.catalog.write() as connection:
                found = job_queue.claim_request(
                    connection, session.worker_id, session.lease_seconds, stage=stage
                )
            if found is not None:
                done = requests.execute_request(session, found, self._stopping.is_set)
                _LOG.info("%s %d: %s", stage, found.task_id, "done" if done else "not done")
                return True
        return False

    def _execute_next_recipe(self, session: WorkerSession) -> bool:
        served = self._choose_recipe(session)
        if served is None:
            return False
        try:
            loaded = self.models.load_step(served)
        except DeviceFaultError:
            raise
        except Exception as error:  # noqa: BLE001 - a model's library may raise anything
            _LOG.warning("%s cannot be loaded: %s", served.recipe.backend, error)
            self._exclude_recipe(session, served.id, f"it cannot be loaded: {error}")
            return True
        if loaded.is_fresh:
            self._slice_ends = time.monotonic() + delays.TIME_SLICE
        try:
            return self._drain_recipe(session, served, loaded.step)
        except (ConfigError, ServerError) as error:  # the error concerns no single task
            _LOG.warning("%s: %s", served.recipe.backend, error)
            self._exclude_recipe(session, served.id, str(error))
            return True

    def _drain_recipe(self, session: WorkerSession, served: ServedRecipe, step: Step) -> bool:
        """Execute a recipe's tasks until none is left or the time slice is over."""
        has_worked = False
        for batch in execute_tasks(session, served.id, step, self._must_leave_recipe):
            has_worked = True
            _LOG.info(
                "%s by %s: %d done, %d failed in %.2f s",
                served.queue,
                served.recipe.backend,
                batch.done,
                batch.failed,
                batch.seconds,
            )
            if self._lacks_media(batch):
                why = "the media are not on this machine"
                self._exclude_recipe(session, served.id, why)
                break
            self.planner.plan_dependent_tasks(served.id, batch.fragment_ids)
            if self._sweep(session.worker_id) and self._find_request_stages():
                break  # requests are interactive and have priority
        return has_worked

    def _lacks_media(self, batch: BatchResult) -> bool:
        """Tell whether several batches in a row found no file.

        A machine without the media fails tasks faster than others execute them, and would take all.
        """
        self._empty_batches = self._empty_batches + 1 if batch.missing == batch.taken > 0 else 0
        return self._empty_batches >= _EMPTY_BATCHES

    def _must_leave_recipe(self) -> bool:
        """Tell whether to stop, or to check whether another recipe has waited for long."""
        return self._stopping.is_set() or time.monotonic() > self._slice_ends

    def _choose_recipe(self, session: WorkerSession) -> ServedRecipe | None:
        """Choose the recipe whose model is loaded, or the one whose tasks are oldest.

        Loading a model is slow, so its recipe is drained first, but for no longer than a slice
        while others have ready tasks.
        """
        with self.catalog.read() as connection:
            served = self.models.list_recipes(connection)
            oldest = job_queue.find_oldest_ready(connection, [entry.id for entry in served])
        if self.models.has_changed:
            self._record_exclusions(session)
        ready = sorted((e for e in served if e.id in oldest), key=lambda e: oldest[e.id])
        if not ready:
            return None
        if time.monotonic() > self._slice_ends:
            self._slice_ends = time.monotonic() + delays.TIME_SLICE
            return ready[0]
        return next((entry for entry in ready if self.models.is_loaded(entry)), ready[0])

    def _exclude_recipe(self, session: WorkerSession, recipe_id: int, why: str) -> None:
        """Leave a recipe to other workers for a while, and record why in the catalog."""
        self.models.exclude_recipe(recipe_id, why)
        self._record_exclusions(session)

    def _record_exclusions(self, session: WorkerSession) -> None:
        """Record which recipes this worker cannot execute, for `cmean status`."""
        self.models.has_changed = False
        with self.catalog.write() as connection:
            workers.set_unable(connection, session.worker_id, self.models.unable)
