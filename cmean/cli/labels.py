"""`cmean labels`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_json, opened, print_json, print_table, say
from cmean.datasets.labels import LAYOUTS
from cmean.errors import UsageError
from cmean.library import labels

if TYPE_CHECKING:
    import argparse

    from cmean.library.labels import Attached

_SHOWN = 20
"""Rejected lines, and unknown names, that are told to people; `--json` has all lines."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="CSV or TSV")
    parser.add_argument("--name", metavar="NAME", help="of the label set, e.g. deam")
    parser.add_argument(
        "--layout",
        choices=("auto", *LAYOUTS),
        default="auto",
        help="of a data set, or plain: column 1 an item, the others its labels; or the columns "
        "track and artwork: pairs (default: told by the columns)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep what the set says of items and dimensions that the file does not name (default: "
        "the file replaces all that the set says of items of the same kind)",
    )
    parser.add_argument("--list", action="store_true", help="only print which label sets there are")
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Attach a file, or list what is attached."""
    if args.list:
        if args.file or args.name:
            raise UsageError("--list takes neither FILE nor --name")
        return _list(as_json=args.json)
    if not args.file or not args.name:
        raise UsageError("give FILE and --name NAME, or --list")
    layout = None if args.layout == "auto" else args.layout
    with opened() as (_, catalog):
        found = labels.attach(catalog, args.file, args.name, layout, add=args.add)
    if args.json:
        print_json(found.as_dict())
    else:
        counts = f"{found.items} items, {found.labels} labels, {found.pairs} pairs"
        print(f"{found.name} ({found.layout}): {counts}")
    _tell(found)
    nothing = not found.labels and not found.pairs
    return EXIT_PARTIAL if nothing or found.unknown_count or found.rejected else EXIT_OK


def _tell(found: Attached) -> None:
    for note in found.notes:
        say(note)
    if found.unknown_count:
        more = ", …" if found.unknown_count > len(found.unknown) else ""
        say(f"not in the catalog: {found.unknown_count}: {', '.join(found.unknown)}{more}")
    for row in found.rejected[:_SHOWN]:
        say(f"rejected: line {row.line}: {row.detail}")
    if len(found.rejected) > _SHOWN:
        say(f"rejected: {len(found.rejected) - _SHOWN} lines more")


def _list(*, as_json: bool) -> int:
    with opened() as (_, catalog):
        found = labels.listed(catalog)
    if as_json:
        print_json(found)
    elif found:
        rows = [(s["name"], ", ".join(s["dimensions"]), s["items"], s["pairs"]) for s in found]
        print_table("", ("name", "dimensions", "items", "pairs"), rows)
    else:
        print("there are no labels yet; attach some: cmean labels FILE --name NAME")
    return EXIT_OK
