"""The verb `reproduce`: recompute the study's published tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.cli.catalog_session import open_catalog_session
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
from cmean.reproduction.reproduction_tables import build_reproduction_tables
from cmean.reproduction.service import reproduce_study
from cmean.util.dataclass_json import to_json

if TYPE_CHECKING:
    import argparse

    from cmean.reproduction.document import EarlierRun, ReproductionDocument
    from cmean.stats.estimate import Estimate

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
    with open_catalog_session() as (_, catalog):
        document = reproduce_study(catalog, args.folder)
    for problem in document.problems:
        line = "" if problem.line is None else f", line {problem.line}"
        print_notice(f"{problem.file}{line}: {problem.detail}")
    if args.json:
        print_json(to_json(document))
    else:
        _print_comparison(document)
    return EXIT_PARTIAL if document.problems else EXIT_OK


def _print_comparison(document: ReproductionDocument) -> None:
    for table in build_reproduction_tables(document):
        print_table(table.title, table.header, table.rows)
        for note in table.note.splitlines():
            print(_wrap_note(note))
        print()
    counts = document.summary
    incomplete = sum(cell.is_incomplete for cell in document.cells)
    print(
        f"{len(document.cells)} cells: {counts['same']} same, {counts['differs']} differ"
        f"{f' ({incomplete} of incomplete data)' if incomplete else ''}, "
        f"{counts['missing']} missing"
    )
    for line in _describe_results(document):
        print(line)


def _wrap_note(note: str) -> str:
    """Wrap a footnote to the width of the terminal, if there is one."""
    if not sys.stdout.isatty():
        return note
    width = max(_LEAST_WIDTH, shutil.get_terminal_size().columns)
    return textwrap.fill(note, width, subsequent_indent="     ", break_on_hyphens=False)


def _describe_results(document: ReproductionDocument) -> list[str]:
    """Describe what follows the tables: nulls, correlation, and what was stored."""
    lines = [*_describe_earlier_run(document.earlier)]
    lines.append(_describe_correlation(document.correlation))
    stored = ", ".join(f"{number:,} {name}" for name, number in document.stored.items())
    lines.append(f"in the catalog: {stored}")
    if document.pairings.published is not None:
        lines.append(f"pairing {document.pairings.published}: the study's pairs")
    if document.pairings.earlier is not None:
        lines.append(f"pairing {document.pairings.earlier}: the earlier run, paired here")
    if document.problems:
        problems = format_count(len(document.problems), "problem")
        lines.append(f"{problems} with unusable data: see above")
    return lines


def _describe_earlier_run(earlier: EarlierRun | None) -> list[str]:
    """Describe the earlier run, the only one of which the triples of both kinds were published."""
    if earlier is None:
        return ["no null: it needs the triples of the earlier run, which are not in this folder"]
    run = f"earlier run, {format_count(earlier.pairs, 'pair')}"
    text = (
        f"{run}: greedy {format_number(earlier.greedy)}; optimal {format_number(earlier.optimal)}"
    )
    if earlier.null_mean is not None and earlier.null_sd is not None:
        null = format_mean_and_sd(earlier.null_mean, earlier.null_sd)
        text += f"; null (random pairing) {null}"
    lines = [text]
    if earlier.resampled_mean is not None and earlier.resampled_sd is not None:
        resampled = format_mean_and_sd(earlier.resampled_mean, earlier.resampled_sd)
        lines.append(f"{run}: null (greedy over resampled triples) {resampled}")
    return lines


def _describe_correlation(correlation: Estimate) -> str:
    name = "RGB cosine and ImageBind cosine of the pairs: Pearson "
    if correlation.value is None:
        return f"{name}r undefined, {correlation.why}"
    text = f"{name}r = {format_number(correlation.value)}"
    if correlation.low is not None and correlation.high is not None:
        low, high = format_number(correlation.low), format_number(correlation.high)
        text += f" (95 % interval {low} to {high})"
    return f"{text}, {format_count(correlation.n, 'pair')}"
