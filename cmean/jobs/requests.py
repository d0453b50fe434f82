"""Requests: pairings and evaluations as tasks, executed once and written in one transaction.

Where workers serve their queue, one of them executes a request; else the calling process does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cmean.catalog import job_queue, task_recovery, workers
from cmean.errors import CatalogUnavailableError, CmeanError, InputError, ItemError
from cmean.evaluation import service as evaluation_service
from cmean.failure_reasons import FailureReason
from cmean.jobs import delays
from cmean.jobs.executor import write_with_retry
from cmean.jobs.local_processes import release_abandoned_tasks
from cmean.jobs.session import start_session
from cmean.pairing import service as pairing_service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import ClaimedRequest
    from cmean.config import Settings
    from cmean.jobs.session import WorkerSession
    from cmean.util.progress import ProgressCallback

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RequestHandler(Generic[R]):
    """How the requests of a stage are executed.

    Args:
        compute: reads the catalog and returns the result for a request, as it was stored; writes
            nothing, so that it can be repeated.
        write: writes the result of a task, in the transaction that marks the task done.
    """

    compute: Callable[[Catalog, Mapping[str, Any], ProgressCallback], R]
    write: Callable[[Connection, int, R], None]


_HANDLERS: dict[str, RequestHandler[Any]] = {
    "pair": RequestHandler(
        pairing_service.compute_requested_pairing, pairing_service.store_pairing
    ),
    "evaluate": RequestHandler(
        evaluation_service.compute_requested_evaluation, evaluation_service.store_evaluation
    ),
}
STAGES = tuple(_HANDLERS)
"""The stages whose tasks are requests."""


class _StoppedError(Exception):
    """The worker is to end."""


def execute_request(
    session: WorkerSession,
    request: ClaimedRequest,
    is_stopped: Callable[[], bool],
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> bool:
    """Execute a claimed request. Returns whether it was done; a failure is recorded.

    When the worker is stopped meanwhile, the request is given back. A worker that is killed leaves
    nothing behind but a lease that expires.
    """

    def report_progress(done: int, total: int) -> None:
        if is_stopped():
            raise _StoppedError
        on_progress(done, total)

    handler = _HANDLERS[request.stage]
    catalog, started = session.catalog, time.perf_counter()
    failure: ItemError | None = None
    result: Any = None
    with session.heartbeat.keep_lease(request.token, None, 1):
        try:
            result = handler.compute(catalog, request.request, report_progress)
        except CatalogUnavailableError:
            raise  # not an error of the request, which is ready again when its lease has expired
        except _StoppedError:
            with catalog.write() as connection:
                job_queue.return_tasks(connection, request.token)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a typed failure
            failure = _classify_error(error)
        except BaseException:  # interrupted
            with catalog.write() as connection:
                job_queue.return_tasks(connection, request.token)
            raise

        def write(connection: Connection) -> int:
            if failure is not None:
                job_queue.fail_tasks(connection, request.token, {request.task_id: failure})
                return 0
            if not job_queue.finish_tasks(connection, request.token, [request.task_id]):
                return 0  # the lease expired, and another worker has it
            handler.write(connection, request.task_id, result)
            return 1

        done = write_with_retry(catalog, write, is_stopped)
    seconds = time.perf_counter() - started
    session.heartbeat.record_batch(done, int(failure is not None), seconds)
    return bool(done)


def _classify_error(error: Exception) -> ItemError:
    """Turn what a handler raised into a failure with a stable reason."""
    if isinstance(error, InputError):
        return ItemError(FailureReason.UNFIT, str(error))
    if isinstance(error, MemoryError):
        return ItemError(FailureReason.OUT_OF_MEMORY, "it needs more memory", retryable=True)
    name = "" if isinstance(error, CmeanError) else f"{type(error).__name__}: "
    return ItemError(FailureReason.FAILED, f"{name}{error}"[:500], retryable=True)


def complete_request(
    catalog: Catalog,
    settings: Settings,
    task_id: int,
    send_hint: Callable[[str], None] | None = None,
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> None:
    """Wait until workers have executed a request, or execute it where there are none.

    Args:
        catalog: an open catalog.
        settings: the lease.
        task_id: of the request. One that failed earlier is tried again.
        send_hint: wakes workers of a queue (None: there is no broker, so no worker is waited for).
        on_progress: called now and then, where this process executes it, with how much is done and
            of how much.

    Raises:
        InputError: it failed, with the reason.
        KeyboardInterrupt: interrupted; nothing of it is written.
    """
    with catalog.write() as connection:
        task_recovery.retry_tasks(connection, task_id=task_id)
    is_hint_sent = False
    while True:
        with catalog.read() as connection:
            state, stage, why = job_queue.read_request_state(connection, task_id)
            has_workers = (
                send_hint is not None and workers.count_serving_workers(connection, stage) > 0
            )
        if state == "done":
            return
        if state in {"failed", "dead"}:
            raise InputError(why or "it failed; see: cmean status")
        if state == "ready" and not has_workers:
            _execute_here(catalog, settings, task_id, on_progress)
            continue
        if send_hint is not None and state == "ready" and not is_hint_sent:
            send_hint(stage)
            is_hint_sent = True
        time.sleep(delays.REQUEST_POLL)
        release_abandoned_tasks(catalog)


def _execute_here(
    catalog: Catalog, settings: Settings, task_id: int, on_progress: ProgressCallback
) -> None:
    """Execute a request in the calling process, unless another took it meanwhile."""
    with start_session(catalog, settings.lease_seconds) as session:
        with catalog.write() as connection:
            claimed = job_queue.claim_request(
                connection, session.worker_id, session.lease_seconds, task_id=task_id
            )
        if claimed is not None:
            execute_request(session, claimed, lambda: False, on_progress)
