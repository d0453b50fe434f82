"""ImageBind over RGB: are pairs that are alike by their emotions alike to an embedder as well?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.report.charts.clouds import cloud, few_ticks
from cmean.report.charts.data import Chart, PairScores
from cmean.report.charts.sheet import INK, LEFT, PAPER, SMALL, draw, span
from cmean.report.wording import count, number

if TYPE_CHECKING:
    from cmean.report.charts.sheet import Sheet

TITLE: Final = "ImageBind over the emotions"
_TOP, _PANEL = 46, 250
_WIDTH, _HEIGHT = 1e-4, 0.05  # the least that the axes reach over


def closeness_chart(data: PairScores) -> Chart:
    """A point a pair: the ImageBind cosine of its media over the likeness of its triples."""
    if not len(data.score):
        return Chart(
            TITLE,
            None,
            "",
            "No pair has an ImageBind similarity; embeddings give it: cmean run --stage embed, "
            "with a profile that has ImageBind.",
        )
    fullest: list[int | None] = []

    def paint(sheet: Sheet) -> None:
        sheet.text((LEFT, 16), f"r = {_correlation(data)}", name=True)
        sheet.text(
            (LEFT, 34), f"upwards: ImageBind cosine; to the right: {data.measure} of triples"
        )
        fullest.append(_points(sheet, data))

    drawing = draw(_TOP + _PANEL + 26, paint)
    chance = "unknown" if data.null_mean is None else number(data.null_mean)
    mean = number(float(data.score.mean()))
    tone = (
        f" The stronger the tone, the more pairs: up to {fullest[0]:,} in a cell."
        if fullest[0]
        else ""
    )
    return Chart(
        TITLE,
        drawing,
        f"ImageBind cosine over the {data.measure} of the triples for "
        f"{count(len(data.score), 'pair')}: correlation r = {_correlation(data)}; mean ImageBind "
        f"cosine {mean}, by chance {chance}.",
        f"{count(len(data.score), 'pair')}. Mean ImageBind cosine {mean}; by chance, over random "
        f"pairings of the same items, {chance}. An r near 0 says that likeness of triples tells "
        f"nothing of what ImageBind sees and hears.{tone}",
    )


def _points(sheet: Sheet, data: PairScores) -> int | None:
    axes = sheet.panel(_TOP, _PANEL)
    axes.set_xlim(*span(data.similarity, _WIDTH))
    chance = [] if data.null_mean is None else [data.null_mean]
    axes.set_ylim(*span(np.append(data.score, chance), _HEIGHT))
    fullest = cloud(axes, data.similarity, data.score)
    if data.null_mean is not None:
        axes.axhline(data.null_mean, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
        axes.annotate(
            f"by chance {number(data.null_mean)}",
            (1, data.null_mean),
            xycoords=("axes fraction", "data"),
            xytext=(0, 5),
            textcoords="offset points",
            ha="right",
            size=SMALL,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    few_ticks(axes, "xy")
    return fullest


def _correlation(data: PairScores) -> str:
    if data.correlation is None:
        return "undefined, for want of variation"
    return f"{data.correlation:.2f}".replace("-", "−")
