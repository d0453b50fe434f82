"""Two distributions over one axis: the tracks' upwards, the artworks' downwards.

Place, outline and filling tell the two apart as well as the colour does: nothing depends on hue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.presentation.number_formats import percent
from cmean.report.charts.sheet import ARTWORK, INK, LEFT, SMALL, TRACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cmean.report.charts.sheet import Sheet

HEAD: Final = 26  # from the top of a row to its panel
PANEL: Final = 128
ROW: Final = HEAD + PANEL + 30
_HEADROOM: Final = 1.6  # as high as the tallest bin: room for the words above it


def row(
    sheet: Sheet,
    top: float,
    name: str,
    edges: NDArray[np.float64],
    sides: tuple[tuple[NDArray[np.float64], str], tuple[NDArray[np.float64], str]],
) -> Axes:
    """One row: its name, and the shares of each bin, of the tracks above and the artworks below.

    Args:
        sheet: to draw on.
        top: where the row begins.
        name: what is distributed.
        edges: of the bins, shape (b + 1,), ascending; every value lies between the outer ones.
        sides: values, shape (n,), and words, of the tracks and of the artworks.
    """
    sheet.text((LEFT, top + HEAD - 9), name, name=True)
    axes = sheet.panel(top + HEAD, PANEL)
    shares = [_shares(values, edges) for values, _ in sides]
    highest = max(float(share.max()) for share in shares) or 1.0
    looks: tuple[dict[str, Any], ...] = (
        {"facecolor": TRACK, "alpha": 0.35},
        {"facecolor": "none", "hatch": "/////"},
    )
    for share, look, colour, sign in zip(shares, looks, (TRACK, ARTWORK), (1, -1), strict=True):
        if share.any():
            axes.stairs(sign * share, edges, fill=True, edgecolor=colour, linewidth=0, **look)
            axes.stairs(sign * share, edges, color=colour, linewidth=1.6)
    for (values, words), sign in zip(sides, (1, -1), strict=True):
        _mean(axes, values, sign * highest)
        axes.text(
            1.0,
            1.0 if sign > 0 else 0.03,
            words,
            transform=axes.transAxes,
            ha="right",
            va="top" if sign > 0 else "bottom",
            size=SMALL,
        )
    axes.axhline(0, color=INK, linewidth=1.8, zorder=3)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(-_HEADROOM * highest, _HEADROOM * highest)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([highest, 0, -highest], [percent(highest), "0", percent(highest)])
    axes.tick_params(labelsize=SMALL)
    axes.tick_params(axis="y", length=0)
    return axes


def summary(values: NDArray[np.float64], decimals: int = 0) -> str:
    """Mean and middle half of some values, shape (n,), at least one."""
    low, high = np.percentile(values, (25, 75))
    return (
        f"mean {values.mean():.{decimals}f}, middle half {low:.{decimals}f} to {high:.{decimals}f}"
    )


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts, _ = np.histogram(values, bins=edges)
    shares: NDArray[np.float64] = counts / max(len(values), 1)
    return shares


def _mean(axes: Axes, values: NDArray[np.float64], height: float) -> None:
    """A dashed line from the axis past the tallest bin, where the mean is."""
    if len(values):
        ends: Sequence[float] = (0, 1.12 * height)
        axes.plot([values.mean()] * 2, ends, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
