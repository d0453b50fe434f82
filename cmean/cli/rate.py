"""`cmean rate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.catalog import browse, pairings
from cmean.catalog.ratings import Rating
from cmean.cli import EXIT_OK, EXIT_PARTIAL, tabular
from cmean.cli.common import NEWEST, add_json, opened, print_json, say
from cmean.cli.export import OUTPUTS, form_of
from cmean.cli.types import natural, positive, seconds
from cmean.ratings import forms, importer
from cmean.ratings.questionnaire import ASKS

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    verbs = parser.add_subparsers(required=True, metavar="sheet|import|export|add")
    for name, (about, options, act) in _ACTS.items():
        one = verbs.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        options(one)
        add_json(one)
        one.set_defaults(act=act)


def main(args: argparse.Namespace) -> int:
    """Do what the second word says."""
    return int(args.act(args))


def _sheet_options(parser: argparse.ArgumentParser) -> None:
    _add_pairing(parser, f"of the pairing ({NEWEST})")
    parser.add_argument("--output", type=Path, metavar="FILE.csv", required=True)
    asks = "; ".join(f"{name}: {what}" for name, what in ASKS.items())
    parser.add_argument(
        "--ask", choices=list(ASKS), default="congruence", help=f"{asks} (default: congruence)"
    )
    parser.add_argument(
        "--pairs", type=positive, metavar="N", help="so many pairs, drawn at random (default: all)"
    )
    parser.add_argument(
        "--random",
        type=natural,
        metavar="N",
        help="so many couples made by chance among them (default: as many as pairs)",
    )
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="of all that is drawn")
    parser.add_argument(
        "--open", action="store_true", help="not blind: with rank, similarity, which is by chance"
    )


def _sheet(args: argparse.Namespace) -> int:
    wanted = forms.Wanted(args.ask, args.pairs, args.random, args.seed, not args.open)
    with opened() as (_, catalog):
        made = forms.make(catalog, args.id, wanted)
    tabular.write(made.columns, iter(made.rows), "csv", args.output)
    facts = {
        "output": str(args.output),
        "pairing": made.pairing,
        "control": made.control,
        "ask": args.ask,
        "pairs": made.pairs,
        "controls": made.controls,
    }
    if args.json:
        print_json(facts)
        return 0
    among = f" and {made.controls} by chance" if args.ask == "congruence" else ""
    print(
        f"{made.pairs} pairs of pairing {made.pairing}{among} written to {args.output}; "
        f"when it is filled in: cmean rate import {args.output}"
    )
    return 0


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="a sheet, or an export")
    parser.add_argument("--rater", metavar="NAME", help="who rated the rows that name nobody")
    _add_replace(parser)


def _import(args: argparse.Namespace) -> int:
    with opened() as (_, catalog):
        found = importer.import_file(catalog, args.file, args.rater, overwrite=args.replace)
    if args.json:
        print_json(found.as_dict())
    else:
        for note in found.notes:
            say(note)
        for line, detail in found.rejected:
            say(f"{args.file}, line {line}: {detail}")
        print(
            f"{found.imported} imported, {found.known} known, {found.skipped} without an answer, "
            f"{len(found.rejected)} rejected"
        )
    return EXIT_PARTIAL if found.rejected else EXIT_OK


def _export_options(parser: argparse.ArgumentParser) -> None:
    _add_pairing(parser, "only ratings of this pairing's pairs (default: all ratings)")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help=OUTPUTS)


def _export(args: argparse.Namespace) -> int:
    form = form_of(args.output)
    with opened() as (_, catalog):
        query = browse.EXPORTS["ratings"]
        if args.id is not None:
            with catalog.read() as connection:
                query = browse.ratings_of(pairings.get(connection, args.id)["id"])
        with browse.rows_of(catalog, query) as (columns, rows):
            number = tabular.write(columns, rows, form, args.output)
    if args.json:
        print_json({"rows": number, "output": str(args.output)})
    else:
        print(f"{number} ratings written to {args.output}")
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pair", type=positive, metavar="PAIR_ID", help="pair_id of v_pairs")
    parser.add_argument("--rater", metavar="NAME", required=True, help="who rated it")
    parser.add_argument(
        "--congruence", type=int, choices=range(1, 6), help="how well the two go together"
    )
    parser.add_argument("--preferred", choices=("pair", "random"), help="the answer to a choice")
    parser.add_argument(
        "--other", type=positive, metavar="ARTWORK_ID", help="the other artwork of the choice"
    )
    parser.add_argument("--comment", default="", help="in the rater's words")
    parser.add_argument("--seconds", type=seconds, help="how long it took")
    _add_replace(parser)


def _add(args: argparse.Namespace) -> int:
    given = Rating(
        args.pair,
        args.rater,
        args.congruence,
        args.preferred,
        args.other,
        args.comment,
        args.seconds,
    )
    with opened() as (_, catalog):
        new = importer.add(catalog, given, overwrite=args.replace)
    if args.json:
        print_json({"pair_id": args.pair, "rater": args.rater, "imported": int(new)})
    else:
        print(f"pair {args.pair} rated by {args.rater}{'' if new else ' already'}")
    return 0


def _add_pairing(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("id", nargs="?", type=positive, metavar="ID", help=about)


def _add_replace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--replace", action="store_true", help="take the new answer where there is another one"
    )


_ACTS = {
    "sheet": ("write a sheet for raters to fill in, blind", _sheet_options, _sheet),
    "import": ("read a sheet that was filled in, or an export", _import_options, _import),
    "export": ("write ratings to a file", _export_options, _export),
    "add": ("rate one pair", _add_options, _add),
}
"""What `rate` can do: in few words, its options, and what does it."""
