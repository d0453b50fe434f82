"""The data of the label charts: channels of items with the labels of the same items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import CHANNELS
from cmean.presentation.number_formats import format_number, use_minus_sign
from cmean.report.charts.model import LabelPanel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmean.evaluation.documents.label_tables import ChannelAssociation
    from cmean.evaluation.report_data import LabelledTriples


def collect_label_panels(labels: Iterable[LabelledTriples]) -> Iterator[LabelPanel]:
    """Make a panel for each channel of each labelled dimension."""
    for part in labels:
        rows = {row.channel: row for row in part.associations if row.category is None}
        for number, channel in enumerate(CHANNELS):
            row = rows.get(channel)
            yield LabelPanel(
                kind=part.kind,
                channel=channel,
                name=part.label_set,
                dimension=part.dimension,
                values=part.triples[:, number],
                labels=part.labels if part.is_numeric else None,
                categories=None if part.is_numeric else part.labels.tolist(),
                estimate="" if row is None else _format_estimate(row),
            )


def _format_estimate(row: ChannelAssociation) -> str:
    if row.value is None:
        return f"{row.statistic} undefined"
    text = f"{row.statistic} {_format_value(row.value)}"
    if row.low is None or row.high is None:
        return text
    return f"{text} ({_format_value(row.low)} to {_format_value(row.high)})"


def _format_value(value: float) -> str:
    return use_minus_sign(format_number(value, 2))
