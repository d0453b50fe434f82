"""The cells of the study's tables: recomputed from what was published, beside what was printed.

The definitions are those by which the printed figures come out, as far as they do; where they do
not, the cell says what was tried.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cmean.datasets.published.printed import agrees, decimals, number, printed
from cmean.domain import WHOLE, Kind
from cmean.pairing.vectors import FRAGMENTS
from cmean.reproduction.importer import unpaired
from cmean.stats.coherence import describe_values
from cmean.stats.italian_lengths import lengths_without_function_words
from cmean.stats.text_lengths import aggregate, lengths

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
    "total": f"all rows do not give the printed column either, nor do the first {_FIRST}",
    "aggregated": f"the printed column is that of the first {_FIRST} of all rows",
}
"""What is known of Table III's columns where only some rows are at hand."""
_ONLY: Final = "only "  # how a reason begins where rows are not here
_FOUR_DECIMALS: Final = "0.0000"
"""How a figure is shown that the study does not print."""
_COUNTED_ALIKE: Final = ("n", "complete", "incomplete")
"""Counts that no definition of a word changes."""
_COUNTS: Final = (*_COUNTED_ALIKE, "above", "below", "equal")


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed figure beside the recomputed one.

    `verdict` is ``same``, ``differs`` or, where one of the two is not there, ``missing``; `why` is
    empty only where they are the same.
    """

    table: str
    column: str
    metric: str
    recomputed: float | int | None
    printed: float | int | None
    verdict: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as it is recomputed.

    Attributes:
        sheet: the file that it comes from.
        rows: how many of its rows are used.
        of: how many the study published.
        unit: what a row is.
        figures: by metric.
        why: says of a metric why its figure differs, beside a lack of rows.
    """

    sheet: PublishedTable[Any]
    rows: int
    of: int
    unit: str
    figures: Figures
    why: Callable[[str, str], str] = field(default=lambda _metric, _figure: "")


def cells(published: PublishedResults) -> list[Cell]:
    """Every printed cell of Tables I to VI in their order, and what was computed besides."""
    columns = _columns(published)
    return [
        cell
        for table, by_column in printed().items()
        for name, metrics in by_column.items()
        for cell in (
            *(_cell(table, name, *each, columns[table, name]) for each in metrics.items()),
            *_besides(table, name, metrics, columns[table, name]),
        )
    ]


def _besides(table: str, name: str, metrics: Mapping[str, str], column: _Column) -> list[Cell]:
    """Figures of a column that the study does not print."""
    why = "the study does not print it"
    return [
        Cell(table, name, metric, value, None, "missing", why)
        for metric, value in column.figures.items()
        if metric not in metrics and value is not None
    ]


def _cell(table: str, name: str, metric: str, figure: str, column: _Column) -> Cell:
    value = column.figures.get(metric)
    if value is None or not column.rows:
        why = f"{column.sheet.name} {_state(column)}"
        return Cell(table, name, metric, None, number(figure), "missing", why)
    if agrees(value, figure):
        return Cell(table, name, metric, value, number(figure), "same", "")
    why = "; ".join(filter(None, (_lack(column), column.why(metric, figure))))
    if not why:
        why = f"all {column.of:,} {column.unit} are here, but the printed figure does not come out"
    return Cell(table, name, metric, value, number(figure), "differs", why)


def _state(column: _Column) -> str:
    if column.sheet.sha256 is None and not column.sheet.refused:
        return "is not under the folder"
    return "holds no row that can be used for it"


def _lack(column: _Column) -> str:
    """What of the published rows is not here."""
    if column.rows > column.of:
        return f"{column.rows:,} {column.unit} are here, but the study had {column.of:,}"
    if column.rows == column.of:
        return ""
    lack = f"{_ONLY}{column.rows:,} of {column.of:,} {column.unit} are here"
    if column.sheet.refused:
        lack += f"; {column.sheet.name} has rows that cannot be used ({column.sheet.refused:,})"
    return lack


def lacks_rows(cell: Mapping[str, Any]) -> bool:
    """Whether the rows behind a cell of a document are not all here."""
    return str(cell["why"]).startswith(_ONLY)


def _columns(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    return {
        **_table_one(published),
        **_table_two(published),
        **_table_three(published),
        **_table_four(published),
        ("V", "pairs"): _table_five(published),
        ("VI", "pairs"): _table_six(published),
    }


def _table_one(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    sheet = published.captions
    wholes = [row.texts[WHOLE] for row in sheet.rows if WHOLE in row.texts]
    joined = [
        aggregate(row.texts[position] for position in FRAGMENTS)
        for row in sheet.rows
        if all(position in row.texts for position in FRAGMENTS)
    ]
    return {
        ("I", name): _lengths_of_tracks(sheet, texts)
        for name, texts in (("total", wholes), ("aggregated", joined))
    }


def _lengths_of_tracks(sheet: PublishedTable[Any], texts: Sequence[str]) -> _Column:
    plain = lengths(texts).as_dict()
    found = lengths_without_function_words(texts).as_dict()

    def why(metric: str, figure: str) -> str:
        if metric in _COUNTS and 2 * found[metric] == number(figure):
            return (
                f"the captions of {_CAPTIONED} tracks were published; "
                "the printed count is twice that of the published"
            )
        doubled = f"the printed counts are doubled, those of {_CAPTIONED} captions"
        if metric in _COUNTED_ALIKE:
            ended = f"; {plain['incomplete']} of those here do not end in . ! or ?"
            return doubled + (ended if metric != "n" else "")
        tried = (
            f"with Italian stop words dropped {_short(found[metric])}, "
            f"with all words as in Table II {_short(plain[metric])}"
        )
        if metric in _COUNTS:
            tried = f"{doubled}; {tried}"
        if len(texts) < _CAPTIONED:
            return tried
        return f"{tried}; the printed figure comes out of no definition tried"

    return _Column(sheet, len(texts), _CAPTIONED, "published captions", found, why)


def _table_two(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    columns = {}
    for name, sheet in (("total", published.clip), ("aggregated", published.clip_aggregated)):
        texts = [row.text for row in sheet.rows if row.text is not None]
        if name == "aggregated":
            texts = [aggregate([text]) for text in texts]
        of = int(printed()["II"][name]["n"])
        figures = lengths(texts).as_dict()
        columns["II", name] = _Column(sheet, len(texts), of, "captions", figures)
    return columns


def _table_three(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    sheets = {"total": published.clap, "aggregated": published.clap_aggregated}
    return {("III", name): _closeness_of_tracks(name, sheet) for name, sheet in sheets.items()}


def _closeness_of_tracks(name: str, sheet: PublishedTable[Any]) -> _Column:
    values = [row.value for row in sheet.rows]
    of = int(printed()["III"][name]["n"])
    first = describe_values(values[:_FIRST]).as_dict()

    def why(metric: str, figure: str) -> str:
        if metric == "n":
            return ""
        if len(values) < of:
            return _OF_ALL_ROWS[name]
        if agrees(first[metric], figure):
            return f"the printed figure is that of the first {_FIRST} of the {of:,} rows"
        return (
            "the printed figure comes out of nothing published: the first "
            f"{_FIRST} of the {of:,} rows give {_short(first[metric])}"
        )

    return _Column(sheet, len(values), of, "rows", describe_values(values).as_dict(), why)


def _table_four(published: PublishedResults) -> dict[tuple[str, str], _Column]:
    columns = {}
    for name, sheet in (("total", published.clip), ("aggregated", published.clip_aggregated)):
        values = [row.value for row in sheet.rows if row.value is not None]
        of = int(printed()["IV"][name]["n"])
        figures = describe_values(values).as_dict()
        columns["IV", name] = _Column(sheet, len(values), of, "rows", figures)
    return columns


def _table_five(published: PublishedResults) -> _Column:
    figures = describe_values([row.similarity for row in published.pairs.rows]).as_dict()
    sheets: Mapping[Kind, PublishedTable[Any]] = {
        Kind.TRACK: published.triples,
        Kind.ARTWORK: published.clip,
    }
    left = {kind: len(unpaired(published, kind)) for kind in Kind}
    figures |= {
        f"unpaired_{kind.value}s": left[kind] if sheets[kind].rows else None for kind in Kind
    }
    of = int(printed()["V"]["pairs"]["n"])

    def why(metric: str, _figure: str) -> str:
        kind = next((kind for kind in Kind if metric == f"unpaired_{kind.value}s"), None)
        if kind is None:
            return ""
        return (
            f"of the {len(sheets[kind].rows):,} {kind.value}s in {sheets[kind].name}, "
            f"{left[kind]:,} are in no pair that is here"
        )

    return _Column(published.pairs, len(published.pairs.rows), of, "pairs", figures, why)


def _table_six(published: PublishedResults) -> _Column:
    rows = published.imagebind.rows
    figures: Figures = dict(describe_values([row.value for row in rows]).as_dict())
    scored = {(row.track, row.artwork) for row in rows}
    paired = {(row.track, row.artwork) for row in published.pairs.rows}
    figures["skipped"] = len(paired - scored) if paired else None
    of = int(printed()["VI"]["pairs"]["n"])

    def why(metric: str, _figure: str) -> str:
        lost = f"{figures['skipped']} pairs of the ranking have no score in {sheet.name}"
        return lost if metric == "skipped" else ""

    sheet = published.imagebind
    return _Column(sheet, len(rows), of, "pairs", figures, why)


def shown(cell: Mapping[str, Any], key: str) -> str:
    """A cell's figure as the study prints it."""
    figure = printed()[cell["table"]][cell["column"]].get(cell["metric"], _FOUR_DECIMALS)
    value = cell[key]
    return "–" if value is None else f"{value:.{decimals(figure)}f}"


def _short(value: float | int | None) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")
