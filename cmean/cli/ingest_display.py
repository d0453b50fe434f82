"""Ingest files with a progress display, and print the result and rejected files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.cli.output import print_notice
from cmean.cli.progress import show_progress
from cmean.library import ingest
from cmean.library.metadata import NO_METADATA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cmean.domain import Kind
    from cmean.library.catalog_access import Catalog
    from cmean.library.ingest import IngestResult
    from cmean.library.metadata import Metadata


def ingest_paths(
    catalog: Catalog,
    paths: Sequence[Path],
    kind: Kind | None,
    collection: str | None = None,
    facts: Metadata = NO_METADATA,
) -> IngestResult:
    """Register files and folders while showing progress."""
    with show_progress("ingest") as update:
        return ingest.ingest_files(
            catalog, paths, kind, collection, facts, lambda n, of: update("files", n, of, "")
        )


def print_ingest_result(result: IngestResult) -> None:
    """Print the counts to standard output, and each rejected file to standard error."""
    print(format_ingest_result(result))
    print_rejected_files(result)


def format_ingest_result(result: IngestResult) -> str:
    """Format the counts as one line."""
    return f"{result.added} added, {result.known} known, {len(result.rejected)} rejected"


def print_rejected_files(result: IngestResult) -> None:
    """Print each rejected file with its reason to standard error."""
    for rejected in result.rejected:
        print_notice(f"rejected: {rejected.path}: {rejected.reason}: {rejected.detail}")
