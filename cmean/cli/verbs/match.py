"""The verb `match`: pair two CSV files without a catalog."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.cli.argument_types import parse_similarity
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import METRIC_HELP, MIN_SIMILARITY_HELP, add_json, describe_choices
from cmean.cli.output import print_json, print_notice
from cmean.cli.progress import show_progress
from cmean.errors import UsageError
from cmean.library import vector_files
from cmean.matching.calibration import CALIBRATIONS, NONE, calibrate_vectors
from cmean.matching.methods import METHODS, match
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.matching.summary import summarise_matching
from cmean.matching.vectors import METRICS
from cmean.pairing.spaces import EMOTION
from cmean.presentation.pairing_phrases import PairingSummary, describe_pairing
from cmean.util.atomic_files import replace_file

if TYPE_CHECKING:
    import argparse

    from cmean.matching.methods import Matching


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "tracks",
        type=Path,
        metavar="TRACKS.csv",
        help="a name in column 1, then 3 (or 15) columns of integers",
    )
    parser.add_argument(
        "artworks", type=Path, metavar="ARTWORKS.csv", help="same format, for artworks"
    )
    parser.add_argument(
        "--method",
        choices=list(METHODS),
        default="greedy",
        help=f"{describe_choices(METHODS)} (default: greedy)",
    )
    parser.add_argument(
        "--metric", choices=list(METRICS), default="cosine", help=f"{METRIC_HELP} (default: cosine)"
    )
    parser.add_argument(
        "--calibrate",
        choices=list(CALIBRATIONS),
        default=NONE,
        help=f"transformation of the vectors of each file; {describe_choices(CALIBRATIONS)} "
        f"(default: {NONE})",
    )
    parser.add_argument(
        "--min-similarity", type=parse_similarity, metavar="S", help=MIN_SIMILARITY_HELP
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Pair two files."""
    if args.json and args.output is None:
        raise UsageError("with --json the pairs need a file: name one with --output")
    tracks, artworks = vector_files.read_vector_files(args.tracks, args.artworks)
    if args.output is None:
        matching, summary = _match_tables(args, tracks, artworks)
        vector_files.write_pairs(sys.stdout, matching, tracks.names, artworks.names)
    else:
        with replace_file(args.output) as path:  # before the matching: it may not be writable
            matching, summary = _match_tables(args, tracks, artworks)
            with path.open("w", encoding="utf-8", newline="") as file:
                vector_files.write_pairs(file, matching, tracks.names, artworks.names)
    if args.json:
        print_json(summary)
    else:
        print_notice(describe_pairing(PairingSummary.from_document(summary)))
    return EXIT_OK


def _match_tables(
    args: argparse.Namespace, tracks: vector_files.VectorTable, artworks: vector_files.VectorTable
) -> tuple[Matching, dict[str, Any]]:
    """Compute the pairs, and their summary as `--json` prints it."""
    sides = [calibrate_vectors(side.vectors, args.calibrate) for side in (tracks, artworks)]
    with show_progress("match", brief=True) as update:
        matching = match(
            sides[0],
            sides[1],
            args.method,
            args.metric,
            min_similarity=args.min_similarity,
            on_progress=partial(update, args.method),
        )
    null = compute_random_pairing_null(sides[0], sides[1], args.metric)
    summary = summarise_matching(matching, null, tracks.vector, args.calibrate)
    return matching, {**summary.as_dict(), "space": EMOTION}
