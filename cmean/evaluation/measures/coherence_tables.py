"""Table V as it is shown: coherence of the pairs, and the means compared with their nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.evaluation.measures.similarity_tables import build_similarity_tables
from cmean.presentation.pairing_phrases import format_measure, name_space

if TYPE_CHECKING:
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.presentation.tables import Table

NULL_NOTE: Final = (
    "random: random one-to-one pairings of the same items. p: one-sided permutation p, the share "
    "of random pairings with a mean at least as high, the pairing itself counted. resampled: "
    "pairings by the same method where each artwork has the triple of an artwork drawn with "
    "replacement. constant: the mean triple for all artworks."
)
"""Explains the null distributions of the means."""


def build_coherence_tables(document: EvaluationDocument) -> list[Table]:
    """Build Table V: the distributions, and the means compared with their nulls."""
    table = document.tables.coherence
    unit = " fragments" if document.vector == "fragments" else "s"
    metric = format_measure(document.metric, document.calibrate)
    other = (
        ""
        if document.space == "emotion"
        else f" They were paired by {name_space(document.space)}, not by these triples."
    )
    return build_similarity_tables(
        "V",
        f"Table V: emotional coherence of the pairs ({metric})",
        table.rows,
        f"{_EXPLANATIONS[document.vector]}{other} {table.unpaired_tracks} track{unit} and "
        f"{table.unpaired_artworks} artwork{unit} are unpaired.",
        NULL_NOTE,
    )


_EXPLANATIONS: Final = {
    "whole": "Below the first row: the fragments of the pairs of whole items.",
    "fragments": "Each position has its own pairs; the first row is over all of them.",
    "concatenated": "First row: all five triples as one vector, as they were paired; below it the "
    "same pairs position by position.",
}
