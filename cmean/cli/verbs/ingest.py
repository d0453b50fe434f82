"""The verb `ingest`: register tracks and artworks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.catalog_session import make_hint_sender, open_catalog_session
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.ingest_display import ingest_paths, print_ingest_result
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.domain import Kind, Role
from cmean.inference.queues import get_queue
from cmean.library.metadata import NO_METADATA, read_metadata_file

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders")
    parser.add_argument(
        "--kind", choices=("auto", *Kind), default="auto", help="kind of item (default: by suffix)"
    )
    parser.add_argument("--collection", metavar="NAME", help="add the items to this collection")
    parser.add_argument("--metadata", type=Path, metavar="FILE", help="CSV: path,title,creator,…")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Register files."""
    facts = read_metadata_file(args.metadata) if args.metadata else NO_METADATA
    for note in facts.notes:
        print_notice(f"{args.metadata}: {note}")
    kind = None if args.kind == "auto" else Kind(args.kind)
    with open_catalog_session() as (settings, catalog):
        send_hint = make_hint_sender(settings)
        result = ingest_paths(catalog, args.paths, kind, args.collection, facts)
    if send_hint is not None and result.added:
        for each in Kind:  # idle workers plan the captions of the new items at once
            send_hint(get_queue(Role.CAPTIONER, each))
    if args.json:
        print_json(result.as_dict())
    else:
        print_ingest_result(result)
    return EXIT_PARTIAL if result.rejected else EXIT_OK
