"""Tables I and II: lengths of the captions of tracks and of artworks, and finish reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from cmean.catalog import recipes as recipe_rows
from cmean.catalog import report_rows
from cmean.domain import WHOLE, FinishReason, Kind
from cmean.evaluation.documents.study_tables import CaptionLengthRow, CaptionLengthTable
from cmean.pairing.vectors import FRAGMENTS
from cmean.stats.text_lengths import build_length_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cmean.catalog.engine import Connection
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing
    from cmean.stats.text_lengths import TextLengths


def measure_caption_lengths(
    connection: Connection, evaluated: EvaluatedPairing
) -> dict[Kind, CaptionLengthTable]:
    """Measure the captions that were there when the pairing was made: a table for each kind."""
    return {kind: _measure_kind(connection, evaluated, kind) for kind in Kind}


def _measure_kind(
    connection: Connection, evaluated: EvaluatedPairing, kind: Kind
) -> CaptionLengthTable:
    (mapper,) = recipe_rows.read_recipes(connection, [evaluated.row.recipe_id(kind)])
    by_item = report_rows.read_captions_of_pairing(connection, mapper["input_id"], evaluated.row.id)
    wholes = [captions[WHOLE] for captions in by_item.values() if WHOLE in captions]
    complete = [c for c in by_item.values() if all(position in c for position in FRAGMENTS)]
    parts = [[captions[position] for position in FRAGMENTS] for captions in complete]
    lengths = build_length_table(
        [text for text, _ in wholes], [[text for text, _ in four] for four in parts]
    )
    return CaptionLengthTable(
        _make_row(lengths.total, (reason for _, reason in wholes)),
        _make_row(lengths.aggregated, (reason for four in parts for _, reason in four)),
    )


def _make_row(lengths: TextLengths, reasons: Iterable[str]) -> CaptionLengthRow:
    counts = Counter(reasons)
    return CaptionLengthRow(
        **asdict(lengths),
        finish_reasons={reason.value: counts[reason.value] for reason in FinishReason},
    )


def sum_finish_reasons(
    tables: Mapping[Kind, CaptionLengthTable],
) -> dict[str, dict[str, int]]:
    """Count how captions ended, by kind and reason, wholes and fragments together."""
    return {
        kind.value: {
            reason.value: sum(row.finish_reasons[reason.value] for row in table.rows.values())
            for reason in FinishReason
        }
        for kind, table in tables.items()
    }
