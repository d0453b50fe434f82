"""Scatter plots: single marks for few points, hexagonal bins for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmean.report.charts.canvas import ARTWORK, SMALL, TRACK

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cmean.domain import Kind

MAX_MARKS: Final = 900
"""Points of a chart that are drawn one by one; more would cover each other and bloat the page."""

_FEW_MARKS: Final = 100  # up to which they are drawn larger
_COLUMNS: Final = 26
_TONES: Final = ("#cfdfe9", "#0072b2", "#05233a")


def draw_scatter(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    kind: Kind | None = None,
    max_marks: int = MAX_MARKS,
) -> int | None:
    """Draw points into a panel whose limits are set.

    Args:
        axes: the panel.
        x: shape (n,).
        y: shape (n,).
        kind: circles for tracks, squares for artworks, diamonds for pairs.
        max_marks: the most points that are drawn as marks.

    Returns:
        The number of points in the fullest bin; None where every point is a mark.
    """
    if len(x) <= max_marks:
        shape, colour = {"track": ("o", TRACK), "artwork": ("s", ARTWORK)}.get(
            kind or "", ("D", TRACK)
        )
        look: dict[str, Any] = {
            "markersize": 5 if len(x) <= _FEW_MARKS else 4,
            "markerfacecolor": colour,
            "alpha": 0.5,
        }
        axes.plot(x, y, shape, markeredgecolor=colour, markeredgewidth=0.8, **look)
        return None
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    window = axes.get_window_extent()
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    bins = axes.hexbin(
        x,
        y,
        gridsize=(_COLUMNS, max(4, round(_COLUMNS * window.height / window.width / 3**0.5))),
        extent=(left, right, low, high),
        mincnt=1,
        linewidths=0.2,
        cmap=LinearSegmentedColormap.from_list("tones", list(_TONES)),
        norm=PowerNorm(0.5, 0),
    )
    axes.set(xlim=(left, right), ylim=(low, high))
    counts = bins.get_array()
    return int(counts.max()) if counts is not None and len(counts) else 0


def limit_ticks(axes: Axes, names: str) -> None:
    """Limit the labels of some axes (letters of "xy") to what fits a narrow screen."""
    from matplotlib.ticker import MaxNLocator

    for name in names:
        getattr(axes, f"{name}axis").set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter("{x:.4g}")  # what the left margin has room for
    axes.tick_params(labelsize=SMALL)
