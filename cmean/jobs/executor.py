"""Executes the tasks of one recipe: claims them, runs the back-end, commits results as they come.

A back-end that takes batches gets a claim at a time. One that works on many inputs at once (a model
server, an engine with continuous batching) gets the tasks of several claims, each in a thread of
its own: as soon as one has ended another begins, so nothing waits for the slowest of a batch.

Where the back-end leaves the processor idle (`Step.prefetches`), the next claim is made and decoded
while it works; results are committed meanwhile, too. A task that a worker died of is always
executed alone, with no other in hand, so that it takes no other with it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cmean.catalog import job_queue, task_recovery
from cmean.errors import (
    CatalogError,
    CatalogUnavailableError,
    CmeanError,
    DeviceFaultError,
    ItemError,
)
from cmean.failure_reasons import FailureReason
from cmean.jobs import delays
from cmean.jobs.claims import BatchResult, HeldClaim
from cmean.util.retry import Backoff, retry_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps import Step
    from cmean.inference.steps.step import Outcomes, RunPart
    from cmean.jobs.heartbeat import HeldLease
    from cmean.jobs.session import WorkerSession

_LOG = logging.getLogger(__name__)

_MOST_THREADS = 1024
"""More than any back-end takes; a thread is started when it is needed."""


def execute_tasks(
    session: WorkerSession,
    recipe_id: int,
    step: Step,
    is_stopped: Callable[[], bool],
    budget: int | None = None,
) -> Iterator[BatchResult]:
    """Execute the ready tasks of one recipe until none is left; yields what was committed.

    When the caller stops iterating, what has begun is awaited and committed.

    Args:
        session: the worker.
        recipe_id: the recipe.
        step: executes it; its back-end is in memory.
        is_stopped: whether to end early; tasks that are not begun are then given back.
        budget: at most so many tasks (None: all).

    Raises:
        CatalogError: the catalog fails. What was not committed is done again by another worker.
        CmeanError: of the recipe or its back-end, concerning no single task; results that came
            before are committed.
    """
    with (
        ThreadPoolExecutor(_MOST_THREADS, "part") as pool,
        ThreadPoolExecutor(1, "prefetch") as prefetcher,
    ):
        execution = _Execution(session, recipe_id, step, is_stopped, budget)
        try:
            yield from execution.run(pool, prefetcher)
        except BaseException as error:
            execution.end(None if isinstance(error, GeneratorExit) else error)
            raise


def write_with_retry(
    catalog: Catalog, write: Callable[[Connection], int], is_stopped: Callable[[], bool]
) -> int:
    """Write in one transaction, repeated while the database server is unavailable.

    Results so survive a restart of the server. Repeating is safe: where the first attempt was
    committed after all, or the lease ran out meanwhile, the fencing token rejects the second.
    """

    def write_once() -> int:
        with catalog.write() as connection:
            return write(connection)

    try:
        return write_once()
    except CatalogUnavailableError as error:
        if is_stopped():
            raise
        _LOG.warning("%s; the results are kept and written when it is back", error)
    return retry_call(
        write_once,
        retry_on=CatalogUnavailableError,
        backoff=Backoff(*delays.DATABASE_RETRY),
        is_stopped=is_stopped,
    )


class _Execution:
    """The claims in hand of one recipe. Args: as of `execute_tasks`.

    Everything but `_run_part` and a claim that is prepared ahead runs in the caller's thread.
    """

    def __init__(
        self,
        session: WorkerSession,
        recipe_id: int,
        step: Step,
        is_stopped: Callable[[], bool],
        budget: int | None,
    ) -> None:
        self.session = session
        self.recipe_id = recipe_id
        self.step = step
        self.is_stopped = is_stopped
        self.budget = budget
        self._held: list[HeldClaim] = []
        self._running: dict[Future[Outcomes], HeldClaim] = {}
        self._preparing: Future[HeldClaim | None] | None = None
        self._is_exhausted = not step.prefetches
        self._error: BaseException | None = None
        self._committed_at = time.perf_counter()

    def run(
        self, pool: ThreadPoolExecutor, prefetcher: ThreadPoolExecutor
    ) -> Iterator[BatchResult]:
        """Execute until no task is ready, or an error concerns them all."""
        while True:
            self._prepare_ahead(prefetcher)
            self._begin_parts(pool)
            yield from self._commit_outcomes()
            if self._running or self._preparing is not None:
                self._await_something()
            elif self._error is not None:
                raise self._error
            # With nothing in hand, a task that a worker died of may be next.
            elif (held := self._prepare_claim()) is not None:
                self._held.append(held)
            else:
                return

    def end(self, error: BaseException | None) -> None:
        """Begin nothing more, commit what has begun, and give everything else back."""
        self._error = self._error or error or RuntimeError("the caller left")
        self._drop_waiting_parts()
        while self._running or self._preparing is not None:
            self._await_something()
        try:
            with suppress(CatalogError):
                list(self._commit_outcomes())
        finally:
            for held in self._held:
                self._release(held.claim, held.lease, held.error or error)

    def _prepare_ahead(self, prefetcher: ThreadPoolExecutor) -> None:
        """Prepare another claim where at most one has parts that have not begun."""
        waiting = sum(bool(held.waiting) for held in self._held)
        is_alone = any(held.claim.suspect for held in self._held)
        if waiting <= 1 and not (
            is_alone or self._preparing or self._is_exhausted or self._error is not None
        ):
            self._preparing = prefetcher.submit(self._prepare_claim, fresh=True)

    def _prepare_claim(self, *, fresh: bool = False) -> HeldClaim | None:
        """Claim tasks and read their inputs; `fresh` leaves out those that a worker died of."""
        session, size = self.session, self.step.batch_size
        limit = size if self.budget is None else min(size, self.budget)
        if limit < 1 or self.is_stopped():
            return None
        with session.catalog.write() as connection:
            claim = job_queue.claim_tasks(
                connection,
                self.recipe_id,
                session.worker_id,
                limit,
                session.lease_seconds,
                fresh=fresh,
            )
        if claim is None:
            return None
        if self.budget is not None:
            self.budget -= len(claim.work)
        lease = session.heartbeat.hold_lease(claim.token, self.recipe_id, len(claim.work))
        try:
            tasks = self.step.prepare_claim(session.catalog, claim)
        except BaseException as error:
            self._release(claim, lease, error)
            raise
        return HeldClaim(claim, lease, deque(tasks.parts), dict(tasks.outcomes))

    def _begin_parts(self, pool: ThreadPoolExecutor) -> None:
        places = 1 if self.step.takes_batches else self.step.count_places()
        for held in self._held:
            while held.waiting and len(self._running) < places:
                held.running += 1
                part = pool.submit(self._run_part, held.lease, held.waiting.popleft())
                self._running[part] = held

    def _run_part(self, lease: HeldLease, run: RunPart) -> Outcomes:
        def is_stopped() -> bool:
            return self._error is not None or lease.lost.is_set() or self.is_stopped()

        return {} if is_stopped() else run(is_stopped)

    def _await_something(self) -> None:
        """Wait for parts that end or a claim that is prepared, and take all there are."""
        # While others run, tasks may become ready that were not when the last claim was tried.
        patience = delays.CLAIM_POLL if self._is_exhausted and self.step.prefetches else None
        awaited: list[Future[Any]] = [*self._running]
        awaited += [self._preparing] if self._preparing is not None else []
        ended, _ = wait(awaited, patience, FIRST_COMPLETED)
        if not ended:
            self._is_exhausted = False
        for part in ended & self._running.keys():
            held = self._running.pop(part)
            held.running -= 1
            held.has_news = True
            if (error := part.exception()) is not None:
                held.error = held.error or error
                self._stop(error)
            else:
                held.outcomes |= _select_tried(part.result())
        if self._preparing in ended:
            self._take_prepared()

    def _take_prepared(self) -> None:
        preparing, self._preparing = self._preparing, None
        if preparing is None:
            return
        if (error := preparing.exception()) is not None:
            self._stop(error)
            return
        held = preparing.result()
        self._is_exhausted = held is None
        if held is not None:
            self._held.append(held)
        if self._error is not None:
            self._drop_waiting_parts()

    def _stop(self, error: BaseException) -> None:
        """Begin nothing more; the error is raised when what has begun has ended."""
        self._error = self._error or error
        self._drop_waiting_parts()

    def _drop_waiting_parts(self) -> None:
        for held in self._held:
            held.waiting.clear()

    def _commit_outcomes(self) -> Iterator[BatchResult]:
        """Commit what parts have brought, and end the claims whose parts have all ended.

        What was known of a claim without the back-end waits for its first part: the tasks of
        missing files alone would look like a machine without any media.
        """
        for held in list(self._held):
            has_ended = not (held.waiting or held.running)
            if not (held.has_news or has_ended):
                continue
            self._held.remove(held)  # a commit that fails releases it
            result = self._commit(held, is_last=has_ended and held.error is None)
            if not has_ended:
                self._held.append(held)
            elif held.error is not None:
                self._release(held.claim, held.lease, held.error)
            if result.taken:
                yield result

    def _commit(self, held: HeldClaim, *, is_last: bool) -> BatchResult:
        """Commit the outcomes of a claim; with the last ones its other tasks are given back."""
        claim, session = held.claim, self.session
        outcomes, held.outcomes, held.has_news = held.outcomes, {}, False
        errors = {task: found for task, found in outcomes.items() if isinstance(found, ItemError)}

        def write(connection: Connection) -> int:
            written = self.step.write_results(connection, claim, results)
            job_queue.fail_tasks(connection, claim.token, errors)
            if is_last and len(outcomes) < held.lease.size:
                job_queue.return_tasks(connection, claim.token)
            return written

        try:
            results = self.step.complete_results(
                {task: found for task, found in outcomes.items() if task not in errors}
            )
            if not is_last:
                session.heartbeat.shrink_lease(held.lease, len(outcomes))
            done = write_with_retry(session.catalog, write, self.is_stopped)
        except BaseException as error:
            self._release(claim, held.lease, error)
            raise
        if is_last:
            session.heartbeat.release_lease(held.lease)
        now = time.perf_counter()
        seconds, self._committed_at = now - self._committed_at, now
        if outcomes:
            session.heartbeat.record_batch(done, len(errors), seconds)
        missing = sum(error.reason == FailureReason.MISSING for error in errors.values())
        about = {work.task_id: work.fragment_id for work in claim.work}
        fragments = tuple(about[task] for task in outcomes)
        return BatchResult(len(outcomes), done, len(errors), missing, seconds, fragments)

    def _release(self, claim: Claim, lease: HeldLease, error: BaseException | None) -> None:
        """End a claim after an error (None: it is not needed).

        Tasks still held are returned where the error concerns no single task, and also after a
        fault of the device, which is counted separately. After an unexpected error the lease is
        left to expire, which counts against the tasks; the same happens while the database is
        unavailable.
        """
        self.session.heartbeat.release_lease(lease)
        is_blameless = error is None or (
            isinstance(error, CmeanError) and not isinstance(error, CatalogUnavailableError)
        )
        if is_blameless:
            has_faulted = isinstance(error, DeviceFaultError)
            free = task_recovery.free_tasks_after_fault if has_faulted else job_queue.return_tasks
            with suppress(CatalogError), self.session.catalog.write() as connection:
                free(connection, claim.token)


def _select_tried(outcomes: Outcomes) -> Outcomes:
    """Leave out tasks whose model server became unavailable before their request."""
    return {
        task: outcome
        for task, outcome in outcomes.items()
        if not (isinstance(outcome, ItemError) and outcome.reason == FailureReason.SERVER_AWAY)
    }
