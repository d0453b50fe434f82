"""`cmean evaluate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.catalog import pairings
from cmean.cli import tables
from cmean.cli.common import NEWEST, add_json, announcer, opened, print_json, progress, say
from cmean.cli.pair import describe, named
from cmean.cli.types import at_most, natural, positive
from cmean.errors import UsageError
from cmean.evaluation import comparison, missing_embeddings, reliability
from cmean.evaluation import service as evaluation_service
from cmean.inference import controls
from cmean.jobs import requests
from cmean.matching.methods import RANDOM
from cmean.presentation.number_formats import number
from cmean.presentation.phrases import Means, vectors, verdict
from cmean.stats.sampling import Choices

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings
    from cmean.presentation.tables import Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    defaults = Choices()
    parser.add_argument(
        "ids",
        nargs="*",
        type=positive,
        metavar="ID",
        help=f"of the pairing ({NEWEST}); several are set side by side",
    )
    parser.add_argument(
        "--recipes",
        nargs="+",
        metavar="RECIPE",
        help="compare two or more emotion recipes over the same items instead: ids of mappers' "
        "recipes, or names of profiles",
    )
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="NAME",
        help="hold emotions and pairs against a label set; may be given several times",
    )
    parser.add_argument(
        "--permutations",
        type=at_most(1_000_000),
        default=defaults.permutations,
        metavar="N",
        help=f"random pairings behind each null and p (default: {defaults.permutations})",
    )
    parser.add_argument(
        "--resamples",
        type=at_most(10_000, least=0),
        default=defaults.resamples,
        metavar="N",
        help="pairings made anew of vectors without identity; 0 leaves them out "
        f"(default: {defaults.resamples})",
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of all draws (default: 0)"
    )
    tables.add_format(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print the tables of one pairing, or several side by side."""
    choices = Choices(args.permutations, args.resamples, seed=args.seed)
    if args.json and args.format and args.output is None:
        raise UsageError("--json and --format each say what is printed: leave one out")
    if args.recipes:
        _reliability(args, choices)
        return 0
    with opened() as (settings, catalog):
        found = [
            _evaluated(catalog, settings, each, args.labels, choices)
            for each in dict.fromkeys(args.ids or [None])
        ]
        with catalog.read() as connection:
            rows = [pairings.get(connection, document["pairing"]) for document in found]
            lacks = [
                missing_embeddings.line(connection, settings, pairing, document["tables"])
                for pairing, document in zip(rows, found, strict=True)
            ]
        if len(found) > 1:
            document = comparison.compare(catalog, found)
            made = comparison.tables(document)
            lacks.append(comparison.judged(found))
        else:
            document = found[0]
            made = evaluation_service.tables(document)
    if len(found) == 1 and args.format in {None, "table"} and not (args.output or args.json):
        _judge(rows[0], document)
    _show(args, document, made)
    for line in filter(None, dict.fromkeys(lacks)):
        say(line)
    return 0


def _show(args: argparse.Namespace, document: Mapping[str, Any], made: Sequence[Table]) -> None:
    """Print or write the tables; with `--json` the document is printed, whatever is written."""
    if args.output is not None or not args.json:
        tables.write(document, made, args.format, args.output)
    if args.json:
        print_json(document)


def _judge(pairing: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Say what the mean is worth, before the tables tell it at length."""
    print(f"{named(pairing['id'], pairing['profile'])}: {describe(pairing)}")
    if document["null_mean"] is not None:
        if document["resampled_mean"] is not None and document["method"] != RANDOM:
            mean, sd = (number(document[f"resampled_{name}"]) for name in ("mean", "sd"))
            what = f"{vectors(document['space'])} handed out at random"
            print(f"the same method over {what}: {mean} ± {sd}")
        print(verdict(Means.of(document)))
    print()


def _reliability(args: argparse.Namespace, choices: Choices) -> None:
    """Print how well emotion recipes agree."""
    if args.ids or args.labels:
        raise UsageError("--recipes compares recipes, not pairings: leave ID and --labels out")
    with opened() as (settings, catalog), catalog.read() as connection:
        found = reliability.compare(
            connection, args.recipes, partial(controls.find, settings), choices
        )
    _show(args, found, reliability.tables(found))
    for kind in found["left_out"]:
        say(f"{kind}s are left out: two of the recipes are the same there")


def _evaluated(
    catalog: Catalog,
    settings: Settings,
    pairing_id: int | None,
    labels: list[str],
    choices: Choices,
) -> dict[str, Any]:
    task = evaluation_service.request(catalog, pairing_id, labels, choices)
    with progress("evaluate", brief=True) as update:
        requests.carry_out(catalog, settings, task, announcer(settings), partial(update, "nulls"))
    return evaluation_service.document(catalog, task)
