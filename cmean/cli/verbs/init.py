"""The verb `init`: create or upgrade the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.config import load_settings
from cmean.library.catalog_access import upgrade_catalog

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Create or upgrade the catalog."""
    done = upgrade_catalog(load_settings().database_url)
    if args.json:
        print_json({"catalog": done.name, "before": done.before, "schema": done.after})
    elif done.before == done.after:
        print(f"{done.name} is up to date (schema {done.after})")
    else:
        print(f"{done.name} {'upgraded' if done.before else 'created'} (schema {done.after})")
    if done.recounted:
        print_notice("the counters of tasks were wrong; all tasks were counted anew")
    return EXIT_OK
