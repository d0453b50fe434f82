"""The data of the label charts: channels of items with the labels of the same items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import labels as label_rows
from cmean.catalog import pairings
from cmean.domain import CHANNELS, WHOLE, Kind
from cmean.pairing.vectors import side
from cmean.presentation.number_formats import format_number, with_minus_sign
from cmean.report.charts.model import LabelPanel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmean.catalog.engine import Connection
    from cmean.catalog.labels import LabelColumn
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.evaluation.documents.label_tables import ChannelAssociation
    from cmean.pairing.vectors import Side


def collect_label_panels(
    connection: Connection, pairing: Mapping[str, Any], evaluated: EvaluationDocument
) -> Iterator[LabelPanel]:
    """A panel for each channel and dimension of the label sets that a pairing is held against.

    Args:
        connection: an open transaction.
        pairing: its row.
        evaluated: the document of its evaluation.
    """
    for name, found in evaluated.labels.items():
        columns = label_rows.columns(connection, name)
        for kind in Kind:
            validity = found.triples.get(kind.value)
            measured = () if validity is None else validity.rows
            recipe_id = pairing[f"{kind.value}_recipe_id"]
            triples = pairings.triples(connection, recipe_id, (WHOLE,), pairing_id=pairing["id"])
            wholes = side(triples, (WHOLE,))
            for column in columns:
                if column.kind is kind:
                    yield from _make_panels(name, column, wholes, measured)


def _make_panels(
    name: str, column: LabelColumn, wholes: Side, measured: Sequence[ChannelAssociation]
) -> Iterator[LabelPanel]:
    at, here = wholes.find(column.items)
    if not here.any():
        return
    values, labels = wholes.triples[at[here], 0].astype(float), column.values[here]
    for number, channel in enumerate(CHANNELS):
        row = next(
            (
                each
                for each in measured
                if (each.dimension, each.channel) == (column.dimension, channel)
                and each.category is None
            ),
            None,
        )
        yield LabelPanel(
            kind=column.kind,
            channel=channel,
            name=name,
            dimension=column.dimension,
            values=values[:, number],
            labels=labels if column.numeric else None,
            categories=None if column.numeric else labels.tolist(),
            estimate="" if row is None else _format_estimate(row),
        )


def _format_estimate(row: ChannelAssociation) -> str:
    if row.value is None:
        return f"{row.statistic} undefined"
    text = f"{row.statistic} {_format(row.value)}"
    if row.low is None or row.high is None:
        return text
    return f"{text} ({_format(row.low)} to {_format(row.high)})"


def _format(value: float) -> str:
    return with_minus_sign(format_number(value, 2))
