"""The verb `metrics`: serve Prometheus metrics."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from cmean.cli.argument_types import parse_port
from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.output import print_notice
from cmean.jobs.metrics import serve_metrics

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port",
        type=parse_port,
        default=9464,
        help="port to listen on; 0: any free one (default: 9464)",
    )


def main(args: argparse.Namespace) -> int:
    """Serve metrics until stopped by a signal."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with (
        open_catalog_session() as (_, catalog),
        serve_metrics(catalog, args.host, args.port) as address,
    ):
        print_notice(f"metrics at http://{address}/metrics; stop with Ctrl-C")
        stopped.wait()
    return EXIT_OK
