"""Channels beside labels: does a channel rise with what people said of the same items?"""

from __future__ import annotations

from collections import Counter
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import CHANNELS, Kind
from cmean.report.charts.channels import NAMES, TICKS
from cmean.report.charts.clouds import MARKS, cloud, few_ticks
from cmean.report.charts.data import Chart
from cmean.report.charts.sheet import (
    ARTWORK,
    INK,
    LEFT,
    SMALL,
    TRACK,
    draw,
    label,
    span,
)
from cmean.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from cmean.report.charts.data import LabelPanel
    from cmean.report.charts.sheet import Sheet

CATEGORIES: Final = 8
"""Categories that get a box, those with most items."""

_TOP: Final = 24  # what the vertical axis is, in words
_HEAD: Final = 25  # the name of a panel
_LINE: Final = 15  # of its estimate
_PANEL: Final = 130
_BOX: Final = 34  # a category: its name, and its box below it
_FOOT: Final = 26
_LINES, _LONGEST = 2, 54  # of the estimate, at most, and the characters that have room in each
_LEAST: Final = 0.02  # the least that an axis reaches over, as a part of the largest label
_FEW: Final = 12  # values that are drawn one by one on their box


def label_charts(panels: Iterable[LabelPanel]) -> list[Chart]:
    """A chart for each kind, name and dimension, with a panel for each of its channels.

    Panels of one dimension that have no values are left out; the caption then says so.
    """
    grouped: dict[tuple[Kind, str, str], list[LabelPanel]] = {}
    for panel in panels:
        grouped.setdefault((panel.kind, panel.name, panel.dimension), []).append(panel)
    return [
        _chart(sorted(group, key=lambda panel: CHANNELS.index(panel.channel)))
        for group in grouped.values()
    ]


def _chart(group: Sequence[LabelPanel]) -> Chart:
    first = group[0]
    kind, dimension, name = first.kind.value, label(first.dimension), label(first.name)
    title = f"{kind.capitalize()}s: the channels beside {dimension} ({name})"
    drawn = [panel for panel in group if len(panel.values)]
    if not drawn:
        return Chart(
            title,
            None,
            "",
            f"No {kind} with an emotion triple has the label {dimension} of {name}.",
        )
    numeric = drawn[0].labels is not None
    rows = [] if numeric else _rows(drawn[0])
    svg, fullest = _draw(drawn, dimension, rows)
    return Chart(
        title,
        svg,
        f"{dimension} of {kind}s over each channel. "
        + " ".join(f"{_name(panel)}: {label(panel.estimate, 200)}." for panel in drawn),
        _cloud_caption(drawn, fullest) if numeric else _box_caption(drawn[0], rows),
    )


def _name(panel: LabelPanel) -> str:
    return f"{NAMES[panel.channel].capitalize()} ({panel.channel})"


def _draw(
    panels: Sequence[LabelPanel], dimension: str, rows: Sequence[str]
) -> tuple[str, int | None]:
    """The drawing, and what the fullest cell of any panel holds."""
    high = _BOX * len(rows) if rows else _PANEL
    estimates = [wrap(label(panel.estimate, _LINES * _LONGEST), _LONGEST) for panel in panels]
    head = _HEAD + _LINE * min(_LINES, max(map(len, estimates)))
    step = head + high + _FOOT
    cells: list[int] = []

    def paint(sheet: Sheet) -> None:
        upwards = f"by {dimension}" if rows else f"upwards: {dimension}"
        sheet.text((LEFT, 14), f"{upwards}; to the right: the channel, 0 to 255")
        for number, panel in enumerate(panels):
            top = _TOP + number * step
            sheet.text((LEFT, top + 16), _name(panel), name=True)
            for line, words in enumerate(estimates[number][:_LINES]):
                sheet.text((LEFT, top + 31 + line * _LINE), words)
            axes = sheet.panel(top + head, high)
            axes.set_xlim(-6, 261)
            axes.set_xticks(TICKS)
            axes.tick_params(labelsize=SMALL)
            if rows:
                _boxes(axes, panel, rows)
            else:
                cells.append(_cloud(axes, panel, MARKS // len(panels)) or 0)

    svg = draw(_TOP + step * len(panels), paint)
    return svg, max(cells, default=0) or None


def _cloud(axes: Axes, panel: LabelPanel, many: int) -> int | None:
    labels = np.asarray(panel.labels, np.float64)
    axes.set_ylim(*span(labels, _LEAST * (float(np.abs(labels).max()) or 1)))
    few_ticks(axes, "y")
    return cloud(axes, panel.values, labels, panel.kind, many)


def _rows(panel: LabelPanel) -> list[str]:
    """The categories with most items, highest median first."""
    found = np.asarray(panel.categories, object)
    amounts = Counter(panel.categories or ())
    most = sorted(amounts, key=lambda category: (-amounts[category], category))[:CATEGORIES]
    medians = {each: float(np.median(panel.values[found == each])) for each in most}
    return sorted(most, key=lambda category: (-medians[category], category))


def _boxes(axes: Axes, panel: LabelPanel, rows: Sequence[str]) -> None:
    found = np.asarray(panel.categories, object)
    colour = TRACK if panel.kind is Kind.TRACK else ARTWORK
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for number, category in enumerate(rows):
        values = panel.values[found == category]
        axes.text(-6, number + 0.4, f"{label(category, 36)} ({len(values):,})", size=SMALL)
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


def _cloud_caption(panels: Sequence[LabelPanel], fullest: int | None) -> str:
    amount = count(max(len(panel.values) for panel in panels), panels[0].kind.value)
    if fullest is None:
        return f"{amount} with this label, a mark each."
    return (
        f"{amount} with this label. The stronger the tone, the more of them: up to "
        f"{fullest:,} in a cell."
    )


def _box_caption(panel: LabelPanel, rows: Sequence[str]) -> str:
    amounts = Counter(panel.categories or ())
    more = len(amounts) - len(rows)
    left = sum(amounts.values()) - sum(amounts[row] for row in rows)
    rest = f" {count(more, 'rarer label')} of {count(left, 'item')} left out." if more else ""
    return (
        "Boxes hold the middle half and the median, whiskers reach from the 5th to the 95th "
        f"percentile; beside each label its number of {panel.kind.value}s, which have a stroke "
        f"each where they are few.{rest}"
    )
