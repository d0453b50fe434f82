"""The emotion space: triples by their proportions in a triangle; a template draws it as SVG.

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
_RISE: Final = _SIDE * math.sqrt(3) / 2
_FOOT: Final = _TOP + _RISE
_ROW: Final = _FOOT + 70  # the middle of the row of zero triples
_STEPS: Final = 5  # grid lines divide a side
_SNAP: Final = 20  # the window begins at whole twentieths
_MARGIN: Final = 0.02
_SMALLEST, _LARGEST = 0.1, 0.75  # a window beyond the largest is the whole triangle

_T = TypeVar("_T")
Corner = tuple[float, float]
Shares = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the triangle that is drawn, itself a triangle.

    `least` is the smallest share of each channel in it, `size` its side as a part of the whole.
    """

    least: Shares
    size: float

    @property
    def whole(self) -> bool:
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
class EmotionSpace:
    """The drawing: the marks of each pair by its rank, the marks without partner, and the frame."""

    width: int
    height: float
    corners: tuple[Corner, Corner, Corner]
    grid: tuple[tuple[Corner, Corner], ...]
    window: Window
    inset: tuple[Corner, ...]
    inset_window: tuple[Corner, ...]
    pairs: dict[int, list[Mark]]
    alone: list[Mark]
    radius: float
    zeros: int
    places: int
    row: float
    left_out: int


def emotion_space(tracks: Sequence[Point], artworks: Sequence[Point], limit: int) -> EmotionSpace:
    """Lay out tracks and artworks.

    Args:
        tracks: points of kind track.
        artworks: points of kind artwork.
        limit: about the most pairs to draw, and the most items without a partner; of more, every
            k-th is drawn, so that the picture keeps its shape.
    """
    points = [*tracks, *artworks]
    kept = _thinned(points, limit)
    window = _window([shares for point in kept if (shares := _shares(point.rgb))])
    corners = _triangle(WIDTH / 2, _TOP, _SIDE)
    marks = _marks(kept, window, corners)
    pairs: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.point.paired_with is not None:
            pairs.setdefault(mark.point.paired_with, []).append(mark)
    zeros = sum(not any(point.rgb) for point in kept)
    inset = _triangle(46, 14, 64)
    return EmotionSpace(
        width=WIDTH,
        height=_ROW + 16 if zeros else _FOOT + 42,
        corners=corners,
        grid=_grid(corners),
        window=window,
        inset=inset,
        inset_window=tuple(_at(shares, inset) for shares in _window_corners(window)),
        pairs=pairs,
        alone=[mark for mark in marks if mark.point.paired_with is None],
        radius=5.5 if len(kept) <= 80 else 4 if len(kept) <= 400 else 2.5,  # noqa: PLR2004 - steps of taste
        zeros=zeros,
        places=len({(mark.x, mark.y) for mark in marks if any(mark.point.rgb)}),
        row=_ROW,
        left_out=len(points) - len(kept),
    )


def _thinned(points: Sequence[Point], limit: int) -> list[Point]:
    """Every k-th pair and every k-th item without a partner."""
    alone = [point for point in points if point.paired_with is None]
    ranks = sorted({point.paired_with for point in points if point.paired_with is not None})
    chosen = set(_every(ranks, limit))
    return [point for point in points if point.paired_with in chosen] + _every(alone, limit)


def _every(sequence: list[_T], limit: int) -> list[_T]:
    return sequence[:: max(1, math.ceil(len(sequence) / limit))]


def _shares(rgb: RGB) -> Shares | None:
    """The proportions of a triple; None for (0, 0, 0)."""
    total = sum(rgb)
    return (rgb.red / total, rgb.green / total, rgb.blue / total) if total else None


def _window(shares: Sequence[Shares]) -> Window:
    """The smallest handy window that holds all of them; the whole where that would gain little."""
    if not shares:
        return Window((0, 0, 0), 1)
    lowest = [min(channel) for channel in zip(*shares, strict=True)]
    snapped = [max(0, math.floor((share - _MARGIN) * _SNAP)) / _SNAP for share in lowest]
    size = 1 - sum(snapped)
    if size > _LARGEST:
        return Window((0, 0, 0), 1)
    snapped[snapped.index(max(snapped))] -= max(0, _SMALLEST - size)
    red, green, blue = snapped
    return Window((red, green, blue), max(size, _SMALLEST))


def _triangle(middle: float, top: float, side: float) -> tuple[Corner, Corner, Corner]:
    """Corners in the order of the channels: red on top, green bottom left, blue bottom right."""
    foot = round(top + side * math.sqrt(3) / 2, 2)
    return (middle, top), (middle - side / 2, foot), (middle + side / 2, foot)


def _at(shares: Shares, corners: tuple[Corner, Corner, Corner]) -> Corner:
    x, y = (
        sum(share * corner[axis] for share, corner in zip(shares, corners, strict=True))
        for axis in (0, 1)
    )
    return round(x, 2), round(y, 2)


def _window_corners(window: Window) -> tuple[Shares, Shares, Shares]:
    (red, green, blue), (most_red, most_green, most_blue) = window.least, window.most
    return (most_red, green, blue), (red, most_green, blue), (red, green, most_blue)


def _grid(corners: tuple[Corner, Corner, Corner]) -> tuple[tuple[Corner, Corner], ...]:
    """The lines on which one channel is constant."""
    lines = []
    for i in range(1, _STEPS):
        near, far = i / _STEPS, 1 - i / _STEPS
        lines += [
            (_at((near, far, 0), corners), _at((near, 0, far), corners)),
            (_at((far, near, 0), corners), _at((0, near, far), corners)),
            (_at((far, 0, near), corners), _at((0, far, near), corners)),
        ]
    return tuple(lines)


def _marks(
    points: Sequence[Point], window: Window, corners: tuple[Corner, Corner, Corner]
) -> list[Mark]:
    """Every point in its place: in the triangle, or, without a direction, in the row below."""
    zeros = [point for point in points if not any(point.rgb)]
    gap = min(16.0, (WIDTH - 40) / max(len(zeros), 1))
    row = iter(range(len(zeros)))
    marks = []
    for point in points:
        shares = _shares(point.rgb)
        if shares is None:
            x, y = round(20 + gap * next(row), 2), _ROW
        else:
            red, green, blue = (
                (share - least) / window.size
                for share, least in zip(shares, window.least, strict=True)
            )
            x, y = _at((red, green, blue), corners)
        marks.append(Mark(x, y, point))
    return marks
