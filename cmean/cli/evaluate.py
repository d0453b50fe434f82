"""`cmean evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.catalog import pairings
from cmean.cli.common import add_json, announcer, opened, print_json, print_table
from cmean.cli.pair import describe
from cmean.cli.types import positive
from cmean.pipeline import evaluate, requests

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
    with opened() as (settings, catalog):
        task = evaluate.request(catalog, args.id)
        requests.carry_out(catalog, settings, task, announcer(settings))
        found = evaluate.document(catalog, task)
        with catalog.read() as connection:
            pairing = pairings.get(connection, found["pairing"])
    if args.json:
        print_json(found)
        return 0
    print(f"pairing {pairing['id']}: {describe(pairing)}\n")
    for table in evaluate.tables(found):
        print_table(table.title, table.header, table.rows)
        print(f"{table.note}\n")
    if lacking := evaluate.missing(found):
        print(lacking)
    return 0
