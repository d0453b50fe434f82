"""Each channel over the labels of the same items: scatter plots of numbers, boxes of categories."""

from __future__ import annotations

from collections import Counter
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import CHANNELS, Kind
from cmean.presentation.channel_names import CHANNEL_NAMES
from cmean.presentation.number_formats import format_count
from cmean.report.charts.canvas import (
    ARTWORK,
    INK,
    LEFT,
    SMALL,
    TRACK,
    compute_axis_limits,
    draw_svg,
    shorten_label,
)
from cmean.report.charts.channel_chart import CHANNEL_TICKS
from cmean.report.charts.model import Chart
from cmean.report.charts.scatter import MAX_MARKS, draw_scatter, limit_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from cmean.report.charts.canvas import ChartCanvas
    from cmean.report.charts.model import LabelPanel

MAX_CATEGORIES: Final = 8
"""Categories that get a box, those with the most items."""

_TOP: Final = 24  # height of the line that names the axes
_HEADING_HEIGHT: Final = 25
_LINE_HEIGHT: Final = 15  # of the estimate
_PANEL_HEIGHT: Final = 130
_BOX_HEIGHT: Final = 34  # of a category: its name, and its box below it
_FOOT_HEIGHT: Final = 26
_MAX_LINES, _LINE_LENGTH = 2, 54  # of the estimate; characters that fit a line
_LEAST_SPAN: Final = 0.02  # of an axis, as a part of the largest label
_FEW: Final = 12  # values up to which each is drawn on its box


def build_label_charts(panels: Iterable[LabelPanel]) -> list[Chart]:
    """Build a chart for each kind, label set and dimension, with a panel for each channel.

    Panels of one dimension that have no values are left out; the caption then says so.
    """
    grouped: dict[tuple[Kind, str, str], list[LabelPanel]] = {}
    for panel in panels:
        grouped.setdefault((panel.kind, panel.name, panel.dimension), []).append(panel)
    return [
        _build_chart(sorted(group, key=lambda panel: CHANNELS.index(panel.channel)))
        for group in grouped.values()
    ]


def _build_chart(group: Sequence[LabelPanel]) -> Chart:
    first = group[0]
    kind, dimension, name = (
        first.kind.value,
        shorten_label(first.dimension),
        shorten_label(first.name),
    )
    title = f"{kind.capitalize()}s: channels and {dimension} ({name})"
    panels = [panel for panel in group if len(panel.values)]
    if not panels:
        return Chart(
            title,
            None,
            "",
            f"No {kind} with an emotion triple has the label {dimension} of {name}.",
        )
    numeric = panels[0].labels is not None
    rows = [] if numeric else _choose_categories(panels[0])
    svg, fullest_bin = _draw_panels(panels, dimension, rows)
    return Chart(
        title,
        svg,
        f"{dimension} of {kind}s over each channel. "
        + " ".join(
            f"{_name_channel(panel)}: {shorten_label(panel.estimate, 200)}." for panel in panels
        ),
        _describe_scatter(panels, fullest_bin) if numeric else _describe_boxes(panels[0], rows),
    )


def _name_channel(panel: LabelPanel) -> str:
    return f"{CHANNEL_NAMES[panel.channel].capitalize()} ({panel.channel})"


def _draw_panels(
    panels: Sequence[LabelPanel], dimension: str, rows: Sequence[str]
) -> tuple[str, int | None]:
    """Draw the panels; return the drawing and the number of points in the fullest bin."""
    high = _BOX_HEIGHT * len(rows) if rows else _PANEL_HEIGHT
    estimates = [
        wrap(shorten_label(panel.estimate, _MAX_LINES * _LINE_LENGTH), _LINE_LENGTH)
        for panel in panels
    ]
    head = _HEADING_HEIGHT + _LINE_HEIGHT * min(_MAX_LINES, max(map(len, estimates)))
    step = head + high + _FOOT_HEIGHT
    fullest_bins: list[int] = []

    def paint(canvas: ChartCanvas) -> None:
        vertical = f"by {dimension}" if rows else f"vertical: {dimension}"
        canvas.add_text((LEFT, 14), f"{vertical}; horizontal: the channel, 0 to 255")
        for number, panel in enumerate(panels):
            top = _TOP + number * step
            canvas.add_text((LEFT, top + 16), _name_channel(panel), is_heading=True)
            for line, text in enumerate(estimates[number][:_MAX_LINES]):
                canvas.add_text((LEFT, top + 31 + line * _LINE_HEIGHT), text)
            axes = canvas.add_panel(top + head, high)
            axes.set_xlim(-6, 261)
            axes.set_xticks(CHANNEL_TICKS)
            axes.tick_params(labelsize=SMALL)
            if rows:
                _draw_boxes(axes, panel, rows)
            else:
                fullest_bins.append(_draw_numbers(axes, panel, MAX_MARKS // len(panels)) or 0)

    svg = draw_svg(_TOP + step * len(panels), paint)
    return svg, max(fullest_bins, default=0) or None


def _draw_numbers(axes: Axes, panel: LabelPanel, max_marks: int) -> int | None:
    labels = np.asarray(panel.labels, np.float64)
    axes.set_ylim(*compute_axis_limits(labels, _LEAST_SPAN * (float(np.abs(labels).max()) or 1)))
    limit_ticks(axes, "y")
    return draw_scatter(axes, panel.values, labels, panel.kind, max_marks)


def _choose_categories(panel: LabelPanel) -> list[str]:
    """Choose the categories with the most items, highest median first."""
    categories = np.asarray(panel.categories, object)
    amounts = Counter(panel.categories or ())
    most = sorted(amounts, key=lambda category: (-amounts[category], category))[:MAX_CATEGORIES]
    medians = {each: float(np.median(panel.values[categories == each])) for each in most}
    return sorted(most, key=lambda category: (-medians[category], category))


def _draw_boxes(axes: Axes, panel: LabelPanel, rows: Sequence[str]) -> None:
    categories = np.asarray(panel.categories, object)
    colour = TRACK if panel.kind is Kind.TRACK else ARTWORK
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for number, category in enumerate(rows):
        values = panel.values[categories == category]
        axes.text(-6, number + 0.4, f"{shorten_label(category, 36)} ({len(values):,})", size=SMALL)
        if not len(values):
            continue
        axes.boxplot(
            [values],
            positions=[number + 0.7],
            widths=0.26,
            orientation="horizontal",
            whis=(5, 95),
            showfliers=False,
            manage_ticks=False,
            patch_artist=True,
            boxprops={"facecolor": colour, "alpha": 0.35, "edgecolor": colour},
            whiskerprops={"color": colour, "linewidth": 1.2},
            capprops={"color": colour, "linewidth": 1.2},
            medianprops={"color": INK, "linewidth": 2},
        )
        if len(values) <= _FEW:
            axes.plot(values, np.full(len(values), number + 0.7), "|", color=INK, markersize=5)


def _describe_scatter(panels: Sequence[LabelPanel], fullest_bin: int | None) -> str:
    number = format_count(max(len(panel.values) for panel in panels), panels[0].kind.value)
    if fullest_bin is None:
        return f"{number} with this label, one mark each."
    return f"{number} with this label. Darker cells hold more of them, up to {fullest_bin:,}."


def _describe_boxes(panel: LabelPanel, rows: Sequence[str]) -> str:
    amounts = Counter(panel.categories or ())
    more = len(amounts) - len(rows)
    left = sum(amounts.values()) - sum(amounts[row] for row in rows)
    rest = (
        f" {format_count(more, 'rarer label')} of {format_count(left, 'item')} left out."
        if more
        else ""
    )
    return (
        "Boxes show the median and the quartiles, whiskers the 5th and the 95th percentile; in "
        f"parentheses the number of {panel.kind.value}s, each of which has a stroke where there "
        f"are few.{rest}"
    )
