"""The cells of the study's tables, recomputed from the published files and compared.

The definitions are those that reproduce the printed figures, as far as any does; where none does,
the cell says what was tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cmean.datasets.published.printed import (
    count_decimals,
    load_printed_tables,
    parse_figure,
    rounds_to_figure,
)
from cmean.domain import WHOLE, Kind
from cmean.pairing.vectors import FRAGMENTS
from cmean.reproduction.document import DIFFERS, MISSING, SAME, TableCell
from cmean.reproduction.published_items import find_unpaired
from cmean.stats.coherence import describe_values
from cmean.stats.italian_lengths import measure_lengths_without_function_words
from cmean.stats.text_lengths import join_fragment_captions, measure_lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmean.datasets.published.model import PublishedResults, PublishedTable

Figures = dict[str, Any]
"""Metric → number, or None where it is undefined."""

_CAPTIONED: Final = 500
"""Tracks whose captions the study published, of the 1,000 that its Table I is about."""
_FIRST: Final = 500
"""Rows of Table III's file that the printed aggregated column is computed from."""
_OF_ALL_ROWS: Final = {
    "total": f"all rows do not reproduce the printed column either, nor do the first {_FIRST}",
    "aggregated": f"the printed column is that of the first {_FIRST} of all rows",
}
"""What is known of Table III's columns where only some rows are available."""
_UNPRINTED_FORMAT: Final = "0.0000"
"""The decimals of a figure that the study does not print."""
_WORDLESS_COUNTS: Final = ("n", "complete", "incomplete")
"""Counts that do not depend on the definition of a word."""
_COUNTS: Final = (*_WORDLESS_COUNTS, "above", "below", "equal")


@dataclass(frozen=True, slots=True)
class _Column:
    """A recomputed column.

    Attributes:
        sheet: the file that it comes from.
        rows: how many of its rows are used.
        published_rows: how many the study published.
        unit: what a row is.
        figures: by metric.
        explain: says of a metric and its printed figure why they differ, apart from missing rows.
    """

    sheet: PublishedTable[Any]
    rows: int
    published_rows: int
    unit: str
    figures: Figures
    explain: Callable[[str, str], str] = field(default=lambda _metric, _figure: "")


def recompute_cells(published: PublishedResults) -> list[TableCell]:
    """Recompute every printed cell of Tables I to VI, in order, and what is not printed besides."""
    columns = _recompute_columns(published)
    return [
        cell
        for table, by_column in load_printed_tables().items()
        for name, metrics in by_column.items()
        for cell in (
            *(_compare_cell(table, name, *each, columns[table, name]) for each in metrics.items()),
            *_list_unprinted(table, name, metrics, columns[table, name]),
        )
    ]


def _list_unprinted(
    table: str, name: str, metrics: Mapping[str, str], column: _Column
) -> list[TableCell]:
    """List the figures of a column that the study does not print."""
    why = "the study does not print it"
    return [
        TableCell(table, name, metric, value, None, MISSING, why)
        for metric, value in column.figures.items()
        if metric not in metrics and value is not None
    ]


def _compare_cell(table: str, name: str, metric: str, figure: str, column: _Column) -> TableCell:
    value = column.figures.get(metric)
    if value is None or not column.rows:
        why = f"{column.sheet.name} {_describe_absence(column)}"
        return TableCell(table, name, metric, None, parse_figure(figure), MISSING, why)
    if rounds_to_figure(value, figure):
        return TableCell(table, name, metric, value, parse_figure(figure), SAME, "")
    reasons = [_describe_row_count(column), column.explain(metric, figure)]
    why = "; ".join(filter(None, reasons))
    if not why:
        why = (
            f"all {column.published_rows:,} {column.unit} are here, but the printed figure does "
            "not come out"
        )
    is_incomplete = column.rows < column.published_rows
    return TableCell(table, name, metric, value, parse_figure(figure), DIFFERS, why, is_incomplete)


def _describe_absence(column: _Column) -> str:
    if column.sheet.sha256 is None and not column.sheet.refused:
        return "is not under the folder"
    return "has no usable row for it"


def _describe_row_count(column: _Column) -> str:
    """Say how many rows are there where that is another number than was published."""
    if column.rows > column.published_rows:
        return (
            f"{column.rows:,} {column.unit} are here, but the study had {column.published_rows:,}"
        )
    if column.rows == column.published_rows:
        return ""
    text = f"only {column.rows:,} of {column.published_rows:,} {column.unit} are here"
    if column.sheet.refused:
        text += f"; {column.sheet.name} has rows that cannot be used ({column.sheet.refused:,})"
    return text


def _recompute_columns(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    return {
        **_recompute_table_1(published),
        **_recompute_table_2(published),
        **_recompute_table_3(published),
        **_recompute_table_4(published),
        ("V", "pairs"): _recompute_table_5(published),
        ("VI", "pairs"): _recompute_table_6(published),
    }


def _recompute_table_1(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    sheet = published.captions
    wholes = [row.texts[WHOLE] for row in sheet.rows if WHOLE in row.texts]
    joined = [
        join_fragment_captions(row.texts[position] for position in FRAGMENTS)
        for row in sheet.rows
        if all(position in row.texts for position in FRAGMENTS)
    ]
    return {
        ("I", name): _recompute_track_lengths(sheet, texts)
        for name, texts in (("total", wholes), ("aggregated", joined))
    }


def _recompute_track_lengths(sheet: PublishedTable[Any], texts: Sequence[str]) -> _Column:
    plain = measure_lengths(texts).as_dict()
    found = measure_lengths_without_function_words(texts).as_dict()

    def explain(metric: str, figure: str) -> str:
        if metric in _COUNTS and 2 * found[metric] == parse_figure(figure):
            return (
                f"the captions of {_CAPTIONED} tracks were published; "
                "the printed count is twice that of the published"
            )
        doubled = f"the printed counts are doubled, those of {_CAPTIONED} captions"
        if metric in _WORDLESS_COUNTS:
            ended = f"; {plain['incomplete']} of those here do not end in . ! or ?"
            return doubled + (ended if metric != "n" else "")
        tried = (
            f"with Italian stop words dropped {_format_short(found[metric])}, "
            f"with all words as in Table II {_format_short(plain[metric])}"
        )
        if metric in _COUNTS:
            tried = f"{doubled}; {tried}"
        if len(texts) < _CAPTIONED:
            return tried
        return f"{tried}; the printed figure comes out of no definition tried"

    return _Column(sheet, len(texts), _CAPTIONED, "published captions", found, explain)


def _recompute_table_2(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    columns = {}
    for name, sheet in (("total", published.clip), ("aggregated", published.clip_aggregated)):
        texts = [row.text for row in sheet.rows if row.text is not None]
        if name == "aggregated":
            texts = [join_fragment_captions([text]) for text in texts]
        of = int(load_printed_tables()["II"][name]["n"])
        figures = measure_lengths(texts).as_dict()
        columns["II", name] = _Column(sheet, len(texts), of, "captions", figures)
    return columns


def _recompute_table_3(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    sheets = {"total": published.clap, "aggregated": published.clap_aggregated}
    return {
        ("III", name): _recompute_track_similarity(name, sheet) for name, sheet in sheets.items()
    }


def _recompute_track_similarity(name: str, sheet: PublishedTable[Any]) -> _Column:
    values = [row.value for row in sheet.rows]
    of = int(load_printed_tables()["III"][name]["n"])
    first = describe_values(values[:_FIRST]).as_dict()

    def explain(metric: str, figure: str) -> str:
        if metric == "n":
            return ""
        if len(values) < of:
            return _OF_ALL_ROWS[name]
        if rounds_to_figure(first[metric], figure):
            return f"the printed figure is that of the first {_FIRST} of the {of:,} rows"
        return (
            "the printed figure is not reproduced from any published data: the first "
            f"{_FIRST} of the {of:,} rows give {_format_short(first[metric])}"
        )

    return _Column(sheet, len(values), of, "rows", describe_values(values).as_dict(), explain)


def _recompute_table_4(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    columns = {}
    for name, sheet in (("total", published.clip), ("aggregated", published.clip_aggregated)):
        values = [row.value for row in sheet.rows if row.value is not None]
        of = int(load_printed_tables()["IV"][name]["n"])
        figures = describe_values(values).as_dict()
        columns["IV", name] = _Column(sheet, len(values), of, "rows", figures)
    return columns


def _recompute_table_5(published: PublishedResults) -> _Column:
    figures = describe_values([row.similarity for row in published.pairs.rows]).as_dict()
    sheets: Mapping[Kind, PublishedTable[Any]] = {
        Kind.TRACK: published.triples,
        Kind.ARTWORK: published.clip,
    }
    left = {kind: len(find_unpaired(published, kind)) for kind in Kind}
    figures |= {
        f"unpaired_{kind.value}s": left[kind] if sheets[kind].rows else None for kind in Kind
    }
    of = int(load_printed_tables()["V"]["pairs"]["n"])

    def explain(metric: str, _figure: str) -> str:
        kind = next((kind for kind in Kind if metric == f"unpaired_{kind.value}s"), None)
        if kind is None:
            return ""
        return (
            f"of the {len(sheets[kind].rows):,} {kind.value}s in {sheets[kind].name}, "
            f"{left[kind]:,} are in no pair that is here"
        )

    return _Column(published.pairs, len(published.pairs.rows), of, "pairs", figures, explain)


def _recompute_table_6(published: PublishedResults) -> _Column:
    rows = published.imagebind.rows
    figures: Figures = dict(describe_values([row.value for row in rows]).as_dict())
    scored = {(row.track, row.artwork) for row in rows}
    paired = {(row.track, row.artwork) for row in published.pairs.rows}
    figures["skipped"] = len(paired - scored) if paired else None
    of = int(load_printed_tables()["VI"]["pairs"]["n"])

    def explain(metric: str, _figure: str) -> str:
        lost = f"{figures['skipped']} pairs of the ranking have no score in {sheet.name}"
        return lost if metric == "skipped" else ""

    sheet = published.imagebind
    return _Column(sheet, len(rows), of, "pairs", figures, explain)


def format_figure(cell: TableCell, value: float | int | None) -> str:
    """Format a figure of a cell with the decimals that the study prints."""
    figure = load_printed_tables()[cell.table][cell.column].get(cell.metric, _UNPRINTED_FORMAT)
    return "–" if value is None else f"{value:.{count_decimals(figure)}f}"


def _format_short(value: float | int | None) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")
