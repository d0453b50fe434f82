"""The verb `report`: write the HTML report of a pairing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import DEFAULT_PAIRING, add_json, add_labels, add_pairing
from cmean.cli.output import print_json
from cmean.cli.report_output import write_report

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_pairing(parser, f"pairing to report ({DEFAULT_PAIRING})")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.html", required=True, help="file to write"
    )
    add_labels(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    with open_catalog_session() as (settings, catalog):
        size = write_report(catalog, settings, args.id, args.output, args.labels)
    if args.json:
        print_json({"output": str(args.output), "bytes": size})
    else:
        print(f"{args.output} written ({size / 1e6:.1f} MB)")
    return EXIT_OK
