"""The program of a Celery worker, as `cmean worker` starts it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import warnings
from typing import TYPE_CHECKING, Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

from cmean.jobs.celery import process
from cmean.jobs.celery.app import app, check_broker

if TYPE_CHECKING:
    from collections.abc import Sequence


def serve(broker_url: str, queues: Sequence[str], concurrency: int) -> int:
    """Serve some queues until told to stop. Returns the exit code: 0 after a clean end.

    One process works in itself (Celery's solo pool: a model on a GPU must not be forked); several
    are children of one that only hands out hints (prefork).

    Raises:
        ConfigError: the URL is not a broker's.
    """
    check_broker(broker_url)
    # Neither concerns whoever runs a worker: messages are JSON only, and nothing is in flight that
    # a lost connection could lose.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_early)
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
    asked: list[str] = []

    def note(how: str = "", **_: Any) -> None:  # noqa: ANN401 - Celery's signature
        asked.append(how)

    signals.worker_shutting_down.connect(note, weak=False)
    worker.start()
    return 0 if asked == ["Warm"] else int(worker.exitcode or 0)  # Celery calls Ctrl-C a failure


def _end_early(*_: object) -> None:
    """Stop before Celery listens to signals itself: the work may be under way already."""
    if process.current() is None:
        raise SystemExit(0)
    process.stop()


@signals.setup_logging.connect
def _keep_logging(**_: Any) -> None:  # noqa: ANN401 - Celery's signature
    """Leave logging as `cmean worker` set it up, without a line for each hint."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
