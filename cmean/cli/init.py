"""`cmean init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.cli.common import add_json, print_json
from cmean.config import load_settings

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Create or upgrade the catalog."""
    catalog = Catalog(load_settings().database_url)
    before, after = migrate.upgrade(catalog)
    catalog.close()
    if args.json:
        print_json({"catalog": catalog.name, "before": before, "schema": after})
    elif before == after:
        print(f"{catalog.name} is up to date (schema {after})")
    else:
        print(f"{catalog.name} {'upgraded' if before else 'created'} (schema {after})")
    return 0
