"""`cmean ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_json, opened, print_json, progress, say
from cmean.domain import Kind
from cmean.pipeline import ingest, metadata

if TYPE_CHECKING:
    import argparse

    from cmean.pipeline.ingest import IngestResult


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders")
    parser.add_argument(
        "--kind", choices=("auto", *Kind), default="auto", help="default: by suffix"
    )
    parser.add_argument("--collection", metavar="NAME", help="put the items into this collection")
    parser.add_argument("--metadata", type=Path, metavar="FILE", help="CSV: path,title,creator,…")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Register files."""
    facts = metadata.read(args.metadata) if args.metadata else metadata.NOTHING
    with opened() as (_, catalog), progress("ingest") as update:
        result = ingest.ingest(
            catalog,
            args.paths,
            kind=None if args.kind == "auto" else Kind(args.kind),
            collection=args.collection,
            metadata=facts,
            on_progress=lambda done, total: update("files", done, total, ""),
        )
    if args.json:
        print_json(result.as_dict())
    else:
        show(result)
    return EXIT_PARTIAL if result.rejected else EXIT_OK


def show(result: IngestResult) -> None:
    """Say what was registered, and why what was refused was refused."""
    print(f"{result.added} added, {result.known} known, {len(result.rejected)} rejected")
    for refused in result.rejected:
        say(f"rejected: {refused.path}: {refused.reason}: {refused.detail}")
