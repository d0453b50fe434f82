"""The lengths of the captions, and how many were truncated by the token limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.presentation.number_formats import format_count, format_percent
from cmean.report.charts.canvas import draw_svg
from cmean.report.charts.mirrored_histogram import ROW_HEIGHT, draw_mirrored_histogram
from cmean.report.charts.model import CaptionLengths, Chart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.report.charts.canvas import ChartCanvas

TITLE: Final = "Caption lengths"
_BINS: Final = 28
_ROWS: Final = ("Captions of wholes, in words", "Captions of fragments joined, in words")


def build_length_chart(tracks: CaptionLengths, artworks: CaptionLengths) -> Chart:
    """Build the chart: mirrored histograms for the wholes, and for the fragments joined."""
    kinds = (("tracks", tracks), ("artworks", artworks))
    if not any(len(each.whole) + len(each.joined) for _, each in kinds):
        return Chart(TITLE, None, "", "There are no captions of this pairing's recipes.")
    texts = [
        [_describe_lengths(each.whole, each.cut_whole, len(each.whole)) for _, each in kinds],
        [
            _describe_lengths(each.joined, each.cut_fragments, each.fragments, "fragments ")
            for _, each in kinds
        ],
    ]
    values = [[each.whole for _, each in kinds], [each.joined for _, each in kinds]]

    def paint(canvas: ChartCanvas) -> None:
        for number, name in enumerate(_ROWS):
            above, below = (each.astype(np.float64) for each in values[number])
            labels = [
                f"{kind}: {each}" for (kind, _), each in zip(kinds, texts[number], strict=True)
            ]
            draw_mirrored_histogram(
                canvas,
                number * ROW_HEIGHT,
                name,
                _compute_edges(np.concatenate([above, below])),
                ((above, labels[0]), (below, labels[1])),
            )

    cut = sum(each.cut_whole + each.cut_fragments for _, each in kinds)
    of = sum(len(each.whole) + each.fragments for _, each in kinds)
    return Chart(
        TITLE,
        draw_svg(len(_ROWS) * ROW_HEIGHT, paint),
        "Distributions of the captions' lengths. "
        + " ".join(
            f"{name}: tracks {one}; artworks {other}."
            for name, (one, other) in zip(_ROWS, texts, strict=True)
        ),
        f"Tracks above the axis, filled; artworks below it, hatched; dashed lines mark the means. "
        f"Truncated by the token limit: {cut:,} of {format_count(of, 'caption')}"
        + (f" ({format_percent(cut / of)})." if of else "."),
    )


def _describe_lengths(values: NDArray[np.int64], cut: int, of: int, what: str = "") -> str:
    mean = f"mean {values.mean():.0f}, " if len(values) else ""
    return f"{mean}{what}truncated {cut:,} of {of:,}" if of else "none"


def _compute_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute edges of bins from 0 on, each as wide as the same whole number of words."""
    most = int(values.max()) + 1 if len(values) else 1
    width = math.ceil(most / _BINS)
    return np.arange(0, (math.ceil(most / width) + 1) * width, width, dtype=np.float64)
