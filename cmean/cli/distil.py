"""`cmean distil`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.backends.mappers.distilled import DistilledMapper
from cmean.cli.common import (
    add_json,
    add_profile,
    opened,
    print_json,
    print_table,
    say,
    tell_default_profile,
)
from cmean.cli.types import share
from cmean.inference import controls, distillation

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_profile(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("distilled.csv"),
        metavar="FILE",
        help="where the weights go (default: distilled.csv)",
    )
    parser.add_argument(
        "--held-out",
        type=share,
        default=0.2,
        metavar="SHARE",
        help="of the items, held out at once to measure agreement (default: 0.2)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the order in which items are held out (default: 0)"
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Fit, write, and say how well the weights do."""
    with opened() as (settings, catalog):
        profile = controls.find(settings, args.profile)
        tell_default_profile(settings, args.profile, catalog)
        about = distillation.distil(catalog, profile, args.output, args.held_out, args.seed)
    file = args.output.resolve()
    if args.json:
        print_json({"file": str(file), "revision": DistilledMapper(str(file)).revision, **about})
        return 0
    found = distillation.table(about)
    print_table(found.title, found.header, found.rows)
    print(found.note)
    say(
        f"fitted to {about['captions']} captions of {about['items']} items: {args.output}; use it "
        f'in a profile: mapper = {{ backend = "distilled", weights = "{file}" }}'
    )
    return 0
