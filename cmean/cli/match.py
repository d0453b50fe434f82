"""`cmean match`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.cli.common import add_json, print_json, progress, say
from cmean.cli.pair import FLOOR_HELP, METRIC_HELP, describe, options_help
from cmean.cli.tabular import replacing
from cmean.cli.types import similarity
from cmean.errors import UsageError
from cmean.matching import tables
from cmean.matching.calibration import CALIBRATIONS, NONE, calibrate_vectors
from cmean.matching.methods import METHODS, match
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.matching.summary import summarise
from cmean.matching.vectors import METRICS
from cmean.pairing.spaces import EMOTION

if TYPE_CHECKING:
    import argparse

    from cmean.matching.methods import Matching


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "tracks", type=Path, metavar="TRACKS.csv", help="a name, then 3 (or 15) integers"
    )
    parser.add_argument("artworks", type=Path, metavar="ARTWORKS.csv", help="likewise")
    about = options_help(METHODS)
    parser.add_argument("--method", choices=list(METHODS), default="greedy", help=about)
    parser.add_argument("--metric", choices=list(METRICS), default="cosine", help=METRIC_HELP)
    about = f"what is done to the vectors of each file first; {options_help(CALIBRATIONS)}"
    parser.add_argument("--calibrate", choices=list(CALIBRATIONS), default=NONE, help=about)
    parser.add_argument("--min-similarity", type=similarity, metavar="S", help=FLOOR_HELP)
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Pair two files."""
    if args.json and args.output is None:
        raise UsageError("with --json the pairs need a file: name one with --output")
    tracks, artworks = tables.read_sides(args.tracks, args.artworks)
    if args.output is None:
        found, summary = _match(args, tracks, artworks)
        tables.write(sys.stdout, found, tracks.names, artworks.names)
    else:
        with replacing(args.output) as path:  # before the work: it may not be writable
            found, summary = _match(args, tracks, artworks)
            with path.open("w", encoding="utf-8", newline="") as file:
                tables.write(file, found, tracks.names, artworks.names)
    if args.json:
        print_json(summary)
    else:
        say(describe(summary))
    return 0


def _match(
    args: argparse.Namespace, tracks: tables.Table, artworks: tables.Table
) -> tuple[Matching, dict[str, Any]]:
    """The pairs, and what is said of them."""
    sides = [calibrate_vectors(side.vectors, args.calibrate) for side in (tracks, artworks)]
    with progress("match", brief=True) as update:
        found = match(
            sides[0],
            sides[1],
            args.method,
            args.metric,
            min_similarity=args.min_similarity,
            on_progress=partial(update, args.method),
        )
    null = compute_random_pairing_null(sides[0], sides[1], args.metric)
    summed = summarise(found, null, tracks.vector, args.calibrate)
    return found, {**summed.as_dict(), "space": EMOTION}
