"""The histograms of similarities: numbers in, coordinates out; a template draws them as SVG.

All coordinates are units of a view box 400 wide, origin top left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.presentation.number_formats import format_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.presentation.pairing_phrases import PairingSummary

WIDTH: Final = 400
_LEFT, _RIGHT = 46, 388
_PANEL_HEIGHT: Final = 74
_PAIRS_BASE: Final = 30 + _PANEL_HEIGHT
_NULL_BASE: Final = _PAIRS_BASE + 40 + _PANEL_HEIGHT
_HEIGHT: Final = _NULL_BASE + 56
_BINS: Final = 36
_TICKS: Final = 4
_SHORT_DECIMALS: Final = 3  # labels with more are too wide to stand at each tick
_LEAST_SPAN: Final = 1e-4  # of the axis: identical similarities still need one


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class MeanLine:
    """A vertical line whose label stands on the side that has room."""

    x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram.

    Attributes:
        path: its closed outline; empty where there are no values.
        base: the y of its axis.
        top: the y of its tallest bin.
        tallest: the share of the values in that bin.
    """

    path: str
    base: float
    top: float
    tallest: str


@dataclass(frozen=True, slots=True)
class SimilarityHistograms:
    """The similarities of the pairs and, below them on the same axis, those of random pairs."""

    width: int
    height: float
    left: float
    right: float
    ticks: tuple[Tick, ...]
    pairs: Histogram
    null: Histogram
    strokes: tuple[float, ...]
    mean: MeanLine
    null_mean: MeanLine
    resampled_mean: float | None
    null_band: tuple[float, float]


def layout_similarity_histograms(
    similarities: Sequence[float], null: Sequence[float], pairing: PairingSummary
) -> SimilarityHistograms:
    """Lay out two histograms over one axis, each as high as its tallest bin.

    Args:
        similarities: of the pairs, at least one.
        null: of random single pairs; may be empty.
        pairing: gives the means, and the standard deviation of the null.

    Raises:
        ValueError: the pairing has no null.
    """
    if pairing.null_mean is None or pairing.null_sd is None:
        msg = "the histograms need the null of the pairing"
        raise ValueError(msg)
    means = [pairing.mean, pairing.null_mean]
    if pairing.resampled_mean is not None:
        means.append(pairing.resampled_mean)
    values = np.concatenate([np.asarray(part, float) for part in (similarities, null, means)])
    low, high, step = _choose_axis(float(values.min()), float(values.max()))

    def to_x(value: float) -> float:
        return round(_LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT), 2)

    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = [low + step * i for i in range(round((high - low) / step) + 1)]
    is_crowded = decimals > _SHORT_DECIMALS and len(ticks) > _SHORT_DECIMALS
    label_every = 2 if is_crowded else 1
    return SimilarityHistograms(
        width=WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        ticks=tuple(
            Tick(to_x(value), "" if i % label_every else f"{value:.{decimals}f}")
            for i, value in enumerate(ticks)
        ),
        pairs=_layout_histogram(similarities, low, high, _PAIRS_BASE),
        null=_layout_histogram(null, low, high, _NULL_BASE),
        strokes=tuple(sorted({round(to_x(value) * 2) / 2 for value in similarities})),
        mean=_layout_mean(to_x(pairing.mean)),
        null_mean=_layout_mean(to_x(pairing.null_mean)),
        resampled_mean=(None if pairing.resampled_mean is None else to_x(pairing.resampled_mean)),
        null_band=(
            max(_LEFT, to_x(pairing.null_mean - pairing.null_sd)),
            min(_RIGHT, to_x(pairing.null_mean + pairing.null_sd)),
        ),
    )


def _choose_axis(low: float, high: float) -> tuple[float, float, float]:
    """Choose round bounds, and the step of the ticks between them; a similarity never exceeds 1."""
    if high - low < _LEAST_SPAN:
        low, high = low - _LEAST_SPAN / 2, high + _LEAST_SPAN / 2
    step = _round_up_step((high - low) / _TICKS)
    low = math.floor(low / step + 1e-9) * step
    high = math.ceil(high / step - 1e-9) * step
    return low, min(high, 1.0), step  # 1 is a multiple of every step


def _round_up_step(step: float) -> float:
    """Return the next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def _layout_histogram(values: Sequence[float], low: float, high: float, base: float) -> Histogram:
    top = base - _PANEL_HEIGHT
    if not len(values):
        return Histogram("", base, top, "")
    inside = np.clip(np.asarray(values, float), low, high)
    counts, _ = np.histogram(inside, bins=_BINS, range=(low, high))
    edges = np.linspace(_LEFT, _RIGHT, _BINS + 1)[1:]
    heights = base - counts / counts.max() * _PANEL_HEIGHT
    steps = "".join(
        f"V{height:.2f}H{edge:.2f}" for edge, height in zip(edges, heights, strict=True)
    )
    tallest = format_percent(float(counts.max()) / len(inside))
    return Histogram(f"M{_LEFT} {base}{steps}V{base}Z", base, top, tallest)


def _layout_mean(x: float) -> MeanLine:
    return MeanLine(x, "end" if x > (_LEFT + _RIGHT) / 2 else "start")
