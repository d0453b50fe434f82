"""`cmean evaluate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.catalog import pairings
from cmean.cli import tables
from cmean.cli.common import NEWEST, add_json, make_hint_sender, opened, print_json, progress, say
from cmean.cli.pair import describe, named
from cmean.cli.types import at_most, natural, positive
from cmean.errors import UsageError
from cmean.evaluation import comparison, comparison_tables, reliability, reliability_tables
from cmean.evaluation import service as evaluation_service
from cmean.evaluation.evaluation_tables import build_evaluation_tables
from cmean.evaluation.missing_embeddings import describe_missing_embeddings
from cmean.inference import controls
from cmean.jobs import requests
from cmean.matching.methods import RANDOM
from cmean.presentation.number_formats import number
from cmean.presentation.phrases import Means, vectors, verdict
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings
    from cmean.evaluation.documents.evaluation import ComparisonDocument, EvaluationDocument
    from cmean.presentation.tables import Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    defaults = SamplingOptions()
    parser.add_argument(
        "ids",
        nargs="*",
        type=positive,
        metavar="ID",
        help=f"of the pairing ({NEWEST}); several are compared",
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
        help="compare emotions and pairs with a label set; may be given several times",
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
        help=f"pairings of resampled vectors; 0 leaves them out (default: {defaults.resamples})",
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of all draws (default: 0)"
    )
    tables.add_format(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print the tables of one pairing, or of several compared."""
    choices = SamplingOptions(args.permutations, args.resamples, seed=args.seed)
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
        hints = [describe_missing_embeddings(catalog, settings, each) for each in found]
        document: EvaluationDocument | ComparisonDocument = found[0]
        if len(found) > 1:
            document = comparison.compare_pairings(catalog, found)
            made = comparison_tables.build_comparison_tables(document)
            hints.append(comparison_tables.describe_missing_evidence(found))
        else:
            made = build_evaluation_tables(found[0])
        with catalog.read() as connection:
            pairing = pairings.get(connection, found[0].pairing)
    if len(found) == 1 and args.format in {None, "table"} and not (args.output or args.json):
        _judge(pairing, found[0])
    _show(args, to_json(document), made)
    for line in filter(None, dict.fromkeys(hints)):
        say(line)
    return 0


def _show(args: argparse.Namespace, document: Mapping[str, Any], made: Sequence[Table]) -> None:
    """Print or write the tables; with `--json` the document is printed, whatever is written."""
    if args.output is not None or not args.json:
        tables.write(document, made, args.format, args.output)
    if args.json:
        print_json(document)


def _judge(pairing: Mapping[str, Any], document: EvaluationDocument) -> None:
    """Say what the mean is worth, before the tables tell it at length."""
    print(f"{named(pairing['id'], pairing['profile'])}: {describe(pairing)}")
    if document.null_mean is not None:
        mean, sd = document.resampled_mean, document.resampled_sd
        if mean is not None and sd is not None and document.method != RANDOM:
            what = f"resampled {vectors(document.space)}"
            print(f"the same method over {what}: {number(mean)} ± {number(sd)}")
        print(verdict(Means.of(to_json(document))))
    print()


def _reliability(args: argparse.Namespace, choices: SamplingOptions) -> None:
    """Print how well emotion recipes agree."""
    if args.ids or args.labels:
        raise UsageError("--recipes compares recipes, not pairings: leave ID and --labels out")
    with opened() as (settings, catalog), catalog.read() as connection:
        found = reliability.compare_recipes(
            connection, args.recipes, partial(controls.find, settings), choices
        )
    _show(args, to_json(found), reliability_tables.build_recipe_tables(found))
    for kind in found.left_out:
        say(f"{kind}s are left out: two of the recipes are the same there")


def _evaluated(
    catalog: Catalog,
    settings: Settings,
    pairing_id: int | None,
    labels: list[str],
    choices: SamplingOptions,
) -> EvaluationDocument:
    task = evaluation_service.request_evaluation(catalog, pairing_id, labels, choices)
    with progress("evaluate", brief=True) as update:
        requests.complete_request(
            catalog, settings, task, make_hint_sender(settings), partial(update, "nulls")
        )
    return evaluation_service.load_document(catalog, task)
