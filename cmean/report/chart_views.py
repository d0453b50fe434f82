"""The charts of a pairing: their data, drawn, as the page embeds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.domain import WHOLE, FinishReason, Kind
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
from cmean.report.label_chart_data import collect_label_panels
from cmean.report.model import ChartView
from cmean.stats.correlation import compute_pearson
from cmean.stats.text_lengths import count_words, join_fragment_captions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cmean.evaluation.report_data import CaptionsByItem, ReportData
    from cmean.pairing.vectors import ComparedSide
    from cmean.report.charts.model import Chart


def build_charts(data: ReportData) -> list[ChartView]:
    """Draw the charts of a pairing."""
    charts = [
        build_channel_chart(_collect_channels(data.triples, data.pairing.vector)),
        *build_label_charts(collect_label_panels(data.labels)),
        build_imagebind_chart(_collect_scores(data)),
        build_length_chart(*(_measure_captions(data.captions[kind]) for kind in Kind)),
    ]
    return [_make_view(chart) for chart in charts]


def _make_view(chart: Chart) -> ChartView:
    uri = None if chart.svg is None else encode_svg(chart.svg)
    return ChartView(chart.title, uri, chart.alt, chart.caption)


def _collect_channels(
    sides: Mapping[Kind, Mapping[int, ComparedSide]], vector: str
) -> ChannelValues:
    """Collect all triples that were compared: of items with several, those of fragments as well."""
    tracks, artworks = (
        np.concatenate([side.triples.reshape(-1, 3) for side in sides[kind].values()])
        for kind in Kind
    )
    units = {"whole": "", "fragments": " fragment", "concatenated": " triple"}
    return ChannelValues(tracks, artworks, units[vector])


def _measure_captions(captions: CaptionsByItem) -> CaptionLengths:
    """Count the words of captions as in Tables I and II."""
    wholes = [each[WHOLE] for each in captions.values() if WHOLE in each]
    parts = [each[at] for each in captions.values() for at in FRAGMENTS if at in each]
    joined = [
        join_fragment_captions(each[at][0] for at in FRAGMENTS)
        for each in captions.values()
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


def _collect_scores(data: ReportData) -> PairScores:
    """Collect the pairs that have an ImageBind score, whose null is that of Table VI."""
    similarity, score = data.media_scores.T
    row = (data.document.tables.pair_media_similarity or {}).get("pairs")
    return PairScores(
        similarity,
        score,
        compute_pearson(similarity, score).value,
        None if row is None else row.null_mean,
        name_measure(data.document.metric),
    )
