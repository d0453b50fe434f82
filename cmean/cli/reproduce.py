"""`cmean reproduce`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_json, number_text, opened, print_json, print_table, say
from cmean.datasets.published.files import find
from cmean.pipeline import reproduce

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_NARROWEST: Final = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the folder with the study's published CSV files"
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Load, compare, print."""
    find(args.folder)  # before a catalog is made for nothing
    with opened() as (_, catalog):
        found = reproduce.reproduce(catalog, args.folder)
    for problem in found["problems"]:
        line = "" if problem["line"] is None else f", line {problem['line']}"
        say(f"{problem['file']}{line}: {problem['detail']}")
    if args.json:
        print_json(found)
    else:
        _show(found)
    return EXIT_PARTIAL if found["problems"] else EXIT_OK


def _show(found: Mapping[str, Any]) -> None:
    for table in reproduce.tables(found):
        print_table(table.title, table.header, table.rows)
        for note in table.note.splitlines():
            print(_folded(note))
        print()
    counted = found["summary"]
    print(
        f"{len(found['cells'])} cells: {counted['same']} same, {counted['differs']} differ, "
        f"{counted['missing']} missing"
    )
    for line in _lines(found):
        print(line)


def _folded(note: str) -> str:
    """A footnote folded to the terminal, if there is one."""
    if not sys.stdout.isatty():
        return note
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    return textwrap.fill(note, width, subsequent_indent="     ", break_on_hyphens=False)


def _lines(found: Mapping[str, Any]) -> list[str]:
    """What stands below the tables: the null, the correlation, what was stored."""
    lines = [_earlier(found["earlier"]), _correlation(found["correlation"])]
    stock = ", ".join(f"{number:,} {name}" for name, number in found["stored"].items())
    lines.append(f"in the catalog: {stock}")
    if found["pairings"]["published"] is not None:
        lines.append(f"pairing {found['pairings']['published']}: the study's pairs")
    if found["pairings"]["earlier"] is not None:
        lines.append(f"pairing {found['pairings']['earlier']}: the earlier run, paired here")
    if problems := len(found["problems"]):
        lines.append(
            f"{problems} remark{'s' * (problems > 1)} on what could not be used: see above"
        )
    return lines


def _earlier(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return (
            "no null: the triples of both kinds were published of the earlier run only, "
            "and are not here"
        )
    return (
        f"earlier run, {found['pairs']} pairs: random pairing of the same items gives "
        f"{number_text(found['null_mean'])} ± {number_text(found['null_sd'])}; "
        f"greedy {number_text(found['greedy'])}; optimal {number_text(found['optimal'])}"
    )


def _correlation(found: Mapping[str, Any]) -> str:
    what = "correlation of the pairs' RGB cosine and ImageBind cosine (Pearson): "
    if found["value"] is None:
        return f"{what}undefined, {found['why']}"
    text = f"{what}r = {number_text(found['value'])} over {found['n']:,} pairs"
    if found["low"] is None:
        return text
    low, high = number_text(found["low"]), number_text(found["high"])
    return f"{text}, 95 % interval {low} to {high}; chance gives 0"
