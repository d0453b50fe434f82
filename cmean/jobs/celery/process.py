"""The worker inside a Celery process: started with it, ended with it.

The work is done in a thread of its own, not in Celery's tasks: so it goes on while the broker is
away, and a process that works for hours still answers `celery inspect ping` and takes hints.
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
from cmean.jobs.celery.hints import Hints
from cmean.jobs.worker import Worker

_LOG = logging.getLogger(__name__)
_FAREWELL_SECONDS = 5.0
"""How long Celery may take to end once the work has."""


class _Process:
    """The worker of this process and its thread."""

    worker: Worker | None = None
    thread: threading.Thread | None = None


def current() -> Worker | None:
    """The worker of this process."""
    return _Process.worker


@signals.worker_process_init.connect  # a child of the prefork pool, or the solo process itself
def start(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Start the worker on the queues that Celery was told to consume."""
    queues = tuple(app.amqp.queues.consume_from)
    _Process.worker = Worker(load_settings(), queues, Hints(app))
    _Process.thread = threading.Thread(target=_run, args=(_Process.worker,), name="work")
    _Process.thread.daemon = True
    _Process.thread.start()


@signals.worker_process_shutdown.connect
@signals.worker_shutdown.connect
def end(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Let the batch that is under way finish, then end."""
    worker, thread = _Process.worker, _Process.thread
    _Process.worker = _Process.thread = None
    if worker is not None and thread is not None:
        worker.stop()
        thread.join()


@signals.worker_shutting_down.connect
def stop(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Begin nothing new (in the solo process; prefork's main process has no worker)."""
    # In a thread: this is a signal's handler, and the thread that it interrupts may hold the very
    # lock that `stop` needs.
    worker, thread = _Process.worker, _Process.thread
    if worker is not None and thread is not None:
        threading.Thread(target=_stop, args=(worker, thread), daemon=True).start()


def _stop(worker: Worker, thread: threading.Thread) -> None:
    """Stop the worker, and see that the process ends when its work has."""
    worker.stop()
    thread.join()
    time.sleep(_FAREWELL_SECONDS)
    os._exit(0)  # Celery waits for ever for a broker that hangs


def _run(worker: Worker) -> None:
    try:
        worker.run()
    except CmeanError as error:  # e.g. a full disk: one line says it
        _LOG.error("%s; the worker ends", error)
        os._exit(1)
    except BaseException:  # noqa: BLE001 - a process whose worker is dead must not seem to live
        _LOG.exception("the worker failed; its process ends, and what it held is freed")
        os._exit(1)
