"""The distribution of each channel over tracks and artworks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import CHANNELS
from cmean.presentation.channel_names import CHANNEL_NAMES
from cmean.presentation.number_formats import format_count
from cmean.report.charts.canvas import draw_svg
from cmean.report.charts.mirrored_histogram import (
    ROW_HEIGHT,
    describe_spread,
    draw_mirrored_histogram,
)
from cmean.report.charts.model import ChannelValues, Chart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.report.charts.canvas import ChartCanvas

TITLE: Final = "The channels of tracks and artworks"
CHANNEL_TICKS: Final = (0, 64, 128, 192, 255)
_MANY: Final = 200  # items of either kind from which bins are finer


def build_channel_chart(data: ChannelValues) -> Chart:
    """Build the chart: a mirrored histogram for each channel."""
    sides = (data.tracks.astype(np.float64), data.artworks.astype(np.float64))
    if not any(map(len, sides)):
        return Chart(TITLE, None, "", "No item of this pairing has an emotion triple.")
    bins = 32 if min(map(len, sides)) >= _MANY else 16
    edges = np.linspace(0, 256, bins + 1)

    def paint(canvas: ChartCanvas) -> None:
        for number, channel in enumerate(CHANNELS):
            texts = [
                f"{name}s: {_describe_values(side[:, number])}"
                for name, side in zip(("track", "artwork"), sides, strict=True)
            ]
            axes = draw_mirrored_histogram(
                canvas,
                number * ROW_HEIGHT,
                f"{CHANNEL_NAMES[channel].capitalize()} ({channel})",
                edges,
                ((sides[0][:, number], texts[0]), (sides[1][:, number], texts[1])),
            )
            axes.set_xticks(CHANNEL_TICKS)

    counts = [
        format_count(len(side), f"{name}{data.unit}")
        for name, side in zip(("track", "artwork"), sides, strict=True)
    ]
    return Chart(
        TITLE,
        draw_svg(len(CHANNELS) * ROW_HEIGHT, paint),
        f"Distributions of {counts[0]} and {counts[1]} over each channel, 0 to 255. "
        + " ".join(_describe_channel(channel, *sides) for channel in CHANNELS),
        f"{counts[0]} above the axis, filled; {counts[1]} below it, hatched. Heights are "
        f"shares, in bins of {256 // bins} values; dashed lines mark the means.",
    )


def _describe_values(values: NDArray[np.float64]) -> str:
    return describe_spread(values) if len(values) else "none"


def _describe_channel(
    channel: str, tracks: NDArray[np.float64], artworks: NDArray[np.float64]
) -> str:
    at = CHANNELS.index(channel)
    sides = [_describe_values(side[:, at]) for side in (tracks, artworks)]
    name = CHANNEL_NAMES[channel].capitalize()
    return f"{name} ({channel}): tracks {sides[0]}; artworks {sides[1]}."
