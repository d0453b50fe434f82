"""The histogram of similarities: numbers in, coordinates out; a template draws them as SVG.

All coordinates are units of a view box 400 wide, origin top left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.presentation.number_formats import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.report.model import PairingSummary

WIDTH: Final = 400
_LEFT, _RIGHT = 46, 388
_PANEL: Final = 74  # the height of either histogram
_UPPER: Final = 30 + _PANEL  # where the pairs stand
_LOWER: Final = _UPPER + 40 + _PANEL  # where the null stands
_HEIGHT: Final = _LOWER + 56
_BINS: Final = 36
_TICKS: Final = 4
_SHORT: Final = 3
_NARROWEST: Final = 1e-4  # the least width of the axis: identical similarities still need one


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mean:
    """A vertical line with its label, which leans to the side that has room."""

    at: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One histogram: its closed path, where it stands, how high it may be, its tallest bin."""

    path: str
    foot: float
    top: float
    tallest: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """The similarities of the pairs, and below them on the same axis those of random pairs."""

    width: int
    height: float
    left: float
    right: float
    ticks: tuple[Tick, ...]
    pairs: Panel
    null: Panel
    marks: tuple[float, ...]
    mean: Mean
    null_mean: Mean
    resampled: float | None
    band: tuple[float, float]


def distribution(
    similarities: Sequence[float], null: Sequence[float], pairing: PairingSummary
) -> Distribution:
    """Lay out two histograms over one axis, each as high as its tallest bin.

    Args:
        similarities: of the pairs, at least one.
        null: of random single pairs; may be empty.
        pairing: gives the means, and the deviation of the null one.
    """
    means = [pairing.mean, pairing.null_mean]
    if pairing.resampled_mean is not None:
        means.append(pairing.resampled_mean)
    values = np.concatenate([np.asarray(part, float) for part in (similarities, null, means)])
    low, high, step = _axis(float(values.min()), float(values.max()))

    def x(value: float) -> float:
        return round(_LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT), 2)

    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = [low + step * i for i in range(round((high - low) / step) + 1)]
    every = 2 if decimals > _SHORT and len(ticks) > _SHORT else 1  # long labels need more room
    return Distribution(
        width=WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        ticks=tuple(
            Tick(x(value), "" if i % every else f"{value:.{decimals}f}")
            for i, value in enumerate(ticks)
        ),
        pairs=_panel(similarities, low, high, _UPPER),
        null=_panel(null, low, high, _LOWER),
        marks=tuple(sorted({round(x(value) * 2) / 2 for value in similarities})),
        mean=_mean(x(pairing.mean)),
        null_mean=_mean(x(pairing.null_mean)),
        resampled=None if pairing.resampled_mean is None else x(pairing.resampled_mean),
        band=(
            max(_LEFT, x(pairing.null_mean - pairing.null_sd)),
            min(_RIGHT, x(pairing.null_mean + pairing.null_sd)),
        ),
    )


def _axis(low: float, high: float) -> tuple[float, float, float]:
    """Round bounds and the step of the ticks between them; a similarity never passes 1."""
    if high - low < _NARROWEST:
        low, high = low - _NARROWEST / 2, high + _NARROWEST / 2
    step = _nice((high - low) / _TICKS)
    low = math.floor(low / step + 1e-9) * step
    high = math.ceil(high / step - 1e-9) * step
    return low, min(high, 1.0), step  # 1 is a multiple of every step


def _nice(step: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= step * (1 - 1e-9))


def _panel(values: Sequence[float], low: float, high: float, foot: float) -> Panel:
    """A histogram that stands on `foot`; an empty path where there are no values."""
    top = foot - _PANEL
    if not len(values):
        return Panel("", foot, top, "")
    inside = np.clip(np.asarray(values, float), low, high)
    counts, _ = np.histogram(inside, bins=_BINS, range=(low, high))
    edges = np.linspace(_LEFT, _RIGHT, _BINS + 1)[1:]
    heights = foot - counts / counts.max() * _PANEL
    steps = "".join(
        f"V{height:.2f}H{edge:.2f}" for edge, height in zip(edges, heights, strict=True)
    )
    tallest = percent(float(counts.max()) / len(inside))
    return Panel(f"M{_LEFT} {foot}{steps}V{foot}Z", foot, top, tallest)


def _mean(at: float) -> Mean:
    return Mean(at, "end" if at > (_LEFT + _RIGHT) / 2 else "start")
