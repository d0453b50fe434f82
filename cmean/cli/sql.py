"""`cmean sql`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.catalog import browse
from cmean.cli import tabular
from cmean.cli.common import opened

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("query", metavar="QUERY", help="one SQL query; the catalog is read-only")
    parser.add_argument("--format", choices=tabular.FORMATS, default=None, help="default: table")
    parser.add_argument("--json", action="store_const", const="json", dest="format")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")


def main(args: argparse.Namespace) -> int:
    """Run the query and print or write its rows."""
    with opened() as (_, catalog), browse.rows_of(catalog, args.query) as (columns, rows):
        tabular.write(columns, rows, args.format or "table", args.output)
    return 0
