"""Runs a Celery worker in this process, for `cmean worker`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import warnings
from typing import TYPE_CHECKING, Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

from cmean.jobs.celery import worker_process
from cmean.jobs.celery.app import app, check_broker

if TYPE_CHECKING:
    from collections.abc import Sequence


def serve_queues(broker_url: str, queues: Sequence[str], concurrency: int) -> int:
    """Serve queues until a signal. Returns the exit code: 0 after a clean end.

    A single worker runs in this process (Celery's solo pool, since a model on a GPU must not be
    forked); several are children of this process, which only passes on hints (prefork).

    Raises:
        ConfigError: the URL is not that of a Redis server.
    """
    check_broker(broker_url)
    # Neither warning applies: messages are JSON only, and a lost connection loses only hints.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _handle_signal_before_start)
    worker = app.Worker(
        queues=list(queues),
        pool="solo" if concurrency == 1 else "prefork",
        concurrency=concurrency,
        hostname=f"cmean-{os.getpid()}@{socket.gethostname()}",  # a host may run several
        loglevel="INFO",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    modes: list[str] = []

    # The parameter has Celery's name: signals pass their facts by keyword.
    def record_shutdown(how: str = "", **_: Any) -> None:  # noqa: ANN401 - Celery's signature
        modes.append(how)

    signals.worker_shutting_down.connect(record_shutdown, weak=False)
    worker.start()
    return 0 if modes == ["Warm"] else int(worker.exitcode or 0)  # Celery calls Ctrl-C a failure


def _handle_signal_before_start(*_: object) -> None:
    """Stop before Celery handles signals itself: a batch may be under way already."""
    if worker_process.get_worker() is None:
        raise SystemExit(0)
    worker_process.request_worker_stop()


@signals.setup_logging.connect
def _keep_logging(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Leave logging as `cmean worker` set it up, without a line for each hint."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
