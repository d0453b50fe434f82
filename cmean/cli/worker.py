"""`cmean worker`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from cmean.catalog import workers
from cmean.cli import EXIT_ERROR, EXIT_OK
from cmean.cli.common import add_profile, opened, say, tell_default_profile
from cmean.cli.types import positive
from cmean.config import load_settings
from cmean.errors import ConfigError
from cmean.inference import controls
from cmean.inference.queues import QUEUES
from cmean.jobs.local_processes import ONE_THREAD, describe_this_process

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.config import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "--queue",
        action="extend",
        nargs="+",
        choices=QUEUES,
        metavar="Q",
        help=f"serve these queues (default: all of {', '.join(QUEUES)})",
    )
    parser.add_argument(
        "--concurrency",
        type=positive,
        default=1,
        metavar="N",
        help="processes (default: 1, as a GPU wants it; more need a broker)",
    )
    parser.add_argument(
        "--healthy",
        action="store_true",
        help="start nothing: exit 0 if a worker of this machine was heard of lately, else 1",
    )
    add_profile(parser)


def main(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    os.environ.setdefault(*ONE_THREAD)
    if args.profile:
        os.environ["CMEAN_PROFILE"] = args.profile  # the processes that this one starts read it
    if args.healthy:
        return _healthy()
    queues = tuple(dict.fromkeys(args.queue or QUEUES))
    with opened() as (settings, catalog):
        controls.find(settings)  # say what is wrong before anything is started
        tell_default_profile(settings, args.profile, catalog)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(processName)s %(message)s"
    )
    if settings.broker_url is None:
        return _alone(settings, queues, args.concurrency)
    from cmean.jobs.celery.program import serve_queues  # noqa: PLC0415 - Celery, only here

    return serve_queues(settings.broker_url, queues, args.concurrency)


def _alone(settings: Settings, queues: Sequence[str], concurrency: int) -> int:
    """A worker without a broker: it looks for work by itself."""
    from cmean.jobs.worker import Worker  # noqa: PLC0415 - numpy, only here

    if concurrency > 1:
        raise ConfigError(
            "without CMEAN_BROKER_URL a worker is one process; start it several times"
        )
    worker = Worker(settings, queues)
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread: the handler may interrupt the very lock that `stop` needs.
        signal.signal(number, lambda *_: threading.Thread(target=worker.stop).start())
    worker.run()
    return EXIT_OK


def _healthy() -> int:
    own = describe_this_process()
    with opened(load_settings()) as (_, catalog), catalog.read() as connection:
        living = workers.fresh_on_host(connection, own.host, own.namespace)
    if not living:
        say("no worker of this machine was heard of within a minute")
    return EXIT_OK if living else EXIT_ERROR
