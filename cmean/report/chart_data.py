"""The charts of a pairing: their data, drawn, as the page embeds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import browse, embeddings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, FinishReason, Kind
from cmean.evaluation.measures.embedding_similarity import PAIR_EMBEDDER
from cmean.pairing.vectors import FRAGMENTS
from cmean.presentation.pairing_phrases import name_measure
from cmean.report.charts import (
    build_channel_chart,
    build_imagebind_chart,
    build_label_charts,
    build_length_chart,
)
from cmean.report.charts.model import CaptionLengths, ChannelValues, PairScores
from cmean.report.data_uris import encode_svg
from cmean.report.model import ChartView
from cmean.stats.correlation import pearson
from cmean.stats.text_lengths import aggregate, count_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.pairing.vectors import Side
    from cmean.report.charts.model import Chart, LabelPanel


def build_charts(
    connection: Connection,
    pairing: Mapping[str, Any],
    evaluated: EvaluationDocument,
    pairs: NDArray[np.void],
    sides: Mapping[Kind, Mapping[int, Side]],
    panels: Iterable[LabelPanel] = (),
) -> list[ChartView]:
    """Draw the charts of a pairing.

    Args:
        connection: an open transaction.
        pairing: its row.
        evaluated: the document of its evaluation.
        pairs: its pairs, `PAIR`, by position and rank.
        sides: what was compared of each kind, by the position of its pairs.
        panels: channels with labels, where items have any.
    """
    lengths = {
        kind: _measure_captions(connection, pairing[f"{kind.value}_recipe_id"], pairing["id"])
        for kind in Kind
    }
    charts = [
        build_channel_chart(_collect_channels(sides, pairing["vector"])),
        *build_label_charts(panels),
        build_imagebind_chart(_collect_scores(connection, evaluated, pairs)),
        build_length_chart(lengths[Kind.TRACK], lengths[Kind.ARTWORK]),
    ]
    return [_make_view(chart) for chart in charts]


def _make_view(chart: Chart) -> ChartView:
    uri = None if chart.svg is None else encode_svg(chart.svg)
    return ChartView(chart.title, uri, chart.alt, chart.caption)


def _collect_channels(sides: Mapping[Kind, Mapping[int, Side]], vector: str) -> ChannelValues:
    """All triples that were compared: of items with several, those of fragments as well."""
    tracks, artworks = (
        np.concatenate([side.triples.reshape(-1, 3) for side in sides[kind].values()])
        for kind in Kind
    )
    units = {"whole": "", "fragments": " fragment", "concatenated": " triple"}
    return ChannelValues(tracks, artworks, units[vector])


def _measure_captions(connection: Connection, mapper_id: int, pairing_id: int) -> CaptionLengths:
    """Of the captions that were there for the pairing, counted as in Tables I and II."""
    (mapper,) = recipe_rows.rows(connection, [mapper_id])
    found = browse.captions_by_item(connection, mapper["input_id"], pairing_id)
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
        _count_truncated(wholes),
        _count_truncated(parts),
        len(parts),
    )


def _count_truncated(captions: Iterable[tuple[str, str]]) -> int:
    return sum(reason == FinishReason.LENGTH for _, reason in captions)


def _collect_scores(
    connection: Connection, evaluated: EvaluationDocument, pairs: NDArray[np.void]
) -> PairScores:
    """The pairs that have an ImageBind score, whose null is that of Table VI."""
    of_pair = embeddings.pair_scores(connection, PAIR_EMBEDDER, evaluated.pairing)
    keys = embeddings.pair_ids(connection, evaluated.pairing).tolist()
    at = [place for place, key in enumerate(keys) if key in of_pair]
    similarity = pairs["similarity"][at].astype(np.float64)
    score = np.array([of_pair[keys[place]] for place in at], np.float64)
    row = (evaluated.tables.pair_media_similarity or {}).get("pairs")
    return PairScores(
        similarity,
        score,
        pearson(similarity, score).value,
        None if row is None else row.null_mean,
        name_measure(evaluated.metric),
    )
