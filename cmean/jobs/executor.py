"""Executes the tasks of one recipe: claims them in batches, runs them, commits the results.

Where the back-end leaves the processor idle (`Step.prefetches`), the next batch is claimed and
decoded and the last one committed while the model works. A task that a worker died of is always
executed alone, with no other in hand, so that it takes no other with it.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from cmean.util.retry import Backoff, retry_call

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps import Step
    from cmean.inference.steps.step import Outcomes, RunClaim
    from cmean.jobs.heartbeat import HeldLease
    from cmean.jobs.session import WorkerSession

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch of `taken` tasks.

    `failed` includes the `missing`, whose files are not where the catalog has them.
    """

    taken: int
    done: int
    failed: int
    missing: int
    seconds: float
    fragment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedClaim:
    """A claim whose lease is held and whose inputs are read; `run` executes it."""

    claim: Claim
    lease: HeldLease
    run: RunClaim


def execute_tasks(
    session: WorkerSession,
    recipe_id: int,
    step: Step,
    is_stopped: Callable[[], bool],
    budget: int | None = None,
) -> Iterator[BatchResult]:
    """Execute the ready tasks of one recipe, a batch at a time, until none is left.

    Args:
        session: the worker.
        recipe_id: the recipe.
        step: executes it; its back-end is in memory.
        is_stopped: whether to end early; tasks that are not begun are then given back.
        budget: at most so many tasks (None: all).

    Raises:
        CatalogError: the catalog fails. What was not committed is done again by another worker.
        CmeanError: of the recipe or its back-end, concerning no single task.
    """
    claims = _ClaimQueue(session, recipe_id, step, is_stopped, budget)
    with ThreadPoolExecutor(1, "commit") as pool, closing(iter(claims)) as prepared_claims:
        for prepared in prepared_claims:
            try:
                outcomes, seconds = _run_claim(prepared, is_stopped)
                earlier = claims.await_commit()
            except BaseException as error:
                claims.release(prepared.claim, prepared.lease, error)
                raise
            claims.commit = pool.submit(_commit_claim, claims, prepared, outcomes, seconds)
            # With prefetching, this commit is awaited only after the next claim has run.
            yield from earlier if step.prefetches else claims.await_commit()
        yield from claims.await_commit()


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


def _run_claim(prepared: PreparedClaim, is_stopped: Callable[[], bool]) -> tuple[Outcomes, float]:
    """Return the outcomes of a claim and the seconds that it took.

    Tasks whose model server became unavailable before their request are left out, and so returned.
    """
    started = time.perf_counter()
    found = prepared.run(lambda: is_stopped() or prepared.lease.lost.is_set())
    outcomes = {task: outcome for task, outcome in found.items() if not _is_untried(outcome)}
    return outcomes, time.perf_counter() - started


def _is_untried(outcome: object) -> bool:
    return isinstance(outcome, ItemError) and outcome.reason == FailureReason.SERVER_AWAY


def _commit_claim(
    claims: _ClaimQueue, prepared: PreparedClaim, outcomes: Outcomes, seconds: float
) -> BatchResult:
    """Commit the outcomes of a claim and give back the tasks that have none."""
    started = time.perf_counter()
    claim, step, session = prepared.claim, claims.step, claims.session
    errors = {task: found for task, found in outcomes.items() if isinstance(found, ItemError)}

    def write(connection: Connection) -> int:
        written = step.write_results(connection, claim, results)
        job_queue.fail_tasks(connection, claim.token, errors)
        if len(outcomes) < len(claim.work):
            job_queue.return_tasks(connection, claim.token)
        return written

    try:
        results = step.complete_results(
            {task: found for task, found in outcomes.items() if task not in errors}
        )
        done = write_with_retry(session.catalog, write, claims.is_stopped)
    except BaseException as error:
        claims.release(claim, prepared.lease, error)
        raise
    session.heartbeat.release_lease(prepared.lease)
    seconds += time.perf_counter() - started
    session.heartbeat.record_batch(done, len(errors), seconds)
    missing = sum(error.reason == FailureReason.MISSING for error in errors.values())
    fragment_ids = tuple(work.fragment_id for work in claim.work)
    return BatchResult(len(claim.work), done, len(errors), missing, seconds, fragment_ids)


class _ClaimQueue:
    """The claims of a recipe, prepared one after the other, and the commit that is under way.

    Args: as of `execute_tasks`.
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
        self.commit: Future[BatchResult] | None = None

    def __iter__(self) -> Generator[PreparedClaim]:
        if not self.step.prefetches:
            while (prepared := self._prepare_next()) is not None:
                yield prepared
            return
        with ThreadPoolExecutor(1, "prefetch") as pool:
            following: Future[PreparedClaim | None] | None = None
            try:
                while (prepared := self._take(following)) is not None:
                    following = None
                    if not prepared.claim.suspect:
                        following = pool.submit(self._prepare_next, fresh=True)
                    yield prepared
            finally:
                if following is not None:
                    self._give_back(following)

    def await_commit(self) -> list[BatchResult]:
        """Wait for the commit that is under way and return its result, if there is one.

        Raises:
            CatalogError: it failed; the claim was released.
        """
        commit, self.commit = self.commit, None
        return [] if commit is None else [commit.result()]

    def release(self, claim: Claim, lease: HeldLease, error: BaseException | None) -> None:
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

    def _take(self, following: Future[PreparedClaim | None] | None) -> PreparedClaim | None:
        """Return the claim that was prefetched or, where there is none, any that is left."""
        prefetched = following.result() if following is not None else None
        if prefetched is not None:
            return prefetched
        if self.commit is not None:
            self.commit.result()  # the next claim may be suspect: nothing else may be in hand
        return self._prepare_next()

    def _prepare_next(self, *, fresh: bool = False) -> PreparedClaim | None:
        """Claim a batch and read its inputs; `fresh` leaves out tasks that a worker died of."""
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
            return PreparedClaim(claim, lease, self.step.prepare_claim(session.catalog, claim))
        except BaseException as error:
            self.release(claim, lease, error)
            raise

    def _give_back(self, following: Future[PreparedClaim | None]) -> None:
        """Give back a claim that was prefetched and will not be executed."""
        with suppress(CmeanError):
            prepared = following.result()
            if prepared is not None:
                self.release(prepared.claim, prepared.lease, None)
