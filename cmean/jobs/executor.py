"""The work itself: claims batches of one recipe's tasks, does them, commits them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.catalog import job_queue
from cmean.errors import CatalogUnavailableError, ItemError
from cmean.jobs.prefetch import Feed
from cmean.util.retry import Backoff, retry_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmean.catalog.engine import Catalog, Connection
    from cmean.inference.steps import Step
    from cmean.inference.steps.step import Outcomes
    from cmean.jobs.heartbeat import Heartbeat
    from cmean.jobs.prefetch import Prepared

_RETRY_SECONDS = (0.2, 5.0)
"""First and longest delay between attempts while the database cannot be reached."""


@dataclass(frozen=True, slots=True)
class Station:
    """Where a worker works: its catalog, its row, its lease, its heartbeat."""

    catalog: Catalog
    worker_id: int
    lease_seconds: float
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was done: its size, what became of it, and its fragments.

    `missing` of the failed ones had no file where the catalog says that it lies.
    """

    taken: int
    done: int
    failed: int
    missing: int
    seconds: float
    fragment_ids: tuple[int, ...]


def batches(
    station: Station,
    recipe_id: int,
    step: Step,
    stopped: Callable[[], bool],
    budget: int | None = None,
) -> Iterator[Batch]:
    """Do the ready tasks of one recipe, a batch at a time, until none is left or `stopped()`.

    Args:
        station: who does it.
        recipe_id: the recipe.
        step: carries it out; its back-end is in memory.
        stopped: whether to stop; work that is not begun is then given back.
        budget: at most so many tasks.

    Raises:
        CatalogError: the catalog fails. What was not committed is done again by another.
    """

    feed = Feed(station, recipe_id, step, stopped, budget)
    with ThreadPoolExecutor(1, "commit") as pool, closing(iter(feed)) as claims:
        for prepared in claims:
            try:
                outcomes, seconds = _carried_out(prepared, stopped)
                earlier = feed.settled()
            except BaseException as error:
                feed.release(prepared.claim, prepared.hold, error)
                raise
            # while the model works on the next claim, where there is one ahead
            feed.settling = pool.submit(_finish, feed, prepared, outcomes, seconds)
            yield from earlier if step.ahead else feed.settled()
        yield from feed.settled()


def _carried_out(prepared: Prepared, stopped: Callable[[], bool]) -> tuple[Outcomes, float]:
    """What came of a claim, without what the model's server was not asked for, and the seconds."""
    started = time.perf_counter()
    found = prepared.job(lambda: stopped() or prepared.hold.lost.is_set())
    outcomes = {task: each for task, each in found.items() if not _is_untried(each)}
    return outcomes, time.perf_counter() - started


def _finish(feed: Feed, prepared: Prepared, outcomes: Outcomes, seconds: float) -> Batch:
    """Commit what came of a claim; what was not begun is given back."""
    started = time.perf_counter()
    claim, step, station = prepared.claim, feed.step, feed.station
    bad = {task: found for task, found in outcomes.items() if isinstance(found, ItemError)}

    def write(connection: Connection) -> int:
        written = step.write(connection, claim, good)
        job_queue.fail(connection, claim.token, bad)
        if len(outcomes) < len(claim.work):
            job_queue.give_back(connection, claim.token)
        return written

    try:
        good = step.complete({task: each for task, each in outcomes.items() if task not in bad})
        done = persist(station.catalog, write, feed.stopped)
    except BaseException as error:
        feed.release(claim, prepared.hold, error)
        raise
    station.heartbeat.release(prepared.hold)
    seconds += time.perf_counter() - started
    station.heartbeat.count(done, len(bad), seconds)
    missing = sum(error.reason == "missing" for error in bad.values())
    fragment_ids = tuple(each.fragment_id for each in claim.work)
    return Batch(len(claim.work), done, len(bad), missing, seconds, fragment_ids)


def _is_untried(found: object) -> bool:
    """Whether the model's server went away before it was asked: then the task is not to blame."""
    return isinstance(found, ItemError) and found.reason == "server-away"


def persist(
    catalog: Catalog, write: Callable[[Connection], int], stopped: Callable[[], bool]
) -> int:
    """Write in one transaction, again and again while the database server is away.

    What was worked out survives a restart of the server so. Should the first try have been
    committed after all, or the lease have run out meanwhile, the fence drops the second.
    """

    def write_once() -> int:
        with catalog.write() as connection:
            return write(connection)

    return retry_call(
        write_once,
        retry_on=CatalogUnavailableError,
        backoff=Backoff(*_RETRY_SECONDS),
        is_stopped=stopped,
    )
