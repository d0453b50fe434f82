"""`cmean backends`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.cli.common import add_json, print_json, print_table

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """List the back-ends."""
    rows = [
        {
            "name": info.name,
            "role": info.role.value,
            "kinds": [kind.value for kind in info.kinds],
            "installed": info.installed,
            "weights": info.weights,
            "licence": info.licence,
        }
        for info in registry.known()
    ]
    if args.json:
        print_json(rows)
    else:
        cells = [
            [", ".join(cell) if isinstance(cell, list) else cell for cell in row.values()]
            for row in rows
        ]
        print_table("Back-ends", list(rows[0]), cells)
    return 0
