"""`cmean ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_json, make_hint_sender, opened, print_json, progress, say
from cmean.domain import Kind, Role
from cmean.inference.queues import queue_of
from cmean.library import ingest, metadata

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.library.ingest import IngestResult
    from cmean.library.metadata import Metadata


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
    kind = None if args.kind == "auto" else Kind(args.kind)
    with opened() as (settings, catalog):
        send_hint = make_hint_sender(settings)
        result = register(catalog, args.paths, kind, args.collection, facts)
    if send_hint is not None and result.added:
        for name in Kind:  # workers that are idle look at once
            send_hint(queue_of(Role.CAPTIONER, name))
    if args.json:
        print_json(result.as_dict())
    else:
        show(result)
    return EXIT_PARTIAL if result.rejected else EXIT_OK


def register(
    catalog: Catalog,
    paths: Sequence[Path],
    kind: Kind | None,
    collection: str | None = None,
    facts: Metadata = metadata.NOTHING,
) -> IngestResult:
    """Ingest with progress shown."""
    with progress("ingest") as update:
        return ingest.ingest(
            catalog, paths, kind, collection, facts, lambda n, of: update("files", n, of, "")
        )


def show(result: IngestResult) -> None:
    """Say what was registered, and why what was refused was refused."""
    print(_line(result))
    _tell_refused(result)


def tell(result: IngestResult) -> None:
    """The same, all on standard error."""
    say(_line(result))
    _tell_refused(result)


def _line(result: IngestResult) -> str:
    return f"{result.added} added, {result.known} known, {len(result.rejected)} rejected"


def _tell_refused(result: IngestResult) -> None:
    for refused in result.rejected:
        say(f"rejected: {refused.path}: {refused.reason}: {refused.detail}")
