"""The charts of a pairing: their data from the catalog, the charts as the page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import embeddings, queries
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, FinishReason, Kind
from cmean.evaluation.lengths import aggregate, count_words
from cmean.pipeline.closeness import PAIRS
from cmean.pipeline.vectors import FRAGMENTS
from cmean.report import wording
from cmean.report.charts import channel_chart, closeness_chart, label_charts, length_chart
from cmean.report.charts.data import CaptionLengths, ChannelValues, PairScores
from cmean.report.media import svg_uri
from cmean.report.model import ChartView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.pipeline.evaluate import Evaluation
    from cmean.pipeline.vectors import Side
    from cmean.report.charts.data import Chart, LabelPanel

_FINEST: Final = 12  # decimals of a similarity; what lies beyond is rounding


def charts(
    connection: Connection,
    evaluation: Evaluation,
    pairs: NDArray[np.void],
    sides: Mapping[Kind, Mapping[int, Side]],
    panels: Iterable[LabelPanel] = (),
) -> list[ChartView]:
    """The charts of a pairing.

    Args:
        connection: an open transaction.
        evaluation: of the pairing.
        pairs: its pairs, `PAIR`, by position and rank.
        sides: what was compared of each kind, by the position of its pairs.
        panels: channels beside labels, where items have any.
    """
    made = evaluation.pairing
    lengths = {
        kind: _lengths(connection, made[f"{kind.value}_recipe_id"], made["id"]) for kind in Kind
    }
    drawn = [
        channel_chart(_channels(sides, made["vector"])),
        *label_charts(panels),
        closeness_chart(_scores(connection, evaluation, pairs)),
        length_chart(lengths[Kind.TRACK], lengths[Kind.ARTWORK]),
    ]
    return [_view(chart) for chart in drawn]


def _view(chart: Chart) -> ChartView:
    uri = None if chart.svg is None else svg_uri(chart.svg)
    return ChartView(chart.title, uri, chart.alt, chart.caption)


def _channels(sides: Mapping[Kind, Mapping[int, Side]], vector: str) -> ChannelValues:
    """All triples that were compared; of items with several, the fragments' beside the whole's."""
    tracks, artworks = (
        np.concatenate([side.triples.reshape(-1, 3) for side in sides[kind].values()])
        for kind in Kind
    )
    units = {"whole": "", "fragments": " fragment", "concatenated": " triple"}
    return ChannelValues(tracks, artworks, units[vector])


def _lengths(connection: Connection, mapper_id: int, pairing_id: int) -> CaptionLengths:
    """Of the captions that were there for the pairing, counted as in Tables I and II."""
    (mapper,) = recipe_rows.rows(connection, [mapper_id])
    found = queries.captions_by_item(connection, mapper["input_id"], pairing_id)
    wholes = [each[WHOLE] for each in found.values() if WHOLE in each]
    parts = [each[at] for each in found.values() for at in FRAGMENTS if at in each]
    joined = [
        aggregate(each[at][0] for at in FRAGMENTS)
        for each in found.values()
        if all(at in each for at in FRAGMENTS)
    ]
    return CaptionLengths(
        np.array([count_words(text) for text, _ in wholes], np.int64),
        np.array([count_words(text) for text in joined], np.int64),
        _cut(wholes),
        _cut(parts),
        len(parts),
    )


def _cut(captions: Iterable[tuple[str, str]]) -> int:
    return sum(reason == FinishReason.LENGTH for _, reason in captions)


def _scores(connection: Connection, evaluation: Evaluation, pairs: NDArray[np.void]) -> PairScores:
    """The pairs that have an ImageBind score, whose null is that of Table VI."""
    number, metric = PAIRS
    of_pair = {
        row["pair_id"]: row["value"]
        for row in evaluation.closeness.scores
        if row["metric"] == metric and row["pair_id"] is not None
    }
    keys = embeddings.pair_ids(connection, evaluation.pairing["id"]).tolist()
    known = np.isfinite(pairs["similarity"]).tolist()
    at = [place for place, key in enumerate(keys) if known[place] and key in of_pair]
    similarity = pairs["similarity"][at].astype(np.float64)
    score = np.array([of_pair[keys[place]] for place in at], np.float64)
    return PairScores(
        similarity,
        score,
        _pearson(similarity, score),
        _null_mean(evaluation.closeness.tables.get(number)),
        wording.measure(evaluation.pairing["metric"]),
    )


def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Pearson's correlation; None where a side does not vary but by rounding."""
    sides = [np.round(side, _FINEST) for side in (one, other)]
    if not len(one) or any(np.ptp(side) == 0 for side in sides):
        return None
    return float(np.corrcoef(sides[0], sides[1])[0, 1])


def _null_mean(rows: Mapping[str, Mapping[str, Any]] | None) -> float | None:
    """Of all pairs of Table VI: of several positions each counts by its pairs."""
    known = [
        (int(row["n"]), float(row["null_mean"]))
        for row in (rows or {}).values()
        if row["n"] and row["null_mean"] is not None
    ]
    amount = sum(n for n, _ in known)
    return sum(n * mean for n, mean in known) / amount if amount else None
