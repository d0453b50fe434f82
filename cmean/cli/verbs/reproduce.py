"""`cmean reproduce`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmean.cli.catalog_session import open_session
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.datasets.published.files import find_published_files
from cmean.presentation.number_formats import (
    format_count,
    format_mean_and_sd,
    format_number,
)
from cmean.presentation.text_tables import print_table
from cmean.reproduction import service as reproduction_service
from cmean.reproduction.table_cells import lacks_rows

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_LEAST_WIDTH: Final = 20  # characters; on a narrower terminal lines are broken by it


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="folder of the study's published CSV files"
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Load the files, compare the tables, print each cell."""
    find_published_files(args.folder)  # fail before a catalog is created for nothing
    with open_session() as (_, catalog):
        document = reproduction_service.reproduce(catalog, args.folder)
    for problem in document["problems"]:
        line = "" if problem["line"] is None else f", line {problem['line']}"
        print_notice(f"{problem['file']}{line}: {problem['detail']}")
    if args.json:
        print_json(document)
    else:
        _print_comparison(document)
    return EXIT_PARTIAL if document["problems"] else EXIT_OK


def _print_comparison(document: Mapping[str, Any]) -> None:
    for table in reproduction_service.tables(document):
        print_table(table.title, table.header, table.rows)
        for note in table.note.splitlines():
            print(_wrap_note(note))
        print()
    counts = document["summary"]
    incomplete = sum(map(lacks_rows, document["cells"]))
    print(
        f"{len(document['cells'])} cells: {counts['same']} same, {counts['differs']} differ"
        f"{f' ({incomplete} of incomplete data)' if incomplete else ''}, "
        f"{counts['missing']} missing"
    )
    for line in _describe_results(document):
        print(line)


def _wrap_note(note: str) -> str:
    """A footnote wrapped to the width of the terminal, if there is one."""
    if not sys.stdout.isatty():
        return note
    width = max(_LEAST_WIDTH, shutil.get_terminal_size().columns)
    return textwrap.fill(note, width, subsequent_indent="     ", break_on_hyphens=False)


def _describe_results(document: Mapping[str, Any]) -> list[str]:
    """The lines below the tables: nulls, correlation, and what was stored."""
    lines = [*_describe_earlier_run(document["earlier"])]
    lines.append(_describe_correlation(document["correlation"]))
    stored = ", ".join(f"{number:,} {name}" for name, number in document["stored"].items())
    lines.append(f"in the catalog: {stored}")
    if document["pairings"]["published"] is not None:
        lines.append(f"pairing {document['pairings']['published']}: the study's pairs")
    if document["pairings"]["earlier"] is not None:
        lines.append(f"pairing {document['pairings']['earlier']}: the earlier run, paired here")
    if document["problems"]:
        problems = format_count(len(document["problems"]), "problem")
        lines.append(f"{problems} with unusable data: see above")
    return lines


def _describe_earlier_run(earlier: Mapping[str, Any] | None) -> list[str]:
    """The earlier run, the only one of which the triples of both kinds were published."""
    if earlier is None:
        return ["no null: it needs the triples of the earlier run, which are not in this folder"]
    null = format_mean_and_sd(earlier["null_mean"], earlier["null_sd"])
    resampled = format_mean_and_sd(earlier["resampled_mean"], earlier["resampled_sd"])
    greedy, optimal = (format_number(earlier[method]) for method in ("greedy", "optimal"))
    run = f"earlier run, {format_count(earlier['pairs'], 'pair')}"
    return [
        f"{run}: greedy {greedy}; optimal {optimal}; null (random pairing) {null}",
        f"{run}: null (greedy over resampled triples) {resampled}",
    ]


def _describe_correlation(correlation: Mapping[str, Any]) -> str:
    name = "RGB cosine and ImageBind cosine of the pairs: Pearson "
    if correlation["value"] is None:
        return f"{name}r undefined, {correlation['why']}"
    text = f"{name}r = {format_number(correlation['value'])}"
    if correlation["low"] is not None:
        low, high = (format_number(correlation[end]) for end in ("low", "high"))
        text += f" (95 % interval {low} to {high})"
    return f"{text}, {format_count(correlation['n'], 'pair')}"
