"""`cmean evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.cli.common import add_json, opened, print_json, print_table
from cmean.cli.pair import describe
from cmean.cli.types import positive
from cmean.pipeline.evaluate import evaluate

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "id", nargs="?", type=positive, metavar="ID", help="of the pairing (default: the newest)"
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    with opened() as (_, catalog):
        found = evaluate(catalog, args.id)
    if args.json:
        print_json(found.as_dict())
        return 0
    print(f"pairing {found.pairing['id']}: {describe(dict(found.pairing))}\n")
    for table in found.tables():
        print_table(table.title, table.header, table.rows)
        print(f"{table.note}\n")
    return 0
