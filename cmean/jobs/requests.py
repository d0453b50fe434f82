"""Pairings and evaluations as tasks: asked for once, done by one, written in one transaction.

Where a fleet serves their queue, a worker does them; else the process that asked does.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from cmean.catalog import job_queue, progress, workers
from cmean.errors import CatalogUnavailableError, CmeanError, InputError, ItemError
from cmean.evaluation import service as evaluation_service
from cmean.jobs.executor import Station, persist
from cmean.jobs.heartbeat import Heartbeat
from cmean.jobs.local_processes import free_the_dead, this_process
from cmean.pairing import service as pairing_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Request
    from cmean.config import Settings
    from cmean.matching.groups import Progress

_POLL_SECONDS = 0.2


class _Kind(Protocol):
    """What a module of requests offers."""

    def compute(self, catalog: Catalog, request: Mapping[str, Any], on_progress: Progress) -> Any:  # noqa: ANN401 - its own
        """Read the catalog and work the result out; writes nothing."""

    def write(self, connection: Connection, task_id: int, result: Any) -> None:  # noqa: ANN401
        """Write the result, in the transaction that marks the task done."""


_KINDS: dict[str, _Kind] = {"pair": pairing_service, "evaluate": evaluation_service}
STAGES = tuple(_KINDS)
"""The stages whose tasks are requests."""


class _StoppedError(Exception):
    """The process is to end."""


def do(
    station: Station,
    request: Request,
    stopped: Callable[[], bool],
    on_progress: Progress = lambda _done, _total: None,
) -> bool:
    """Do one claimed request. Returns whether it was done; a failure is recorded with its reason.

    Stopped on the way, it is given back. Killed before the last line, it leaves nothing but a
    lease that runs out.
    """

    def goes_on(done: int, total: int) -> None:
        if stopped():
            raise _StoppedError
        on_progress(done, total)

    kind = _KINDS[request.stage]
    catalog, started = station.catalog, time.perf_counter()
    failure: ItemError | None = None
    result: Any = None
    with station.heartbeat.holding(request.token, None, 1):
        try:
            result = kind.compute(catalog, request.request, goes_on)
        except CatalogUnavailableError:
            raise  # the request is not to blame, and free again when the lease has run out
        except _StoppedError:
            with catalog.write() as connection:
                job_queue.give_back(connection, request.token)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a typed failure
            failure = _typed(error)
        except BaseException:  # interrupted
            with catalog.write() as connection:
                job_queue.give_back(connection, request.token)
            raise

        def write(connection: Connection) -> int:
            if failure is not None:
                job_queue.fail(connection, request.token, {request.task_id: failure})
                return 0
            if not job_queue.finish(connection, request.token, [request.task_id]):
                return 0  # it was given to another meanwhile
            kind.write(connection, request.task_id, result)
            return 1

        done = persist(catalog, write, stopped)
    station.heartbeat.count(done, int(failure is not None), time.perf_counter() - started)
    return bool(done)


def _typed(error: Exception) -> ItemError:
    if isinstance(error, InputError):
        return ItemError("unfit", str(error))
    if isinstance(error, MemoryError):
        return ItemError("out-of-memory", "it needs more memory", retryable=True)
    name = "" if isinstance(error, CmeanError) else f"{type(error).__name__}: "
    return ItemError("failed", f"{name}{error}"[:500], retryable=True)


def carry_out(
    catalog: Catalog,
    settings: Settings,
    task_id: int,
    announce: Callable[[str], None] | None = None,
    on_progress: Progress = lambda _done, _total: None,
) -> None:
    """See that a request is done: by the fleet, or here.

    Args:
        catalog: an open catalog.
        settings: the lease.
        task_id: of the request. One that failed earlier is tried again.
        announce: wakes workers of a queue (None: there is no fleet).
        on_progress: called now and then, where this process does it, with how much is done, and
            of how much.

    Raises:
        InputError: it failed, with the reason.
        KeyboardInterrupt: interrupted; nothing of it is written.
    """
    with catalog.write() as connection:
        job_queue.retry(connection, task_id=task_id)
    announced = False
    while True:
        with catalog.read() as connection:
            state, stage, why = progress.request_state(connection, task_id)
            fleet = announce is not None and workers.serving(connection, stage) > 0
        if state == "done":
            return
        if state in {"failed", "dead"}:
            raise InputError(why or "it failed; see: cmean status")
        if state == "ready" and not fleet:
            _do_here(catalog, settings, task_id, on_progress)
            continue
        if announce is not None and state == "ready" and not announced:
            announce(stage)
            announced = True
        time.sleep(_POLL_SECONDS)
        free_the_dead(catalog)


def _do_here(catalog: Catalog, settings: Settings, task_id: int, on_progress: Progress) -> None:
    with _station(catalog, settings) as station:
        with catalog.write() as connection:
            claimed = job_queue.claim_request(
                connection, station.worker_id, station.lease_seconds, task_id=task_id
            )
        if claimed is not None:
            do(station, claimed, lambda: False, on_progress)


@contextmanager
def _station(catalog: Catalog, settings: Settings) -> Iterator[Station]:
    """The calling process as a worker, for as long as the block lasts."""
    with catalog.write() as connection:
        worker_id = workers.register(connection, this_process())
    lease = settings.lease_seconds
    try:
        with Heartbeat(catalog, worker_id, lease) as heartbeat:
            yield Station(catalog, worker_id, lease, heartbeat)
    finally:
        with catalog.write() as connection:
            workers.stop(connection, [worker_id])
