"""`cmean pair`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.cli.common import (
    add_control,
    add_json,
    add_profile,
    announcer,
    chosen_profile,
    number_text,
    opened,
    print_json,
    progress,
    say,
    tell_default_profile,
)
from cmean.cli.types import natural, positive
from cmean.domain import Kind, is_control
from cmean.matching.methods import RANDOM
from cmean.matching.vectors import METRICS
from cmean.pipeline import pair, requests, versions
from cmean.pipeline.pair import METHODS
from cmean.pipeline.spaces import EMOTION, SPACES
from cmean.pipeline.vectors import VECTORS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from cmean.catalog.engine import Catalog


_ROUNDING = 1e-12  # of a sum of similarities

METRIC_HELP = "cosine: which emotions; euclidean: also how strong"


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
    default = f"default: {versions.DEFAULTS[name]}, or as in the pairing that is named"
    parser.add_argument(f"--{name}", choices=list(known), help=f"{about} ({default})")


def main(args: argparse.Namespace) -> int:
    """Pair and store."""
    with opened() as (settings, catalog):
        profile = chosen_profile(settings, args)
        tell_default_profile(settings, args.profile, catalog)
        task = pair.request(
            catalog,
            profile,
            args.method,
            args.vector,
            args.metric,
            space=args.space,
            seed=args.seed,
            extend=args.extend,
            compare=args.compare,
        )
        with progress("pair", brief=True) as update:
            requests.carry_out(
                catalog, settings, task, announcer(settings), partial(update, "matched")
            )
        result = pair.summary(catalog, task)
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
        f"({number_text(result['minimum'])} to {number_text(result['maximum'])}); "
        f"random pairing of the same items: {_null(result)}"
    )
    if result["gap"] is not None:
        by = f" by more than {result['gap']:.1e}" if result["gap"] > _ROUNDING else ""
        line += f"; no total is larger{by}"
    for kind in Kind:
        if left := result[f"unpaired_{kind.value}s"]:
            line += f"; {_count(left, kind, result)} unpaired"
    return line


def _how(result: Mapping[str, Any]) -> str:
    """By which method and metric, and in which space where that is not the usual one."""
    method, metric, space = result["method"], result["metric"], result["space"]
    paired = f"at random, {metric}" if method == RANDOM else f"by {method} {metric}"
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
    missing = pair.left_out(catalog, result["pairing"])
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
