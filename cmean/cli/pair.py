"""`cmean pair`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.cli.common import add_json, add_profile, announcer, number_text, opened, print_json
from cmean.matching.methods import METHODS
from cmean.matching.vectors import METRICS
from cmean.pipeline import pair, requests

if TYPE_CHECKING:
    import argparse

VECTORS = ("whole",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--method", choices=list(METHODS), default="greedy")
    parser.add_argument(
        "--vector", choices=VECTORS, default="whole", help="which triples to compare"
    )
    parser.add_argument("--metric", choices=list(METRICS), default="cosine")
    add_profile(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Pair and store."""
    with opened() as (settings, catalog):
        profile = settings.get_profile(args.profile)
        task = pair.request(catalog, profile, args.method, args.vector, args.metric)
        requests.carry_out(catalog, settings, task, announcer(settings))
        result = pair.summary(catalog, task)
    if args.json:
        print_json(result)
    else:
        print(f"pairing {result['pairing']}: {describe(result)}")
    return 0


def describe(result: dict[str, Any]) -> str:
    """One line: the pairs, their mean beside its null, and who was left alone."""
    noun = "pair" if result["pairs"] == 1 else "pairs"
    line = (
        f"{result['pairs']} {noun} by {result['method']} {result['metric']}, "
        f"mean {number_text(result['mean'])} "
        f"({number_text(result['minimum'])} to {number_text(result['maximum'])}); "
        f"random pairing of the same items: {number_text(result['null_mean'])} "
        f"± {number_text(result['null_sd'])}, z = {_z(result['z'])}"
    )
    for side in ("tracks", "artworks"):
        if left := result[f"unpaired_{side}"]:
            line += f"; {left} {side} unpaired"
    return line


def _z(z: float | None) -> str:
    return "undefined (the null does not vary)" if z is None else f"{z:.2f}"
