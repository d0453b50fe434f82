"""How true the emotion triples are: media and labels in, a table of agreement out.

    python benchmarks/truth.py --media DIR --labels CSV [--profile NAME ...] [--json FILE]
    python benchmarks/truth.py --pairs TRACKS TRACK_LABELS.csv ARTWORKS ARTWORK_LABELS.csv

The labels are a CSV file: the column `path` names an item by the end of its file's path; then any
of `valence`, `arousal`, `quadrant` (Q1 excited or happy, Q2 tense or angry, Q3 sad, Q4 calm) and
other numbers, such as the shares of listeners who felt an emotion; `group` (items of one source
are kept together) and `genre` if you like. Empty cells are missing.

The media are ingested into a catalog in the folder --work, captioned and mapped as by `cmean run`;
a second run does only what is missing. With several profiles the same items are compared under
all. What each figure means: docs/truth.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from truth_assessment import assess, compare_profiles, group_items
from truth_items import Workplace, join, kinds_of
from truth_labels import match_rows, parse_channel, read_labels
from truth_pairs import Side, assess_pairs, list_choices
from truth_statistics import Sampling
from truth_tables import print_assessment, print_changes, print_pairs

from cmean.cli.argument_types import (
    make_integer_parser,
    parse_natural_number,
    parse_positive_integer,
)
from cmean.config import load_settings
from cmean.domain import Kind
from cmean.errors import CmeanError, InputError, UsageError
from cmean.inference.default_profile import get_default_name
from cmean.matching import CALIBRATIONS, METHODS, METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from truth_labels import LabelFile, LabelRow

    from cmean.catalog.labels import KnownItem

    Found = Mapping[int, tuple[list[int], dict[str, float]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; returns the exit code."""
    try:
        args = _parse(arguments)
        document = _assess_pairs(args) if args.pairs else _assess_labels(args)
        if args.json:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
            args.json.write_text(text + "\n", encoding="utf-8")
    except CmeanError as error:
        print(f"truth: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        print(f"truth: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("truth: interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--media", type=Path, metavar="DIR", help="a folder of music, pictures or both")
    add("--labels", type=Path, metavar="CSV", help="CSV file of their labels")
    add(
        "--pairs",
        type=Path,
        nargs=4,
        metavar=("TRACKS", "TRACK_LABELS", "ARTWORKS", "ARTWORK_LABELS"),
        help="instead: how often pairs of both have the same quadrant; two folders, each with its "
        "labels file, which needs the column quadrant",
    )
    add("--profile", nargs="+", metavar="NAME", help="side by side (default: CMEAN_PROFILE)")
    add("--work", type=Path, default=Path("truth-work"), metavar="DIR", help="default: truth-work")
    add("--json", type=Path, metavar="FILE", help="write all figures to this file")
    add(
        "--seed",
        type=parse_natural_number,
        default=0,
        metavar="N",
        help="of all draws (default: 0)",
    )
    alone = parser.add_argument_group("with --media and --labels").add_argument
    alone(
        "--channel",
        action="append",
        default=[],
        metavar="LABEL=CHANNEL",
        help="the channel that a label is held against, e.g. solemnity=blue, or pleasure=-blue "
        "where less of it means more blue; may be given several times",
    )
    alone(
        "--resamples",
        type=make_integer_parser(100_000),
        default=1000,
        metavar="N",
        help="of intervals (1000)",
    )
    alone(
        "--worst",
        type=parse_natural_number,
        default=10,
        metavar="N",
        help="items that are named (10)",
    )
    paired = parser.add_argument_group("with --pairs (default: all combinations)").add_argument
    paired("--method", nargs="+", choices=list(METHODS), default=list(METHODS))
    paired("--metric", nargs="+", choices=list(METRICS), default=list(METRICS))
    paired("--calibrate", nargs="+", choices=CALIBRATIONS, default=list(CALIBRATIONS))
    paired(
        "--draws", type=parse_positive_integer, default=20, metavar="N", help="balanced draws (20)"
    )
    args = parser.parse_args(arguments)
    if bool(args.pairs) == bool(args.media or args.labels):
        raise UsageError("give --media with --labels, or --pairs with two folders and their labels")
    if not args.pairs and not (args.media and args.labels):
        raise UsageError("--media and --labels go together")
    if args.json and not args.json.parent.is_dir():
        raise InputError(f"no such folder: {args.json.parent}, where --json is to write")
    args.profile = list(dict.fromkeys(args.profile or [get_default_name(load_settings())]))
    return args


def _assess_labels(args: argparse.Namespace) -> dict[str, Any]:
    """The tables of labelled media."""
    channels = dict(map(parse_channel, args.channel))
    file = read_labels(args.labels, channels)
    place = Workplace(args.work)
    place.prepare([args.media], args.profile)
    found = {name: place.read(name) for name in args.profile}
    items, rows = _labelled(place, args.media, file, found)
    if file.unassigned:
        print(f"no channel is meant for: {', '.join(file.unassigned)}; --channel names one")
    sampling = Sampling(args.resamples, args.seed)
    document: dict[str, Any] = {"media": str(args.media), "labels": str(args.labels), "kinds": {}}
    for kind, ids in kinds_of(items, list(rows)).items():
        chosen = [rows[item] for item in ids]
        groups = len(np.unique(group_items(chosen)))
        print(f"\n{args.labels}: {len(ids)} {kind.value}s in {groups} groups")
        readings = {name: join([found[name][item] for item in ids]) for name in args.profile}
        figures = [
            assess(name, each, chosen, file.meant, sampling, args.worst)
            for name, each in readings.items()
        ]
        first, *others = args.profile
        changes = {
            name: compare_profiles(
                readings[first].triples, readings[name].triples, chosen, file.meant, sampling
            )
            for name in others
        }
        if others:
            print_changes(first, figures, changes)
        for each in figures:
            print_assessment(each)
        document["kinds"][kind.value] = {
            "items": len(ids),
            "groups": groups,
            "profiles": [each.as_dict() for each in figures],
            "changes": {
                name: {label: each.as_dict() for label, each in by_label.items()}
                for name, by_label in changes.items()
            },
        }
    return document


def _assess_pairs(args: argparse.Namespace) -> dict[str, Any]:
    """The tables of pairs."""
    folders, files = args.pairs[::2], [read_labels(path) for path in args.pairs[1::2]]
    place = Workplace(args.work)
    place.prepare(folders, args.profile)
    found = {name: place.read(name) for name in args.profile}
    sides = []
    for kind, folder, file in zip(Kind, folders, files, strict=True):
        items, rows = _labelled(place, folder, file, found)
        ids = kinds_of(items, [item for item, row in rows.items() if row.quadrant]).get(kind, [])
        if not ids:
            raise InputError(f"{file.path} gives no {kind.value} of {folder} a quadrant")
        sides.append((ids, [rows[item].quadrant for item in ids]))
    choices = list_choices(args.method, args.metric, args.calibrate)
    document: dict[str, Any] = {"pairs": [str(path) for path in args.pairs], "profiles": {}}
    for name in args.profile:
        tracks, artworks = (
            Side(np.array([found[name][item][0] for item in ids], np.int64), np.array(quadrants))
            for ids, quadrants in sides
        )
        truth = assess_pairs(tracks, artworks, choices, args.draws, args.seed)
        print_pairs(name, truth)
        document["profiles"][name] = truth.as_dict()
    return document


def _labelled(
    place: Workplace, media: Path, file: LabelFile, found: Mapping[str, Found]
) -> tuple[dict[int, KnownItem], dict[int, LabelRow]]:
    """The items of a folder, and the lines of those that all profiles have mapped.

    Raises:
        InputError: there are none.
    """
    items = place.items(media)
    rows, lost = match_rows(file, items.values(), media)
    mapped = {key: rows[key] for key in sorted(rows) if all(key in each for each in found.values())}
    if not mapped:
        raise InputError(f"no labelled item of {media} has a triple; see: cmean status")
    if len(mapped) < len(rows):
        lost.append(f"{len(rows) - len(mapped)} labelled items lack a triple in a profile")
    for note in [*file.notes, *lost]:
        print(f"{file.path}: {note}", file=sys.stderr)
    return items, mapped


if __name__ == "__main__":
    sys.exit(main())
