"""The verb `evaluate`: print the study's tables for a pairing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.cli.argument_types import (
    make_integer_parser,
    parse_natural_number,
    parse_positive_integer,
)
from cmean.cli.catalog_session import make_hint_sender, open_catalog_session
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import DEFAULT_PAIRING, add_json, add_labels, add_table_format
from cmean.cli.output import print_json, print_notice
from cmean.cli.progress import show_progress
from cmean.errors import UsageError
from cmean.evaluation import comparison, comparison_tables, reliability, reliability_tables
from cmean.evaluation import service as evaluation_service
from cmean.evaluation.evaluation_tables import build_evaluation_tables
from cmean.evaluation.missing_embeddings import describe_missing_embeddings
from cmean.inference import controls
from cmean.jobs import requests
from cmean.pairing import service as pairing_service
from cmean.presentation.pairing_phrases import (
    PairingSummary,
    describe_pairing,
    interpret_pairing,
    name_pairing,
)
from cmean.presentation.table_files import write_tables
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from cmean.config import Settings
    from cmean.evaluation.documents.evaluation import ComparisonDocument, EvaluationDocument
    from cmean.library.catalog_access import Catalog
    from cmean.presentation.tables import Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    defaults = SamplingOptions()
    parser.add_argument(
        "ids",
        nargs="*",
        type=parse_positive_integer,
        metavar="ID",
        help=f"pairing to evaluate ({DEFAULT_PAIRING}); several are compared",
    )
    parser.add_argument(
        "--recipes",
        nargs="+",
        metavar="RECIPE",
        help="compare two or more emotion recipes over the same items instead: ids of mappers' "
        "recipes, or names of profiles",
    )
    add_labels(parser)
    parser.add_argument(
        "--permutations",
        type=make_integer_parser(1_000_000),
        default=defaults.permutations,
        metavar="N",
        help="random pairings for each null distribution and p-value (default: "
        f"{defaults.permutations})",
    )
    parser.add_argument(
        "--resamples",
        type=make_integer_parser(10_000, least=0),
        default=defaults.resamples,
        metavar="N",
        help="pairings of resampled vectors, the null of the method; 0 leaves it out "
        f"(default: {defaults.resamples})",
    )
    parser.add_argument(
        "--seed",
        type=parse_natural_number,
        default=0,
        metavar="SEED",
        help="random seed of all nulls (default: 0)",
    )
    add_table_format(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Print the tables of one pairing, or compare several pairings or recipes."""
    if args.json and args.format and args.output is None:
        raise UsageError("--json and --format each say what is printed: leave one out")
    sampling = SamplingOptions(args.permutations, args.resamples, seed=args.seed)
    if args.recipes:
        _compare_recipes(args, sampling)
    else:
        _evaluate_pairings(args, sampling)
    return EXIT_OK


def _evaluate_pairings(args: argparse.Namespace, sampling: SamplingOptions) -> None:
    with open_catalog_session() as (settings, catalog):
        evaluations = [
            _evaluate(catalog, settings, each, args.labels, sampling)
            for each in dict.fromkeys(args.ids or [None])
        ]
        notices = [describe_missing_embeddings(catalog, settings, each) for each in evaluations]
        document: EvaluationDocument | ComparisonDocument
        if len(evaluations) > 1:
            document = comparison.compare_pairings(catalog, evaluations)
            tables = comparison_tables.build_comparison_tables(document)
            notices.append(comparison_tables.describe_missing_evidence(evaluations))
        else:
            (document,) = evaluations
            tables = build_evaluation_tables(document)
            if args.format in {None, "table"} and not (args.output or args.json):
                _print_summary(catalog, document)
    _print_tables(args, to_json(document), tables)
    for notice in filter(None, dict.fromkeys(notices)):
        print_notice(notice)


def _evaluate(
    catalog: Catalog,
    settings: Settings,
    pairing_id: int | None,
    labels: list[str],
    sampling: SamplingOptions,
) -> EvaluationDocument:
    task = evaluation_service.request_evaluation(catalog, pairing_id, labels, sampling)
    with show_progress("evaluate", brief=True) as update:
        requests.complete_request(
            catalog, settings, task, make_hint_sender(settings), partial(update, "nulls")
        )
    return evaluation_service.load_document(catalog, task)


def _print_summary(catalog: Catalog, document: EvaluationDocument) -> None:
    """Print a line that describes the pairing, and the interpretation of its mean."""
    row = pairing_service.load_summary(catalog, document.pairing)
    pairing = PairingSummary.from_document(row, to_json(document))
    print(f"{name_pairing(document.pairing, document.profile)}: {describe_pairing(pairing)}")
    if pairing.null_mean is not None:
        print(interpret_pairing(pairing))
    print()


def _print_tables(
    args: argparse.Namespace, document: Mapping[str, Any], tables: Sequence[Table]
) -> None:
    """Print or write the tables; with `--json` the document is printed, whatever is written."""
    if args.output is not None or not args.json:
        write_tables(document, tables, args.format, args.output)
    if args.json:
        print_json(document)


def _compare_recipes(args: argparse.Namespace, sampling: SamplingOptions) -> None:
    """Print how well emotion recipes agree."""
    if args.ids or args.labels:
        raise UsageError("--recipes compares recipes, not pairings: leave ID and --labels out")
    with open_catalog_session() as (settings, catalog), catalog.read() as connection:
        document = reliability.compare_recipes(
            connection, args.recipes, partial(controls.find_profile, settings), sampling
        )
    _print_tables(args, to_json(document), reliability_tables.build_recipe_tables(document))
    for kind in document.left_out:
        print_notice(f"{kind}s are not compared: two of the recipes are the same for them")
