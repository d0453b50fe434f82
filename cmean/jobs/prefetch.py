"""Claims, prepared: while a model works on one, the next is decoded and the last is committed.

Both only where it is sure to do no harm: a task that a worker died of is done alone, with no other
in hand.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.catalog import job_queue
from cmean.errors import CatalogError, CatalogUnavailableError, CmeanError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps import Step
    from cmean.inference.steps.step import Job
    from cmean.jobs.executor import Batch, Station
    from cmean.jobs.heartbeat import Hold


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A claim whose lease is held, and what carries it out."""

    claim: Claim
    hold: Hold
    job: Job


class Feed:
    """The claims of a recipe, prepared one after the other.

    Args:
        station: who claims.
        recipe_id: whose tasks.
        step: prepares them.
        stopped: whether to claim no more.
        budget: at most so many tasks (None: no limit).
    """

    def __init__(
        self,
        station: Station,
        recipe_id: int,
        step: Step,
        stopped: Callable[[], bool],
        budget: int | None = None,
    ) -> None:
        self.station = station
        self.recipe_id = recipe_id
        self.step = step
        self.stopped = stopped
        self.left = budget
        self.settling: Future[Batch] | None = None

    def __iter__(self) -> Generator[Prepared]:
        """When the next claim is asked for, the last is done with, or being committed."""
        if not self.step.ahead:
            while (prepared := self._next()) is not None:
                yield prepared
            return
        with ThreadPoolExecutor(1, "feed") as pool:
            following: Future[Prepared | None] | None = None
            try:
                while (prepared := self._taken(following)) is not None:
                    following = None
                    if not prepared.claim.suspect:
                        following = pool.submit(self._next, fresh=True)
                    yield prepared
            finally:
                if following is not None:
                    self._let_go(following)

    def _taken(self, following: Future[Prepared | None] | None) -> Prepared | None:
        """What was prepared ahead or, where that was nothing, what can be done alone."""
        ready = following.result() if following is not None else None
        if ready is not None:
            return ready
        if self.settling is not None:
            self.settling.result()  # whatever is in hand, before a task that may be suspect
        return self._next()

    def settled(self) -> list[Batch]:
        """The claim that was being committed, if there was one, once it is.

        Raises:
            CatalogError: it could not be; it was released.
        """
        settling, self.settling = self.settling, None
        return [] if settling is None else [settling.result()]

    def _next(self, *, fresh: bool = False) -> Prepared | None:
        station = self.station
        wanted = self.step.batch if self.left is None else min(self.step.batch, self.left)
        if wanted < 1 or self.stopped():
            return None
        with station.catalog.write() as connection:
            claim = job_queue.claim(
                connection,
                self.recipe_id,
                station.worker_id,
                wanted,
                station.lease_seconds,
                fresh=fresh,
            )
        if claim is None:
            return None
        if self.left is not None:
            self.left -= len(claim.work)
        hold = station.heartbeat.hold(claim.token, self.recipe_id, len(claim.work))
        try:
            return Prepared(claim, hold, self.step.prepare(station.catalog, claim))
        except BaseException as error:
            self.release(claim, hold, error)
            raise

    def release(self, claim: Claim, hold: Hold, error: BaseException | None) -> None:
        """End a claim; what is still held of it is given back, unless the database is away.

        An error that concerns all of it is no task's fault.
        """
        self.station.heartbeat.release(hold)
        blameless = error is None or (
            isinstance(error, CmeanError) and not isinstance(error, CatalogUnavailableError)
        )
        if blameless:
            with suppress(CatalogError), self.station.catalog.write() as connection:
                job_queue.give_back(connection, claim.token)

    def _let_go(self, following: Future[Prepared | None]) -> None:
        """Give back what was prepared ahead and will not be done."""
        with suppress(CmeanError):
            ready = following.result()
            if ready is not None:
                self.release(ready.claim, ready.hold, None)
