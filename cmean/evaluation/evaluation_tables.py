"""The tables of a pairing's evaluation, in the order in which they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.evaluation.measures.caption_length_tables import build_caption_length_tables
from cmean.evaluation.measures.coherence_tables import build_coherence_tables
from cmean.evaluation.measures.embedding_similarity_tables import build_embedding_similarity_tables
from cmean.evaluation.measures.human_rating_tables import build_human_rating_tables
from cmean.evaluation.measures.label_validity_tables import build_label_validity_tables

if TYPE_CHECKING:
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.presentation.tables import Table

_NUMBERS: Final = ("I", "II", "III", "IV", "V", "VI")


def build_evaluation_tables(document: EvaluationDocument) -> list[Table]:
    """Build the study's tables, then those of label sets and ratings."""
    study = [
        *build_caption_length_tables(document.tables),
        *build_coherence_tables(document),
        *build_embedding_similarity_tables(document.tables, document.caption_models),
    ]
    return [
        *sorted(study, key=lambda table: _NUMBERS.index(table.name.split()[0])),
        *(
            table
            for labels in document.labels.values()
            for table in build_label_validity_tables(labels)
        ),
        *build_human_rating_tables(document.ratings),
    ]
