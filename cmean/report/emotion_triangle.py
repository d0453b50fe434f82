"""The emotion triangle: triples by their proportions; a template draws it as SVG.

Cosine compares directions, so a triple (r, g, b) stands where (r, g, b) / (r + g + b) puts it: at a
corner if it has one channel only, in the middle if all are equal. A triple of three zeros has no
direction and stands in a row below. Coordinates are units of a view box 400 wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import RGB
    from cmean.report.model import Point

WIDTH: Final = 400
_TOP, _SIDE = 44, 330
_TRIANGLE_HEIGHT: Final = _SIDE * math.sqrt(3) / 2
_BASE: Final = _TOP + _TRIANGLE_HEIGHT
_ZERO_ROW: Final = _BASE + 70  # the middle of the row of zero triples
_STEPS: Final = 5  # grid lines divide a side
_SNAP: Final = 20  # the bounds of a window are multiples of 1/20
_MARGIN: Final = 0.02
_SMALLEST, _LARGEST = 0.1, 0.75  # sizes; instead of a larger window the whole is drawn

_T = TypeVar("_T")
Corner = tuple[float, float]
Shares = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class TriangleWindow:
    """The part of the triangle that is drawn, itself a triangle.

    `least` is the smallest share of each channel in it, `size` its side as a part of the whole.
    """

    least: Shares
    size: float

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole triangle."""
        return self.size == 1

    @property
    def most(self) -> Shares:
        """The share of each channel at its own corner."""
        red, green, blue = self.least
        return red + self.size, green + self.size, blue + self.size

    @property
    def step(self) -> float:
        """The share between two grid lines."""
        return self.size / _STEPS


@dataclass(frozen=True, slots=True)
class Mark:
    """One item: a circle for a track, a square for an artwork."""

    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True)
class EmotionTriangle:
    """The drawing.

    Attributes:
        width: of the view box.
        height: of the view box.
        corners: of the triangle, in the order of the channels.
        grid: lines on which one channel is constant.
        window: which part of the whole triangle is drawn.
        inset: corners of the small triangle that shows where the window is.
        inset_window: corners of the window in it.
        pairs: the marks of each pair, by its rank.
        unpaired: the marks of items without a partner.
        radius: of marks.
        zeros: number of triples (0, 0, 0).
        places: number of distinct places of marks in the triangle.
        zero_row: the y of the row of zero triples.
        left_out: points that are not drawn since there are too many.
    """

    width: int
    height: float
    corners: tuple[Corner, Corner, Corner]
    grid: tuple[tuple[Corner, Corner], ...]
    window: TriangleWindow
    inset: tuple[Corner, ...]
    inset_window: tuple[Corner, ...]
    pairs: dict[int, list[Mark]]
    unpaired: list[Mark]
    radius: float
    zeros: int
    places: int
    zero_row: float
    left_out: int


def layout_emotion_triangle(
    tracks: Sequence[Point], artworks: Sequence[Point], limit: int
) -> EmotionTriangle:
    """Lay out tracks and artworks.

    Args:
        tracks: points of kind track.
        artworks: points of kind artwork.
        limit: about the most pairs to draw, and the most items without a partner; of more, every
            k-th is drawn, so that the picture keeps its shape.
    """
    points = [*tracks, *artworks]
    sample = _thin_points(points, limit)
    window = _choose_window([shares for point in sample if (shares := _compute_shares(point.rgb))])
    corners = _compute_corners(WIDTH / 2, _TOP, _SIDE)
    marks = _place_marks(sample, window, corners)
    pairs: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.point.paired_with is not None:
            pairs.setdefault(mark.point.paired_with, []).append(mark)
    zeros = sum(not any(point.rgb) for point in sample)
    inset = _compute_corners(46, 14, 64)
    return EmotionTriangle(
        width=WIDTH,
        height=_ZERO_ROW + 16 if zeros else _BASE + 42,
        corners=corners,
        grid=_compute_grid(corners),
        window=window,
        inset=inset,
        inset_window=tuple(
            _locate_shares(shares, inset) for shares in _list_window_corners(window)
        ),
        pairs=pairs,
        unpaired=[mark for mark in marks if mark.point.paired_with is None],
        radius=5.5 if len(sample) <= 80 else 4 if len(sample) <= 400 else 2.5,  # noqa: PLR2004 - by eye
        zeros=zeros,
        places=len({(mark.x, mark.y) for mark in marks if any(mark.point.rgb)}),
        zero_row=_ZERO_ROW,
        left_out=len(points) - len(sample),
    )


def _thin_points(points: Sequence[Point], limit: int) -> list[Point]:
    """Select every k-th pair and every k-th item without a partner."""
    unpaired = [point for point in points if point.paired_with is None]
    ranks = sorted({point.paired_with for point in points if point.paired_with is not None})
    chosen = set(_take_every(ranks, limit))
    return [point for point in points if point.paired_with in chosen] + _take_every(unpaired, limit)


def _take_every(sequence: list[_T], limit: int) -> list[_T]:
    return sequence[:: max(1, math.ceil(len(sequence) / limit))]


def _compute_shares(rgb: RGB) -> Shares | None:
    """Compute the proportions of a triple; None for (0, 0, 0)."""
    total = sum(rgb)
    return (rgb.red / total, rgb.green / total, rgb.blue / total) if total else None


def _choose_window(shares: Sequence[Shares]) -> TriangleWindow:
    """Choose the smallest window with round bounds that holds all points, or the whole."""
    if not shares:
        return TriangleWindow((0, 0, 0), 1)
    lowest = [min(channel) for channel in zip(*shares, strict=True)]
    snapped = [max(0, math.floor((share - _MARGIN) * _SNAP)) / _SNAP for share in lowest]
    size = 1 - sum(snapped)
    if size > _LARGEST:
        return TriangleWindow((0, 0, 0), 1)
    snapped[snapped.index(max(snapped))] -= max(0, _SMALLEST - size)
    red, green, blue = snapped
    return TriangleWindow((red, green, blue), max(size, _SMALLEST))


def _compute_corners(middle: float, top: float, side: float) -> tuple[Corner, Corner, Corner]:
    """Corners in the order of the channels: red on top, green bottom left, blue bottom right."""
    foot = round(top + side * math.sqrt(3) / 2, 2)
    return (middle, top), (middle - side / 2, foot), (middle + side / 2, foot)


def _locate_shares(shares: Shares, corners: tuple[Corner, Corner, Corner]) -> Corner:
    x, y = (
        sum(share * corner[axis] for share, corner in zip(shares, corners, strict=True))
        for axis in (0, 1)
    )
    return round(x, 2), round(y, 2)


def _list_window_corners(window: TriangleWindow) -> tuple[Shares, Shares, Shares]:
    (red, green, blue), (most_red, most_green, most_blue) = window.least, window.most
    return (most_red, green, blue), (red, most_green, blue), (red, green, most_blue)


def _compute_grid(corners: tuple[Corner, Corner, Corner]) -> tuple[tuple[Corner, Corner], ...]:
    """Compute the lines on which one channel is constant."""
    lines = []
    for i in range(1, _STEPS):
        near, far = i / _STEPS, 1 - i / _STEPS
        lines += [
            (_locate_shares((near, far, 0), corners), _locate_shares((near, 0, far), corners)),
            (_locate_shares((far, near, 0), corners), _locate_shares((0, near, far), corners)),
            (_locate_shares((far, 0, near), corners), _locate_shares((0, far, near), corners)),
        ]
    return tuple(lines)


def _place_marks(
    points: Sequence[Point], window: TriangleWindow, corners: tuple[Corner, Corner, Corner]
) -> list[Mark]:
    """Place points in the triangle, and those without a direction in a row below it."""
    zeros = [point for point in points if not any(point.rgb)]
    gap = min(16.0, (WIDTH - 40) / max(len(zeros), 1))
    row = iter(range(len(zeros)))
    marks = []
    for point in points:
        shares = _compute_shares(point.rgb)
        if shares is None:
            x, y = round(20 + gap * next(row), 2), _ZERO_ROW
        else:
            red, green, blue = (
                (share - least) / window.size
                for share, least in zip(shares, window.least, strict=True)
            )
            x, y = _locate_shares((red, green, blue), corners)
        marks.append(Mark(x, y, point))
    return marks
