"""The verb `labels`: attach ground-truth labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.datasets.labels import LAYOUTS
from cmean.errors import UsageError
from cmean.library import labels
from cmean.presentation.text_tables import print_table

if TYPE_CHECKING:
    import argparse

    from cmean.library.labels import AttachedLabels

_MAX_REJECTED: Final = 20
"""Rejected lines that are printed; `--json` has all of them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="CSV or TSV")
    parser.add_argument("--name", metavar="NAME", help="name of the label set, e.g. deam")
    parser.add_argument(
        "--layout",
        choices=("auto", *LAYOUTS),
        default="auto",
        help="layout of a data set, or plain: an item in column 1 and its labels in the others, or "
        "pairs in the columns track and artwork (default: recognised by the columns)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep the set's labels of items and dimensions that the file does not name (default: "
        "the file replaces all labels of the set for items of the same kind)",
    )
    parser.add_argument("--list", action="store_true", help="print the label sets and exit")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Attach a file's labels, or list the label sets."""
    if args.list:
        if args.file or args.name:
            raise UsageError("--list takes neither FILE nor --name")
        return _print_label_sets(as_json=args.json)
    if not args.file or not args.name:
        raise UsageError("give FILE and --name NAME, or --list")
    layout = None if args.layout == "auto" else args.layout
    with open_catalog_session() as (_, catalog):
        attached = labels.attach_labels(catalog, args.file, args.name, layout, add=args.add)
    if args.json:
        print_json(attached.as_dict())
    else:
        counts = f"{attached.items} items, {attached.labels} labels, {attached.pairs} pairs"
        print(f"{attached.name} ({attached.layout}): {counts}")
    _print_problems(attached)
    is_empty = not attached.labels and not attached.pairs
    is_partial = is_empty or attached.unknown_count or attached.rejected
    return EXIT_PARTIAL if is_partial else EXIT_OK


def _print_problems(attached: AttachedLabels) -> None:
    for note in attached.notes:
        print_notice(note)
    if attached.unknown_count:
        more = ", …" if attached.unknown_count > len(attached.unknown) else ""
        names = ", ".join(attached.unknown)
        print_notice(f"not in the catalog: {attached.unknown_count}: {names}{more}")
    for row in attached.rejected[:_MAX_REJECTED]:
        print_notice(f"rejected: line {row.line}: {row.detail}")
    if len(attached.rejected) > _MAX_REJECTED:
        print_notice(f"rejected: {len(attached.rejected) - _MAX_REJECTED} more lines")


def _print_label_sets(*, as_json: bool) -> int:
    with open_catalog_session() as (_, catalog):
        sets = labels.list_label_sets(catalog)
    if as_json:
        print_json(sets)
    elif sets:
        rows = [(s["name"], ", ".join(s["dimensions"]), s["items"], s["pairs"]) for s in sets]
        print_table("", ("name", "dimensions", "items", "pairs"), rows)
    else:
        print("there are no labels yet; attach some: cmean labels FILE --name NAME")
    return EXIT_OK
