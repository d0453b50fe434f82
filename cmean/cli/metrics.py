"""`cmean metrics`."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from cmean.cli.common import opened, say
from cmean.cli.types import port
from cmean.jobs.metrics import serve_metrics

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=port, default=9464, help="default: 9464; 0: any free one")


def main(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with opened() as (_, catalog), serve_metrics(catalog, args.host, args.port) as address:
        say(f"metrics at http://{address}/metrics; stop with Ctrl-C")
        stopped.wait()
    return 0
