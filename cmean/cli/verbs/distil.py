"""The verb `distil`: fit a fast mapper to the triples of a language model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.backends.mappers.distilled import DistilledMapper
from cmean.cli.argument_types import parse_held_out_share
from cmean.cli.catalog_session import open_catalog_session, print_profile_notice
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import add_json, add_profile
from cmean.cli.output import print_json, print_notice
from cmean.inference import controls, distillation
from cmean.presentation.text_tables import print_table

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_profile(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("distilled.csv"),
        metavar="FILE",
        help="file to write the weights to (default: distilled.csv)",
    )
    parser.add_argument(
        "--held-out",
        type=parse_held_out_share,
        default=0.2,
        metavar="SHARE",
        help="share of the items that is held out to measure agreement (default: 0.2)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="SEED",
        help="random seed of the held-out items (default: 0)",
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Fit the weights, write them, and print their agreement on the held-out items."""
    with open_catalog_session() as (settings, catalog):
        profile = controls.find_profile(settings, args.profile)
        print_profile_notice(settings, args.profile, catalog)
        about = distillation.distil_mappers(catalog, profile, args.output, args.held_out, args.seed)
    file = args.output.resolve()
    if args.json:
        print_json({"file": str(file), "revision": DistilledMapper(str(file)).revision, **about})
        return EXIT_OK
    table = distillation.build_agreement_table(about)
    print_table(table.title, table.header, table.rows)
    print(table.note)
    print_notice(
        f"{args.output} fitted to {about['captions']} captions of {about['items']} items; in a "
        f'profile: mapper = {{ backend = "distilled", weights = "{file}" }}'
    )
    return EXIT_OK
