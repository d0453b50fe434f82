"""The verb `worker`: start a worker of the fleet."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from cmean.cli.argument_types import parse_positive_integer
from cmean.cli.catalog_session import open_catalog_session, print_profile_notice
from cmean.cli.exit_codes import EXIT_ERROR, EXIT_OK
from cmean.cli.options import add_profile
from cmean.cli.output import print_notice
from cmean.errors import ConfigError
from cmean.inference import controls
from cmean.inference.queues import QUEUES
from cmean.jobs.local_processes import SINGLE_THREAD_VARIABLE, has_live_local_worker

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.config import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
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
        type=parse_positive_integer,
        default=1,
        metavar="N",
        help="number of processes; more than 1 needs a broker, and suits CPUs rather than a GPU "
        "(default: 1)",
    )
    parser.add_argument(
        "--healthy",
        action="store_true",
        help="start no worker; exit 0 if a worker on this machine sent a heartbeat within the last "
        "minute, else 1",
    )
    add_profile(parser)


def main(args: argparse.Namespace) -> int:
    """Work until stopped by a signal."""
    os.environ.setdefault(*SINGLE_THREAD_VARIABLE)
    if args.profile:
        os.environ["CMEAN_PROFILE"] = args.profile  # child processes read it
    if args.healthy:
        return _check_health()
    queues = tuple(dict.fromkeys(args.queue or QUEUES))
    with open_catalog_session() as (settings, catalog):
        controls.find_profile(settings)  # report an invalid profile before anything is started
        print_profile_notice(settings, args.profile, catalog)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(processName)s %(message)s"
    )
    if settings.broker_url is None:
        return _run_without_broker(settings, queues, args.concurrency)
    from cmean.jobs.celery.serving import serve_queues  # noqa: PLC0415 - Celery, only here

    return serve_queues(settings.broker_url, queues, args.concurrency)


def _run_without_broker(settings: Settings, queues: Sequence[str], concurrency: int) -> int:
    """Run a worker in this process, which polls the catalog for work."""
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


def _check_health() -> int:
    with open_catalog_session() as (_, catalog):
        is_healthy = has_live_local_worker(catalog)
    if not is_healthy:
        print_notice("no worker of this machine has sent a heartbeat within a minute")
    return EXIT_OK if is_healthy else EXIT_ERROR
