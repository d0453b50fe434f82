"""`cmean pair`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.cli.common import (
    add_control,
    add_json,
    add_profile,
    chosen_profile,
    make_hint_sender,
    number_text,
    opened,
    print_json,
    progress,
    say,
    tell_default_profile,
)
from cmean.cli.types import natural, positive, similarity
from cmean.domain import Kind, is_control
from cmean.jobs import requests
from cmean.matching.calibration import CALIBRATIONS
from cmean.matching.methods import RANDOM
from cmean.matching.vectors import METRICS
from cmean.pairing import service as pairing_service
from cmean.pairing import versions
from cmean.pairing.service import METHODS
from cmean.pairing.spaces import EMOTION, SPACES
from cmean.pairing.vectors import VECTORS
from cmean.presentation.phrases import compared_by

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from cmean.catalog.engine import Catalog


_ROUNDING = 1e-12  # of a sum of similarities

METRIC_HELP = "cosine: which emotions; euclidean: also how strong"
FLOOR_HELP = (
    "least similarity of a pair, -1 to 1: items that find none so near stay unpaired; optimal "
    "leaves such pairs out afterwards"
)


def options_help(options: Mapping[str, str]) -> str:
    """What each of some choices does."""
    return "; ".join(f"{name}: {what}" for name, what in options.items())


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    _add_choice(parser, "method", METHODS, options_help(METHODS))
    _add_choice(
        parser, "vector", VECTORS, "the wholes, each fragment by itself, or all five at once"
    )
    _add_choice(parser, "metric", METRICS, METRIC_HELP)
    _add_choice(
        parser,
        "calibrate",
        CALIBRATIONS,
        f"what is done to the triples of each kind first; {options_help(CALIBRATIONS)}",
    )
    parser.add_argument("--min-similarity", type=similarity, metavar="S", help=FLOOR_HELP)
    _add_choice(parser, "space", SPACES, f"what is compared; {options_help(SPACES)}")
    parser.add_argument("--seed", type=natural, metavar="N", help="of --method random (default: 0)")
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument(
        "--extend",
        type=positive,
        metavar="ID",
        help="a new version of a pairing: keeps its pairs and matches only what is free",
    )
    earlier.add_argument(
        "--compare",
        type=positive,
        metavar="ID",
        help="pair everything anew, and say what that changes and gains over a pairing",
    )
    add_profile(parser)
    add_control(parser)
    add_json(parser)


def _add_choice(
    parser: argparse.ArgumentParser, name: str, known: Iterable[str], about: str
) -> None:
    usual = versions.DEFAULTS.get(name, "the profile's for triples")
    default = f"default: {usual}, or as in the pairing that is named"
    parser.add_argument(f"--{name}", choices=list(known), help=f"{about} ({default})")


def main(args: argparse.Namespace) -> int:
    """Pair and store."""
    with opened() as (settings, catalog):
        profile = chosen_profile(settings, args)
        tell_default_profile(settings, args.profile, catalog)
        task = pairing_service.request(
            catalog,
            profile,
            args.method,
            args.vector,
            args.metric,
            space=args.space,
            calibrate=args.calibrate,
            min_similarity=args.min_similarity,
            seed=args.seed,
            extend=args.extend,
            compare=args.compare,
        )
        with progress("pair", brief=True) as update:
            requests.complete_request(
                catalog, settings, task, make_hint_sender(settings), partial(update, "matched")
            )
        result = pairing_service.summary(catalog, task)
        if args.extend is not None:
            result |= versions.extension(catalog, args.extend, result["pairs"])
        if args.compare is not None:
            compared = versions.comparison(catalog, args.compare, result["pairing"])
            result["compared"] = compared
        _say_who_is_left_out(catalog, result)
    if args.json:
        print_json(result)
        return 0
    print(f"{named(result['pairing'], profile.name)}: {describe(result)}")
    if result["method"] != RANDOM:
        print(f"how much of that is the method's doing: cmean evaluate {result['pairing']}")
    if args.extend is not None:
        print(_extended(result))
    if args.compare is not None:
        print(_compared(result))
    return 0


def named(pairing_id: int, profile: str) -> str:
    """What a pairing is called in a line: its number, and the control that it is of."""
    return f"pairing {pairing_id}{f' ({profile})' if is_control(profile) else ''}"


def describe(result: Mapping[str, Any]) -> str:
    """One line: the pairs, their mean beside its null, and who was left alone."""
    noun = "pair" if result["pairs"] == 1 else "pairs"
    what = _WHAT[result["vector"]]
    line = (
        f"{result['pairs']} {noun}{what} {_how(result)}, "
        f"mean {number_text(result['mean'])} "
        f"(worst pair {number_text(result['minimum'])}, "
        f"tenth percentile {number_text(result['tenth_percentile'])}, "
        f"best {number_text(result['maximum'])}); "
        f"random pairing of the same items: {_null(result)}"
    )
    if result["gap"] is not None:
        by = f" by more than {result['gap']:.1e}" if result["gap"] > _ROUNDING else ""
        line += f"; no total is larger{by}"
    for kind in Kind:
        if left := result[f"unpaired_{kind.value}s"]:
            line += f"; {_count(left, kind, result)} unpaired"
    if result["min_similarity"] is not None:
        line += f"; {_below_floor(result)}"
    return line


def _below_floor(result: Mapping[str, Any]) -> str:
    """How many pairs were not made for lack of similarity."""
    count, floor = result["below_floor"], result["min_similarity"]
    noun = "pair" if count == 1 else "pairs"
    return f"{count} {noun} not made, below the least similarity of {floor:g}"


def _how(result: Mapping[str, Any]) -> str:
    """By which method, metric and calibration, and in which space where not the usual one."""
    method, metric, space = result["method"], result["metric"], result["space"]
    how = compared_by(metric, result["calibrate"])
    paired = f"at random, {how}" if method == RANDOM else f"by {method} {how}"
    return paired if space == EMOTION else f"{paired} of {_OF[space]}"


_OF = {"imagebind": "ImageBind's embeddings", "captions": "the captions' embeddings"}
_WHAT = {"whole": "", "fragments": " of fragments", "concatenated": " over all five vectors"}


def _null(result: Mapping[str, Any]) -> str:
    if result["null_mean"] is None:
        return "unknown, for their vectors were not published"
    mean, sd = (number_text(result[name]) for name in ("null_mean", "null_sd"))
    return f"{mean} ± {sd}, z = {_z(result['z'])}"


def _z(z: float | None) -> str:
    return "undefined (the null does not vary)" if z is None else f"{z:.2f}"


def _unit(kind: Kind, result: Mapping[str, Any]) -> str:
    """What is paired: an item, or a fragment of it."""
    return f"{kind.value} fragment" if result["vector"] == "fragments" else kind.value


def _count(number: int, kind: Kind, result: Mapping[str, Any]) -> str:
    return f"{number} {_unit(kind, result)}{'' if number == 1 else 's'}"


def _extended(result: Mapping[str, Any]) -> str:
    """What an extension kept and added, or why it could add nothing."""
    line = f"extends pairing {result['extends']}: {result['kept']} kept, {result['added']} added"
    if result["method"] == "optimal":
        line += " (optimal among what was free)"
    if result["added"]:
        return line
    left = {kind: result[f"unpaired_{kind.value}s"] for kind in Kind}
    alone = [_count(number, kind, result) for kind, number in left.items() if number]
    if not alone:
        return f"{line}; nothing is free: all are paired already"
    stay = f"{' and '.join(alone)} {'stays' if sum(left.values()) == 1 else 'stay'} unpaired"
    if len(alone) > 1:
        return f"{line}; no position has both a free track and a free artwork: {stay}"
    none = next(kind for kind, number in left.items() if not number)
    return f"{line}; no free {_unit(none, result)}: {stay}"


def _compared(result: Mapping[str, Any]) -> str:
    """What a recompute changed, and what that is worth."""
    found = result["compared"]
    line = (
        f"compared with pairing {found['pairing']}: {found['kept']} of its pairs are kept, "
        f"{found['changed']} changed; total similarity {_signed(found['gained'])}"
    )
    if found["new"]:
        by_both = _signed(found["gained_by_tracks_of_both"])
        line += f", of which {by_both} by tracks that both pair; {found['new']} newly paired"
    return line


def _signed(value: float) -> str:
    sign = "+" if value >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{number_text(abs(value))}"


def _say_who_is_left_out(catalog: Catalog, result: Mapping[str, Any]) -> None:
    """Items that lack vectors are no error, but nobody should believe that they were paired."""
    missing = pairing_service.left_out(catalog, result["pairing"])
    counts = [
        f"{number} {kind.value}{'' if number == 1 else 's'}"
        for kind, number in missing.items()
        if number
    ]
    if counts:
        where = " of fragments" if result["vector"] == "fragments" else ""
        emotion = result["space"] == EMOTION
        what = "emotions" if emotion else "embeddings"
        run = "cmean run" if emotion else "cmean run, with a profile that has the embedder"
        say(f"left out for lack of {what}{where}: {' and '.join(counts)}; run: {run}")
