"""The command line: `cmean VERB`.

A verb is a module of `cmean.cli.verbs`, imported only when it is called, so that `cmean --help`
loads nothing else of the program.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn

from cmean import __version__
from cmean.cli.exit_codes import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
)
from cmean.errors import CmeanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

VERBS: Final = {
    "demo": "run every step on a small synthetic corpus, or on your own files",
    "setup": "install the weights of the small learned models, verified",
    "init": "create or upgrade the catalog",
    "ingest": "register tracks and artworks",
    "run": "execute all missing tasks: captions, emotions, embeddings",
    "status": "show the number of items, and the state of tasks and workers",
    "worker": "start a worker of the fleet, which serves queues until stopped",
    "metrics": "serve Prometheus metrics of the whole fleet",
    "retry": "make failed or dead tasks ready again",
    "pair": "pair tracks and artworks one to one",
    "match": "pair two CSV files, without a catalog",
    "labels": "attach ground-truth labels to tracks and artworks",
    "evaluate": "print the study's tables for a pairing, compared with null distributions",
    "rate": "human ratings of pairs: write sheets, import, export",
    "report": "write a self-contained HTML report of a pairing",
    "reproduce": "load the study's published results and compare their tables",
    "sql": "run a read-only SQL query",
    "export": "write items, captions, emotions, embeddings, pairs or ratings to a file",
    "map-text": "map plain texts to emotion triples, one a line",
    "distil": "fit a fast mapper to the triples of a language model",
    "backends": "list, check and fetch back-ends",
}
"""Every verb with a summary, in the order of the help text."""


def entry() -> NoReturn:
    """Run the program `cmean`."""
    signal.signal(signal.SIGTERM, _raise_interrupt)
    sys.exit(main(sys.argv[1:]))


def _raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Run a command line. Returns the exit code."""
    try:
        code = _run_command(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("cmean: interrupted; finished work is kept", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe. What Python flushes at exit would raise
        # again, so it goes to the null device.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_OK
    except (CmeanError, OSError, MemoryError) as error:
        if os.environ.get("CMEAN_DEBUG"):
            raise
        print(f"cmean: {_format_error(error)}", file=sys.stderr)
        code = EXIT_USAGE if isinstance(error, UsageError) else EXIT_ERROR
    return code


def _run_command(arguments: Sequence[str]) -> int:
    parser = _build_parser()
    if not arguments:
        parser.print_help()
        return EXIT_USAGE
    verb = parser.parse_args(arguments[:1]).verb  # handles --help and --version
    return _run_verb(verb, arguments[1:])


def _run_verb(verb: str, arguments: Sequence[str]) -> int:
    module = import_module(f"cmean.cli.verbs.{verb.replace('-', '_')}")
    summary = VERBS[verb]
    parser = argparse.ArgumentParser(
        prog=f"cmean {verb}", description=f"{summary[0].upper()}{summary[1:]}."
    )
    module.configure(parser)
    return int(module.main(parser.parse_args(arguments)))


def _format_error(error: Exception) -> str:
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return " ".join(str(error).split()) or "out of memory"


def _build_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {summary}" for verb, summary in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="cmean",
        usage="cmean VERB [OPTIONS]",
        description="Pair music and pictures by the emotions they evoke.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"verbs:\n{verbs}\n\nOptions of a verb: cmean VERB --help",
    )
    parser.add_argument("--version", action="version", version=f"cmean {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help=argparse.SUPPRESS)
    return parser
