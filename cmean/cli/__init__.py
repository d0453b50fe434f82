"""The command line. `cmean --help` loads nothing of the program: a verb's module comes when called.

A verb is a module of this package with `configure(parser)` and `main(args) -> int`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from cmean import __version__
from cmean.errors import CmeanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

VERBS = {
    "demo": "compose a small corpus, or take yours, and do everything on it",
    "setup": "fetch the weights of the small learned models, verified",
    "init": "create or upgrade the catalog",
    "ingest": "register tracks and artworks",
    "run": "do all the work that is missing: captions, emotions, embeddings",
    "status": "how many items there are, and how far the work is",
    "worker": "a worker of the fleet: does the work of some queues until told to stop",
    "metrics": "serve Prometheus metrics of the whole fleet",
    "retry": "make failed or dead work ready again",
    "pair": "pair tracks and artworks one to one",
    "match": "pair two CSV files, without a catalog",
    "labels": "attach labels that people gave to tracks and artworks",
    "evaluate": "the study's tables for a pairing, each figure beside its null",
    "rate": "what people say of the pairs: sheets to fill in, import, export",
    "report": "write one self-contained HTML page of a pairing",
    "reproduce": "load the study's published results, and compare its tables with them",
    "sql": "ask the catalog a read-only question",
    "export": "write items, captions, emotions, embeddings, pairs or ratings to a file",
    "map-text": "emotion triples of plain texts, one a line",
    "distil": "fit a fast mapper to the triples of a language model",
    "backends": "the back-ends, and which can be used here",
}
"""Every verb with what it does, in the order of the help text."""

EXIT_OK, EXIT_ERROR, EXIT_USAGE, EXIT_PARTIAL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def entry() -> NoReturn:
    """The program `cmean`."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main(sys.argv[1:]))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Carry out a command line; returns the exit code."""
    parser = _parser()
    if not arguments:
        parser.print_help()
        return EXIT_USAGE
    name = parser.parse_args(arguments[:1]).verb  # handles --help and --version
    try:
        code = _carry_out(name, arguments[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("cmean: interrupted; nothing that was done is lost", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has enough; what Python flushes at exit must go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_OK
    except (CmeanError, OSError, MemoryError) as error:
        if os.environ.get("CMEAN_DEBUG"):
            raise
        print(f"cmean: {_one_line(error)}", file=sys.stderr)
        code = EXIT_USAGE if isinstance(error, UsageError) else EXIT_ERROR
    return code


def _carry_out(name: str, arguments: Sequence[str]) -> int:
    module = import_module(f"cmean.cli.{name.replace('-', '_')}")
    summary = VERBS[name]
    parser = argparse.ArgumentParser(
        prog=f"cmean {name}", description=f"{summary[0].upper()}{summary[1:]}."
    )
    module.configure(parser)
    return int(module.main(parser.parse_args(arguments)))


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return " ".join(str(error).split()) or "out of memory"


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    parser = argparse.ArgumentParser(
        prog="cmean",
        usage="cmean VERB [OPTIONS]",
        description="Join music and pictures by the emotions they evoke.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="verbs:\n"
        + "\n".join(f"  {verb:{width}}  {summary}" for verb, summary in VERBS.items())
        + "\n\n`cmean VERB --help` tells more of each.",
    )
    parser.add_argument("--version", action="version", version=f"cmean {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help=argparse.SUPPRESS)
    return parser
