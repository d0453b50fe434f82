"""Tables III, IV and VI as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.domain import Kind
from cmean.evaluation.measures.similarity_tables import build_similarity_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.evaluation.documents.study_tables import SimilarityRow, StudyTables
    from cmean.presentation.tables import Table

_STUDY_CLIP: Final = "openai/clip-vit-base-patch32"
_CLEANED: Final = (
    "lower-case texts without punctuation, digits and Italian stop words, cut at 512 characters"
)

PAIR_NULL_NOTE: Final = (
    "random: random one-to-one pairings of the same items. resampled: pairings by the same method "
    "where each artwork has the vector of an artwork drawn with replacement. constant: one triple "
    "for all artworks, which pairs at random."
)
"""Explains the null distributions of Table VI."""


def build_embedding_similarity_tables(
    tables: StudyTables, caption_models: Mapping[str, str]
) -> list[Table]:
    """Build the tables that could be measured, each with its nulls.

    Args:
        tables: of the study.
        caption_models: the weights of the embedders of captions, by kind: what differs from the
            study's is said below Tables III and IV.
    """
    differences = {"III": _describe_clap(caption_models), "IV": _describe_clip(caption_models)}
    return [
        table
        for number, rows in tables.embedding_similarity.items()
        if rows
        for table in _build_tables(number, rows, differences.get(number, ""))
    ]


def _describe_clap(caption_models: Mapping[str, str]) -> str:
    """Say in what the embeddings of tracks' captions differ from the study's."""
    model = caption_models.get(Kind.TRACK)
    return "" if model is None else f"CLAP is {model}; the study used msclap 2023, on {_CLEANED}."


def _describe_clip(caption_models: Mapping[str, str]) -> str:
    """Say in what the embeddings of artworks' captions differ from the study's."""
    model = caption_models.get(Kind.ARTWORK)
    if model is None:
        return ""
    if model == _STUDY_CLIP:
        return "The study left out English stop words and cut texts at 512 characters."
    return (
        f"CLIP is {model}; the study used {_STUDY_CLIP}, on texts without English stop words, cut "
        "at 512 characters."
    )


def _build_tables(number: str, rows: Mapping[str, SimilarityRow], difference: str) -> list[Table]:
    note, null_note = _NOTES[number]
    note = f"{note} {difference}".rstrip()
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
