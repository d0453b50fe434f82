"""Tables I and II as they are shown: lengths of captions, and finish reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.domain import FinishReason, Kind
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from cmean.evaluation.documents.study_tables import CaptionLengthTable, StudyTables


def build_caption_length_tables(tables: StudyTables) -> list[Table]:
    """Build Tables I and II."""
    return [
        _build_table("I", Kind.TRACK, tables.track_caption_lengths),
        _build_table("II", Kind.ARTWORK, tables.artwork_caption_lengths),
    ]


def _build_table(number: str, kind: Kind, table: CaptionLengthTable) -> Table:
    reasons = [reason.value for reason in FinishReason]
    rows = table.rows
    explained = [_EXPLANATION] if any(row.n for row in rows.values()) else []
    return Table(
        number,
        f"Table {number}: caption lengths of {kind.value}s, in words",
        ("", *_COLUMNS, *(f"ended: {reason}" for reason in reasons)),
        [
            (
                name,
                *(getattr(row, column) for column in _COLUMNS),
                *(row.finish_reasons[reason] for reason in reasons),
            )
            for name, row in rows.items()
            if row.n
        ],
        " ".join(explained + [_MISSING[name] for name, row in rows.items() if not row.n]),
    )


_COLUMNS: Final = (
    *("n", "max", "min", "mean", "above", "below", "equal"),
    *("complete", "incomplete"),
)
_EXPLANATION: Final = (
    "aggregated: the captions of the four fragments joined. above, below, equal: captions longer "
    "than, shorter than and as long as the mean. complete: captions that end like a sentence. "
    "ended: stop, the captioner finished; length, its token limit was reached."
)
_MISSING: Final = {
    "total": "No whole item has a caption.",
    "aggregated": "No item has captions of all four fragments.",
}
