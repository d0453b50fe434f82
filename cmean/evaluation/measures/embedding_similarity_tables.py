"""Tables III, IV and VI as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.evaluation.measures.similarity_tables import build_similarity_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.evaluation.documents.study_tables import SimilarityRow, StudyTables
    from cmean.presentation.tables import Table

PAIR_NULL_NOTE: Final = (
    "random: random one-to-one pairings of the same items. resampled: pairings by the same method "
    "where each artwork has the vector of an artwork drawn with replacement. constant: one triple "
    "for all artworks, which pairs at random."
)
"""Explains the null distributions of Table VI."""


def build_embedding_similarity_tables(tables: StudyTables) -> list[Table]:
    """Build the tables that could be measured, each with its nulls."""
    return [
        table
        for number, rows in tables.embedding_similarity.items()
        if rows
        for table in _build_tables(number, rows)
    ]


def _build_tables(number: str, rows: Mapping[str, SimilarityRow]) -> list[Table]:
    note, null_note = _NOTES[number]
    if not all(row.has_null for row in rows.values()):
        note = "These scores were published; the embeddings are not in the catalog."
    title = f"Table {number}: {_TITLES[number]}"
    return build_similarity_tables(number, title, rows, note, null_note)


_TITLES: Final = {
    "III": "CLAP similarity of tracks and their captions (cosine)",
    "IV": "CLIP similarity of artworks and their captions (cosine)",
    "VI": "ImageBind similarity of the two of each pair (cosine)",
}
_CAPTION_NOTES: Final = (
    (
        "Whole media and whole texts, each by windows. aggregated: the four fragments' captions "
        "together."
    ),
    (
        "random: captions permuted among the items. constant: the mean caption for all items. "
        "resampled: undefined, for no method matched items and captions."
    ),
)
_PAIR_NOTES: Final = (
    "Media alone are compared, independently of captions and triples.",
    PAIR_NULL_NOTE,
)
_NOTES: Final = {"III": _CAPTION_NOTES, "IV": _CAPTION_NOTES, "VI": _PAIR_NOTES}
