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
from cmean.reproduction import service as reproduction_service
from cmean.reproduction.table_cells import lacks_rows

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
        found = reproduction_service.reproduce(catalog, args.folder)
    for problem in found["problems"]:
        line = "" if problem["line"] is None else f", line {problem['line']}"
        say(f"{problem['file']}{line}: {problem['detail']}")
    if args.json:
        print_json(found)
    else:
        _show(found)
    return EXIT_PARTIAL if found["problems"] else EXIT_OK


def _show(found: Mapping[str, Any]) -> None:
    for table in reproduction_service.tables(found):
        print_table(table.title, table.header, table.rows)
        for note in table.note.splitlines():
            print(_folded(note))
        print()
    counted = found["summary"]
    partly = sum(map(lacks_rows, found["cells"]))
    print(
        f"{len(found['cells'])} cells: {counted['same']} same, {counted['differs']} differ"
        f"{f' (of {partly} not all rows are here)' if partly else ''}, "
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
    lines = [*_earlier(found["earlier"]), _correlation(found["correlation"])]
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


def _earlier(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        known = "the triples of both kinds were published of the earlier run only"
        return [f"no null: {known}, and are not here"]
    mean, sd, greedy, optimal, without, without_sd = (
        number_text(found[name])
        for name in ("null_mean", "null_sd", "greedy", "optimal", "resampled_mean", "resampled_sd")
    )
    run = f"earlier run, {found['pairs']} pairs: random pairing of the same items gives"
    lots = "earlier run, triples handed out to the artworks at random: greedy"
    return [
        f"{run} {mean} ± {sd}; greedy {greedy}; optimal {optimal}",
        f"{lots} {without} ± {without_sd}",
    ]


def _correlation(found: Mapping[str, Any]) -> str:
    what = "the pairs' RGB and ImageBind cosines, correlation (Pearson): "
    if found["value"] is None:
        return f"{what}undefined, {found['why']}"
    text = f"{what}r = {number_text(found['value'])}"
    if found["low"] is not None:
        text += f" ({number_text(found['low'])} to {number_text(found['high'])})"
    return f"{text}, {found['n']:,} pairs"
