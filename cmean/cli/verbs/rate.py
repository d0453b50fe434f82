"""The verb `rate`: rating sheets, their import, single ratings and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.argument_types import (
    parse_duration,
    parse_natural_number,
    parse_positive_integer,
)
from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.options import (
    DEFAULT_PAIRING,
    add_export_output,
    add_json,
    add_pairing,
    describe_choices,
)
from cmean.cli.output import print_json, print_notice
from cmean.presentation.row_files import find_export_format, write_rows
from cmean.ratings import importer, rating_sheets
from cmean.ratings import service as rating_service
from cmean.ratings.questionnaire import ASKS

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their options."""
    actions = parser.add_subparsers(required=True, metavar="|".join(_ACTIONS))
    for name, (summary, add_options, run) in _ACTIONS.items():
        action = actions.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        add_options(action)
        add_json(action)
        action.set_defaults(run=run)


def main(args: argparse.Namespace) -> int:
    """Run the action."""
    return int(args.run(args))


def _add_sheet_options(parser: argparse.ArgumentParser) -> None:
    add_pairing(parser, f"pairing to rate ({DEFAULT_PAIRING})")
    parser.add_argument(
        "--output", type=Path, metavar="FILE.csv", required=True, help="file to write"
    )
    parser.add_argument(
        "--ask",
        choices=list(ASKS),
        default="congruence",
        help=f"{describe_choices(ASKS)} (default: congruence)",
    )
    parser.add_argument(
        "--pairs",
        type=parse_positive_integer,
        metavar="N",
        help="number of pairs, drawn at random (default: all)",
    )
    parser.add_argument(
        "--random",
        type=parse_natural_number,
        metavar="N",
        help="number of random control pairs among them (default: as many as pairs)",
    )
    parser.add_argument(
        "--seed",
        type=parse_natural_number,
        default=0,
        metavar="SEED",
        help="random seed of the sample and its order (default: 0)",
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help="not blind: include rank and similarity, and which pairs are controls",
    )


def _write_sheet(args: argparse.Namespace) -> int:
    wanted = rating_sheets.SheetOptions(args.ask, args.pairs, args.random, args.seed, not args.open)
    with open_catalog_session() as (_, catalog):
        sheet = rating_sheets.create_rating_sheet(catalog, args.id, wanted)
    write_rows(sheet.columns, iter(sheet.rows), "csv", args.output)
    if args.json:
        print_json(
            {
                "output": str(args.output),
                "pairing": sheet.pairing,
                "control": sheet.control,
                "ask": args.ask,
                "pairs": sheet.pairs,
                "controls": sheet.controls,
            }
        )
        return EXIT_OK
    controls = f" and {sheet.controls} random controls" if args.ask == "congruence" else ""
    print(
        f"{sheet.pairs} pairs of pairing {sheet.pairing}{controls} written to {args.output}; "
        f"once filled in: cmean rate import {args.output}"
    )
    return EXIT_OK


def _add_import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE.csv", help="a filled-in sheet, or an export"
    )
    parser.add_argument("--rater", metavar="NAME", help="rater of the rows that name none")
    _add_replace(parser)


def _import_ratings(args: argparse.Namespace) -> int:
    with open_catalog_session() as (_, catalog):
        result = importer.import_rating_file(catalog, args.file, args.rater, overwrite=args.replace)
    if args.json:
        print_json(result.as_dict())
    else:
        for note in result.notes:
            print_notice(note)
        for line, detail in result.rejected:
            print_notice(f"{args.file}, line {line}: {detail}")
        print(
            f"{result.imported} imported, {result.known} known, {result.skipped} without an "
            f"answer, {len(result.rejected)} rejected"
        )
    return EXIT_PARTIAL if result.rejected else EXIT_OK


def _add_export_options(parser: argparse.ArgumentParser) -> None:
    add_pairing(parser, "export only ratings of this pairing (default: all ratings)")
    add_export_output(parser)


def _export_ratings(args: argparse.Namespace) -> int:
    form = find_export_format(args.output)
    with (
        open_catalog_session() as (_, catalog),
        rating_service.open_rating_export(catalog, args.id) as result,
    ):
        count = write_rows(*result, form, args.output)
    if args.json:
        print_json({"rows": count, "output": str(args.output)})
    else:
        print(f"{count} ratings written to {args.output}")
    return EXIT_OK


def _add_rating_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pair", type=parse_positive_integer, metavar="PAIR_ID", help="pair_id of v_pairs"
    )
    parser.add_argument("--rater", metavar="NAME", required=True, help="who rated the pair")
    parser.add_argument(
        "--congruence",
        type=int,
        choices=range(1, 6),
        help="how well the two go together, 1 (not at all) to 5 (perfectly)",
    )
    parser.add_argument("--preferred", choices=("pair", "random"), help="the answer to a choice")
    parser.add_argument(
        "--other",
        type=parse_positive_integer,
        metavar="ARTWORK_ID",
        help="id of the alternative artwork",
    )
    parser.add_argument("--comment", default="", help="free text")
    parser.add_argument("--seconds", type=parse_duration, help="time that the answer took")
    _add_replace(parser)


def _add_rating(args: argparse.Namespace) -> int:
    with open_catalog_session() as (_, catalog):
        is_new = rating_service.add_rating(
            catalog,
            args.pair,
            args.rater,
            congruence=args.congruence,
            preferred=args.preferred,
            other_artwork_id=args.other,
            comment=args.comment,
            seconds=args.seconds,
            overwrite=args.replace,
        )
    if args.json:
        print_json({"pair_id": args.pair, "rater": args.rater, "imported": int(is_new)})
    else:
        print(f"pair {args.pair} rated by {args.rater}{'' if is_new else ' already'}")
    return EXIT_OK


def _add_replace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--replace", action="store_true", help="replace earlier answers that differ"
    )


_ACTIONS = {
    "sheet": ("write a blind sheet for raters to fill in", _add_sheet_options, _write_sheet),
    "import": ("read a filled-in sheet or an export", _add_import_options, _import_ratings),
    "export": ("write ratings to a file", _add_export_options, _export_ratings),
    "add": ("rate one pair", _add_rating_options, _add_rating),
}
"""The actions of `rate`: a summary, what adds the options, what runs it."""
