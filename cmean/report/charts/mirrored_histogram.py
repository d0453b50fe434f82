"""Mirrored histograms: the tracks' distribution upwards, the artworks' downwards.

Position, outline and filling tell the two apart as well as colour does: nothing depends on hue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.presentation.number_formats import format_percent
from cmean.report.charts.canvas import ARTWORK, INK, LEFT, SMALL, TRACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cmean.report.charts.canvas import ChartCanvas

_HEADING_HEIGHT: Final = 26
_PANEL_HEIGHT: Final = 128
ROW_HEIGHT: Final = _HEADING_HEIGHT + _PANEL_HEIGHT + 30
_HEADROOM: Final = 1.6  # times the tallest bin: room for the text above it


def draw_mirrored_histogram(
    canvas: ChartCanvas,
    top: float,
    heading: str,
    edges: NDArray[np.float64],
    sides: tuple[tuple[NDArray[np.float64], str], tuple[NDArray[np.float64], str]],
) -> Axes:
    """Draw one row: its heading, and the share of each bin, tracks above and artworks below.

    Args:
        canvas: to draw on.
        top: where the row begins.
        heading: what is distributed.
        edges: of the bins, shape (b + 1,), ascending; every value lies between the outer ones.
        sides: values, shape (n,), and a text, of the tracks and of the artworks.
    """
    canvas.add_text((LEFT, top + _HEADING_HEIGHT - 9), heading, is_heading=True)
    axes = canvas.add_panel(top + _HEADING_HEIGHT, _PANEL_HEIGHT)
    shares = [_compute_shares(values, edges) for values, _ in sides]
    highest = max(float(share.max()) for share in shares) or 1.0
    looks: tuple[dict[str, Any], ...] = (
        {"facecolor": TRACK, "alpha": 0.35},
        {"facecolor": "none", "hatch": "/////"},
    )
    for share, look, colour, sign in zip(shares, looks, (TRACK, ARTWORK), (1, -1), strict=True):
        if share.any():
            axes.stairs(sign * share, edges, fill=True, edgecolor=colour, linewidth=0, **look)
            axes.stairs(sign * share, edges, color=colour, linewidth=1.6)
    for (values, text), sign in zip(sides, (1, -1), strict=True):
        _draw_mean(axes, values, sign * highest)
        axes.text(
            1.0,
            1.0 if sign > 0 else 0.03,
            text,
            transform=axes.transAxes,
            ha="right",
            va="top" if sign > 0 else "bottom",
            size=SMALL,
        )
    axes.axhline(0, color=INK, linewidth=1.8, zorder=3)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(-_HEADROOM * highest, _HEADROOM * highest)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([highest, 0, -highest], [format_percent(highest), "0", format_percent(highest)])
    axes.tick_params(labelsize=SMALL)
    axes.tick_params(axis="y", length=0)
    return axes


def describe_spread(values: NDArray[np.float64], decimals: int = 0) -> str:
    """Mean and interquartile range of values, shape (n,), at least one."""
    low, high = np.percentile(values, (25, 75))
    return (
        f"mean {values.mean():.{decimals}f}, middle 50 % {low:.{decimals}f} to {high:.{decimals}f}"
    )


def _compute_shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts, _ = np.histogram(values, bins=edges)
    shares: NDArray[np.float64] = counts / max(len(values), 1)
    return shares


def _draw_mean(axes: Axes, values: NDArray[np.float64], height: float) -> None:
    """Draw a dashed line at the mean, from the axis to above the tallest bin."""
    if len(values):
        ends: Sequence[float] = (0, 1.12 * height)
        axes.plot([values.mean()] * 2, ends, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
