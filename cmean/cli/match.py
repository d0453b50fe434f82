"""`cmean match`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.common import add_json, print_json, progress, say
from cmean.cli.pair import METRIC_HELP, describe, options_help
from cmean.cli.tabular import replacing
from cmean.errors import InputError
from cmean.matching import tables
from cmean.matching.methods import METHODS, match
from cmean.matching.null import random_pairing
from cmean.matching.summary import summarise
from cmean.matching.vectors import METRICS
from cmean.pipeline.spaces import EMOTION

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
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Pair two files."""
    if args.json and args.output is None:
        raise InputError("with --json the pairs need a file: name one with --output")
    tracks, artworks = tables.read_sides(args.tracks, args.artworks)
    if args.output is None:
        found = _match(args, tracks, artworks)
        tables.write(sys.stdout, found, tracks.names, artworks.names)
    else:
        with replacing(args.output) as path:  # before the work: it may not be writable
            found = _match(args, tracks, artworks)
            with path.open("w", encoding="utf-8", newline="") as file:
                tables.write(file, found, tracks.names, artworks.names)
    null = random_pairing(tracks.vectors, artworks.vectors, args.metric)
    summary = {**summarise(found, null, tracks.vector).as_dict(), "space": EMOTION}
    if args.json:
        print_json(summary)
    else:
        say(describe(summary))
    return 0


def _match(args: argparse.Namespace, tracks: tables.Table, artworks: tables.Table) -> Matching:
    with progress("match", brief=True) as update:
        return match(
            tracks.vectors,
            artworks.vectors,
            args.method,
            args.metric,
            on_progress=partial(update, args.method),
        )
