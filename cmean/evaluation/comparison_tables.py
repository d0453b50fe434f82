"""Comparison of pairings as tables: each figure over all pairings, then the pairs in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.evaluation.measures import coherence, coherence_tables, embedding_similarity_tables
from cmean.evaluation.measures.similarity_tables import NULL_COLUMNS
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.evaluation.documents.evaluation import (
        ComparisonDocument,
        EvaluationDocument,
        PairingOverlap,
    )
    from cmean.evaluation.documents.label_tables import LabelAgreement
    from cmean.evaluation.documents.study_tables import SimilarityRow
    from cmean.presentation.tables import Cell

_PAIRING_COLUMNS: Final = ("method", "vector", "metric", "calibrate", "space", "profile", "pairs")


def build_comparison_tables(comparison: ComparisonDocument) -> list[Table]:
    """Build the tables of several pairings."""
    documents = comparison.pairings
    return [
        Table(
            "pairings",
            "Pairings compared",
            ("pairing", *_PAIRING_COLUMNS),
            [
                (str(each.pairing), *(getattr(each, name) for name in _PAIRING_COLUMNS))
                for each in documents
            ],
        ),
        _build_weakest_table(documents),
        *_build_figure_tables(documents),
        *(_build_label_table(name, documents) for name in documents[0].labels),
        *_build_rating_tables(documents),
        _build_overlap_table(comparison.overlap),
    ]


def describe_missing_evidence(documents: Sequence[EvaluationDocument]) -> str | None:
    """Describe how to get independent evidence; None where there is some."""
    if any(_find_media_row(each) or each.labels or each.ratings for each in documents):
        return None
    return (
        "there is no independent evidence to compare these pairings; pairing by emotion makes "
        "pairs that are similar in emotion by construction: embed by ImageBind, attach labels "
        "(cmean labels) or collect human ratings (cmean rate sheet)"
    )


def _build_weakest_table(documents: Sequence[EvaluationDocument]) -> Table:
    return Table(
        "weak end",
        "Least similar pairs",
        ("pairing", "mean", "tenth percentile", "minimum", "required"),
        [
            (str(d.pairing), d.mean, d.tenth_percentile, d.minimum, d.min_similarity)
            for d in documents
        ],
        "By the similarity that the pairing was made by; not comparable between metrics or "
        "calibrations. required: the minimum similarity of a pair (--min-similarity).",
    )


def _build_overlap_table(overlap: Sequence[PairingOverlap]) -> Table:
    reasons = dict.fromkeys(each.why for each in overlap if each.why)
    rows = [
        (" and ".join(map(str, each.pairings)), each.shared, each.of, each.expected_by_chance)
        for each in overlap
    ]
    note = "expected: if the second pairing were random. of: pairs of the smaller one."
    return Table(
        "overlap",
        "Pairs in common",
        ("pairings", "shared", "of", "expected"),
        rows,
        " ".join([note, *(f"Undefined (–): {why}." for why in reasons)]),
    )


def _find_paired_row(document: EvaluationDocument) -> SimilarityRow | None:
    """Find the first row of Table V, which is by the vectors that were paired."""
    return next(iter(document.tables.coherence.rows.values()), None)


def _find_whole_row(document: EvaluationDocument) -> SimilarityRow | None:
    """Find the row of Table V over the wholes, whatever was paired."""
    rows = document.tables.coherence.rows
    return rows.get("pairs (whole)") or rows.get(coherence.COUNTERPARTS[0])


def _find_media_row(document: EvaluationDocument) -> SimilarityRow | None:
    """Find the row of Table VI over all pairs."""
    return (document.tables.pair_media_similarity or {}).get("pairs")


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure that is compared.

    Attributes:
        name: of its table.
        title: of its table.
        find_row: finds it in a document; None where it is not there.
        note: below its table.
        missing: why it is not there.
    """

    name: str
    title: str
    find_row: Callable[[EvaluationDocument], SimilarityRow | None]
    note: str
    missing: str


_FIGURES: Final = (
    _Figure(
        "coherence",
        "Emotional coherence of the pairs, by the vectors that each pairing compared (Table V)",
        _find_paired_row,
        coherence_tables.NULL_NOTE,
        "no triples of the pairs are known",
    ),
    _Figure(
        "coherence whole",
        "Emotional coherence of the whole triples (Table V)",
        _find_whole_row,
        coherence_tables.NULL_NOTE,
        "no triples of the wholes are known, or the wholes were not paired",
    ),
    _Figure(
        "imagebind",
        "ImageBind similarity of the pairs (Table VI)",
        _find_media_row,
        embedding_similarity_tables.PAIR_NULL_NOTE,
        "there are no ImageBind embeddings of its items",
    ),
)


def _build_figure_tables(documents: Sequence[EvaluationDocument]) -> list[Table]:
    """Build a table for each figure that is known of some pairing; equal tables once."""
    made: list[Table] = []
    for figure in _FIGURES:
        if any(map(figure.find_row, documents)):
            table = _build_figure_table(figure, documents)
            if not any(table.rows == each.rows for each in made):
                made.append(table)
    return made


def _build_figure_table(figure: _Figure, documents: Sequence[EvaluationDocument]) -> Table:
    rows = [(str(document.pairing), figure.find_row(document)) for document in documents]
    reasons = dict.fromkeys(row.why for _, row in rows if row is not None and row.why)
    if missing := [pairing for pairing, row in rows if row is None]:
        reasons[f"of pairing {', '.join(missing)} {figure.missing}"] = None
    columns = ("n", *NULL_COLUMNS)
    return Table(
        figure.name,
        figure.title,
        ("pairing", "n", *NULL_COLUMNS.values()),
        [
            (pairing, *(None if row is None else getattr(row, name) for name in columns))
            for pairing, row in rows
        ],
        figure.note + (f" Undefined (–): {'; '.join(reasons)}." if reasons else ""),
    )


def _build_label_table(name: str, documents: Sequence[EvaluationDocument]) -> Table:
    """Build the table of the agreement of labels across the pairs."""
    rows = [
        (str(document.pairing), *_label_cells(row))
        for document in documents
        for row in document.labels[name].agreement
    ]
    return Table(
        f"labels {name}",
        f"Labels {name}: agreement across the pairs",
        (
            *("pairing", "dimension", "statistic", "n", "value"),
            *("random", "random sd", "z", "p", "resampled", "constant"),
        ),
        rows,
        "" if rows else "No dimension is labelled on both sides of any pair.",
    )


def _label_cells(row: LabelAgreement) -> tuple[Cell, ...]:
    null = row.random
    return (
        *(row.dimension, row.statistic, row.n, row.value),
        *((None,) * 4 if null is None else (null.mean, null.sd, null.z, null.p)),
        None if row.resampled is None else row.resampled.mean,
        None if row.constant is None else row.constant.value,
    )


def _build_rating_tables(documents: Sequence[EvaluationDocument]) -> list[Table]:
    """Build the table of ratings of all pairings' pairs; none where no pair is rated."""
    if not any(document.ratings for document in documents):
        return []
    rows = [(str(d.pairing), *cells) for d in documents for cells in _list_rating_cells(d)]
    return [
        Table(
            "people",
            "People",
            ("pairing", "people", "n", "value", "low", "high", "random", "p"),
            rows,
            "low, high: 95 % intervals. Over ratings or choices all answers are taken as "
            "independent; over pairs each pair counts once. random: mean congruence of random "
            "pairs, or a fair coin. p: one-sided.",
        )
    ]


def _list_rating_cells(document: EvaluationDocument) -> list[tuple[Cell, ...]]:
    ratings = document.ratings
    if ratings is None:
        return []
    cells: list[tuple[Cell, ...]] = []
    for over, row in (ratings.congruence or {}).items():
        mean = row.mean
        figures = (mean.n, mean.value, mean.low, mean.high, row.control_mean.value, row.null.p)
        cells.append((f"congruence, 1 to 5, over {over}", *figures))
    if ratings.choice is not None:
        for over, share in {"choices": ratings.choice, "pairs": ratings.choice.pairs}.items():
            rate = share.win_rate
            figures = (rate.n, rate.value, rate.low, rate.high, share.null.mean, share.null.p)
            cells.append((f"preferred to a random one, over {over}", *figures))
    return cells
