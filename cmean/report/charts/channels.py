"""The channels of both kinds: are tracks and artworks mapped to the same parts of the space?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import CHANNELS
from cmean.report.charts import mirror
from cmean.report.charts.data import ChannelValues, Chart
from cmean.report.charts.sheet import draw
from cmean.report.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.report.charts.sheet import Sheet

TITLE: Final = "The channels of tracks and artworks"
NAMES: Final = {"red": "excitement", "green": "calmness", "blue": "sadness"}
"""What each channel stands for, in a word."""

TICKS: Final = (0, 64, 128, 192, 255)
_MANY: Final = 200  # items from which bins may be finer


def channel_chart(data: ChannelValues) -> Chart:
    """Three rows, a channel each: the tracks' values above the axis, the artworks' below it."""
    sides = (data.tracks.astype(np.float64), data.artworks.astype(np.float64))
    if not any(map(len, sides)):
        return Chart(TITLE, None, "", "No item of this pairing has an emotion triple.")
    bins = 32 if min(map(len, sides)) >= _MANY else 16
    edges = np.linspace(0, 256, bins + 1)

    def paint(sheet: Sheet) -> None:
        for number, channel in enumerate(CHANNELS):
            words = [
                f"{name}s: {_said(side[:, number])}"
                for name, side in zip(("track", "artwork"), sides, strict=True)
            ]
            axes = mirror.row(
                sheet,
                number * mirror.ROW,
                f"{NAMES[channel].capitalize()} ({channel})",
                edges,
                ((sides[0][:, number], words[0]), (sides[1][:, number], words[1])),
            )
            axes.set_xticks(TICKS)

    amounts = [
        count(len(side), f"{name}{data.unit}")
        for name, side in zip(("track", "artwork"), sides, strict=True)
    ]
    return Chart(
        TITLE,
        draw(len(CHANNELS) * mirror.ROW, paint),
        f"Distributions of {amounts[0]} and {amounts[1]} over each channel, 0 to 255. "
        + " ".join(_finding(channel, *sides) for channel in CHANNELS),
        f"{amounts[0]} upwards, filled; {amounts[1]} downwards, hatched. Heights are "
        f"shares, in steps of {256 // bins} values; a dashed line stands at the mean.",
    )


def _said(values: NDArray[np.float64]) -> str:
    return mirror.summary(values) if len(values) else "none"


def _finding(channel: str, tracks: NDArray[np.float64], artworks: NDArray[np.float64]) -> str:
    at = CHANNELS.index(channel)
    return (
        f"{NAMES[channel].capitalize()} ({channel}): tracks {_said(tracks[:, at])}; "
        f"artworks {_said(artworks[:, at])}."
    )
