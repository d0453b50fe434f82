"""The verb `sql`: run a read-only query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.library.queries import open_query
from cmean.presentation.row_files import QUERY_FORMATS, write_rows

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("query", metavar="QUERY", help="one SQL query; it cannot write")
    parser.add_argument(
        "--format", choices=QUERY_FORMATS, default=None, help="output format (default: table)"
    )
    parser.add_argument(
        "--json",
        action="store_const",
        const="json",
        dest="format",
        help="the same as --format json",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")


def main(args: argparse.Namespace) -> int:
    """Run the query and print or write its rows."""
    with open_catalog_session() as (_, catalog), open_query(catalog, args.query) as result:
        write_rows(*result, args.format or "table", args.output)
    return EXIT_OK
