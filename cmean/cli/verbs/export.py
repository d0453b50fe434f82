"""The verb `export`: write results to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import add_export_output, add_json
from cmean.cli.output import print_json
from cmean.library import queries
from cmean.presentation.row_files import find_export_format, write_rows

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "what",
        choices=queries.EXPORT_NAMES,
        metavar="WHAT",
        help=", ".join(queries.EXPORT_NAMES),
    )
    add_export_output(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Write a view to a file whose suffix names the format."""
    form = find_export_format(args.output)
    with open_catalog_session() as (_, catalog), queries.open_export(catalog, args.what) as result:
        count = write_rows(*result, form, args.output)
    if args.json:
        print_json({"rows": count, "output": str(args.output)})
    else:
        print(f"{count} {args.what} written to {args.output}")
    return EXIT_OK
