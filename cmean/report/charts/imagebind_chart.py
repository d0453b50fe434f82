"""The ImageBind cosine of the pairs over their similarity, as a scatter plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.presentation.number_formats import format_count, format_number, use_minus_sign
from cmean.report.charts.canvas import (
    INK,
    LEFT,
    PAPER,
    SMALL,
    compute_axis_limits,
    draw_svg,
)
from cmean.report.charts.model import Chart, PairScores
from cmean.report.charts.scatter import draw_scatter, limit_ticks

if TYPE_CHECKING:
    from cmean.report.charts.canvas import ChartCanvas

TITLE: Final = "ImageBind cosine over emotion similarity"
_TOP, _PANEL_HEIGHT = 46, 250
_LEAST_WIDTH, _LEAST_HEIGHT = 1e-4, 0.05  # of the axes, in units of similarity


def build_imagebind_chart(data: PairScores) -> Chart:
    """Build the chart: a point for each pair."""
    if not len(data.score):
        return Chart(
            TITLE,
            None,
            "",
            "No pair has an ImageBind similarity; embeddings give it: cmean run --stage embed, "
            "with a profile that has ImageBind.",
        )
    fullest_bin: list[int | None] = []

    def paint(canvas: ChartCanvas) -> None:
        canvas.add_text((LEFT, 16), f"r = {_format_correlation(data)}", is_heading=True)
        canvas.add_text(
            (LEFT, 34), f"vertical: ImageBind cosine; horizontal: {data.measure} of triples"
        )
        fullest_bin.append(_draw_points(canvas, data))

    drawing = draw_svg(_TOP + _PANEL_HEIGHT + 26, paint)
    null = "unknown" if data.null_mean is None else _format_value(data.null_mean)
    mean = _format_value(float(data.score.mean()))
    pairs, r = format_count(len(data.score), "pair"), _format_correlation(data)
    density = f" Darker cells hold more pairs, up to {fullest_bin[0]:,}." if fullest_bin[0] else ""
    return Chart(
        TITLE,
        drawing,
        f"ImageBind cosine over the {data.measure} of the triples for {pairs}: correlation "
        f"r = {r}; mean ImageBind cosine {mean}, null (random pairing) {null}.",
        f"{pairs}. Mean ImageBind cosine {mean}; null (random pairing of the same items) {null}. "
        "An r near 0 means that the similarity of triples does not predict that of ImageBind "
        f"embeddings.{density}",
    )


def _draw_points(canvas: ChartCanvas, data: PairScores) -> int | None:
    axes = canvas.add_panel(_TOP, _PANEL_HEIGHT)
    axes.set_xlim(*compute_axis_limits(data.similarity, _LEAST_WIDTH))
    null = [] if data.null_mean is None else [data.null_mean]
    axes.set_ylim(*compute_axis_limits(np.append(data.score, null), _LEAST_HEIGHT))
    fullest_bin = draw_scatter(axes, data.similarity, data.score)
    if data.null_mean is not None:
        axes.axhline(data.null_mean, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
        axes.annotate(
            f"null {_format_value(data.null_mean)}",
            (1, data.null_mean),
            xycoords=("axes fraction", "data"),
            xytext=(0, 5),
            textcoords="offset points",
            ha="right",
            size=SMALL,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    limit_ticks(axes, "xy")
    return fullest_bin


def _format_value(value: float) -> str:
    return use_minus_sign(format_number(value))


def _format_correlation(data: PairScores) -> str:
    if data.correlation is None:
        return "undefined (no variation)"
    return use_minus_sign(f"{data.correlation:.2f}")
