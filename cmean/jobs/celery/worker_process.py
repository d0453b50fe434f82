"""The worker inside a Celery process, which starts and stops with it.

Jobs are executed in a thread of their own, not in Celery's tasks. So they continue while the broker
is unavailable, and a process that is busy for hours still answers `celery inspect ping` and
receives hints.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery import signals

from cmean.config import load_settings
from cmean.errors import CmeanError
from cmean.jobs.celery.app import app
from cmean.jobs.celery.hint_sender import CeleryHintSender
from cmean.jobs.worker import Worker

_LOG = logging.getLogger(__name__)
_EXIT_SECONDS = 5.0
"""How long Celery may take to end once the worker has."""


class _ProcessState:
    """The worker of this process and its thread."""

    worker: Worker | None = None
    thread: threading.Thread | None = None


def get_worker() -> Worker | None:
    """Return the worker of this process, if it has started."""
    return _ProcessState.worker


@signals.worker_process_init.connect  # a child of the prefork pool, or the solo process itself
def start_worker(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Start the worker on the queues that Celery was told to consume."""
    queues = tuple(app.amqp.queues.consume_from)
    _ProcessState.worker = Worker(load_settings(), queues, CeleryHintSender(app))
    _ProcessState.thread = threading.Thread(
        target=_run_worker, args=(_ProcessState.worker,), name="work"
    )
    _ProcessState.thread.daemon = True
    _ProcessState.thread.start()


@signals.worker_process_shutdown.connect
@signals.worker_shutdown.connect
def join_worker(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Stop the worker and wait until it has finished its batch."""
    worker, thread = _ProcessState.worker, _ProcessState.thread
    _ProcessState.worker = _ProcessState.thread = None
    if worker is not None and thread is not None:
        worker.stop()
        thread.join()


@signals.worker_shutting_down.connect
def request_worker_stop(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Ask the worker of a solo process to stop (prefork's main process has none)."""
    # In a thread: a signal handler may interrupt the thread that holds the lock which `stop` needs.
    worker, thread = _ProcessState.worker, _ProcessState.thread
    if worker is not None and thread is not None:
        threading.Thread(target=_stop_and_exit, args=(worker, thread), daemon=True).start()


def _stop_and_exit(worker: Worker, thread: threading.Thread) -> None:
    """Stop the worker, then end the process even if Celery does not."""
    worker.stop()
    thread.join()
    time.sleep(_EXIT_SECONDS)
    os._exit(0)  # Celery would wait for a hanging broker indefinitely


def _run_worker(worker: Worker) -> None:
    try:
        worker.run()
    except CmeanError as error:  # e.g. a full disk: a line is enough
        _LOG.error("%s; the worker ends", error)
        os._exit(1)
    except BaseException:  # noqa: BLE001 - a process without its worker must not stay registered
        _LOG.exception("the worker failed; its process ends, and its tasks are freed")
        os._exit(1)
