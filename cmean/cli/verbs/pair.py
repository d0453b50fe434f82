"""The verb `pair`: pair tracks and artworks one to one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmean.cli.argument_types import (
    parse_natural_number,
    parse_positive_integer,
    parse_similarity,
)
from cmean.cli.catalog_session import (
    make_hint_sender,
    open_catalog_session,
    print_profile_notice,
    select_profile,
)
from cmean.cli.exit_codes import EXIT_OK
from cmean.cli.options import (
    METRIC_HELP,
    MIN_SIMILARITY_HELP,
    add_control,
    add_json,
    add_profile,
    describe_choices,
)
from cmean.cli.output import print_json, print_notice
from cmean.cli.progress import show_progress
from cmean.jobs import requests
from cmean.matching.calibration import CALIBRATIONS
from cmean.matching.vectors import METRICS
from cmean.pairing import service as pairing_service
from cmean.pairing import versions
from cmean.pairing.service import METHODS
from cmean.pairing.spaces import EMOTION, SPACES
from cmean.pairing.vectors import VECTORS
from cmean.presentation.number_formats import format_count
from cmean.presentation.pairing_phrases import PairingSummary, describe_pairing, name_pairing
from cmean.presentation.pairing_versions import describe_comparison, describe_extension

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from cmean.library.catalog_access import Catalog


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    _add_choice(parser, "method", METHODS, describe_choices(METHODS))
    _add_choice(
        parser,
        "vector",
        VECTORS,
        "whole: the whole items; fragments: each fragment by itself; concatenated: the vectors of "
        "the whole and its four fragments as one",
    )
    _add_choice(parser, "metric", METRICS, METRIC_HELP)
    _add_choice(
        parser,
        "calibrate",
        CALIBRATIONS,
        f"transformation of the triples of each kind; {describe_choices(CALIBRATIONS)}",
    )
    parser.add_argument(
        "--min-similarity", type=parse_similarity, metavar="S", help=MIN_SIMILARITY_HELP
    )
    _add_choice(parser, "space", SPACES, f"what is compared; {describe_choices(SPACES)}")
    parser.add_argument(
        "--seed",
        type=parse_natural_number,
        metavar="SEED",
        help="random seed of --method random (default: 0)",
    )
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument(
        "--extend",
        type=parse_positive_integer,
        metavar="ID",
        help="make a new version of a pairing: keep its pairs, and match only unpaired items",
    )
    earlier.add_argument(
        "--compare",
        type=parse_positive_integer,
        metavar="ID",
        help="pair all items again, and print what changed from an earlier pairing",
    )
    add_profile(parser)
    add_control(parser)
    add_json(parser)


def _add_choice(
    parser: argparse.ArgumentParser, name: str, choices: Iterable[str], help_text: str
) -> None:
    default = versions.DEFAULTS.get(name, "the profile's setting")
    parser.add_argument(
        f"--{name}",
        choices=list(choices),
        help=f"{help_text} (default: {default}; with --extend or --compare that of the earlier "
        "pairing)",
    )


def main(args: argparse.Namespace) -> int:
    """Pair and store."""
    with open_catalog_session() as (settings, catalog):
        profile = select_profile(settings, args)
        print_profile_notice(settings, args.profile, catalog)
        task = pairing_service.request_pairing(
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
        with show_progress("pair", brief=True) as update:
            requests.complete_request(
                catalog, settings, task, make_hint_sender(settings), partial(update, "matched")
            )
        result = pairing_service.read_pairing_document(catalog, task)
        if args.extend is not None:
            result |= versions.count_added_pairs(catalog, args.extend, result["pairs"])
        if args.compare is not None:
            result["compared"] = versions.compare_versions(catalog, args.compare, result["pairing"])
        _print_left_out_items(catalog, result)
    if args.json:
        print_json(result)
    else:
        _print_pairing(result, profile.name)
    return EXIT_OK


def _print_pairing(result: Mapping[str, Any], profile_name: str) -> None:
    pairing = PairingSummary.from_document(result)
    print(f"{name_pairing(result['pairing'], profile_name)}: {describe_pairing(pairing)}")
    if not pairing.is_random:
        print(f"null of the method (resampled {pairing.vectors}): cmean evaluate {pairing.pairing}")
    if "extends" in result:
        print(describe_extension(pairing, result["extends"], result["kept"], result["added"]))
    if "compared" in result:
        print(describe_comparison(result["compared"]))


def _print_left_out_items(catalog: Catalog, result: Mapping[str, Any]) -> None:
    """Print how many items were left out of the matching because they have no vectors yet."""
    missing = pairing_service.count_left_out_items(catalog, result["pairing"])
    counts = [format_count(number, kind.value) for kind, number in missing.items() if number]
    if not counts:
        return
    where = " of fragments" if result["vector"] == "fragments" else ""
    if result["space"] == EMOTION:
        what, command = "emotions", "cmean run"
    else:
        what, command = "embeddings", "cmean run, with a profile that has the embedder"
    print_notice(f"left out, without {what}{where}: {' and '.join(counts)}; to add them: {command}")
