"""Building blocks of compositions: colour ramps, noise, masks and light, as float arrays.

A composition is an array of shape (3, height, width) with sRGB values 0..1, one plane a channel; a
mask has shape (height, width), 0..1. Coordinates are shares of the height (y, downwards) and of
the width (x).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFilter
from PIL.Image import Resampling

if TYPE_CHECKING:
    from collections.abc import Sequence

Plane = NDArray[np.floating]
"""A mask, shape (height, width), or a composition, shape (3, height, width)."""

Point = tuple[float, float]
"""x and y as shares of the width and the height."""


class Composition:
    """A composition under construction.

    Args:
        width, height: pixels.
        seed: of everything random in the picture.
    """

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.size = (width, height)
        self.rng = np.random.default_rng(seed)
        self.y, self.x = np.meshgrid(
            np.linspace(0, 1, height, dtype=np.float32),
            np.linspace(0, 1, width, dtype=np.float32),
            indexing="ij",
        )
        self.pixels: Plane = np.zeros((3, height, width), np.float32)

    def fill(self, stops: Sequence[tuple[float, str]], along: Plane) -> None:
        """Fill with a ramp of colours (position, ``#rrggbb``) over the values of `along`."""
        self.pixels = apply_ramp(stops, along)

    def lay_over(self, colour: str | Plane, mask: Plane) -> None:
        """Blend a colour or a composition over the picture by a mask."""
        rows = _find_touched_rows(mask)
        ink = parse_colour(colour)[:, None, None] if isinstance(colour, str) else colour[:, rows]
        for plane, value in zip(self.pixels[:, rows], ink, strict=True):
            np.add(plane, (value - plane) * mask[rows], out=plane)

    def add_light(self, colour: str, mask: Plane) -> None:
        """Add light by the screen blend mode."""
        rows = _find_touched_rows(mask)
        for plane, value in zip(self.pixels[:, rows], parse_colour(colour), strict=True):
            np.add(plane, (1.0 - plane) * (value * mask[rows]), out=plane)

    def make_clouds(self, scale: float, octaves: int = 4, stretch: float = 1.0) -> Plane:
        """Make fractal value noise, 0..1 with mean about 0.5.

        Args:
            scale: cells over the height in the first octave.
            octaves: each twice as fine and half as strong as the one before.
            stretch: how many times wider than high a cell is.
        """
        width, height = self.size[0] // 2, self.size[1] // 2
        total = np.zeros((height, width), np.float32)
        for octave in range(octaves):
            rows = max(2, round(scale * 2**octave)) + 1
            columns = max(2, round(scale * 2**octave * width / height / stretch)) + 1
            cells = Image.fromarray(self.rng.random((rows, columns), np.float32))
            total += np.asarray(cells.resize((width, height), Resampling.BICUBIC)) / 2**octave
        total /= np.float32(2.0 - 2.0 ** (1 - octaves))
        return np.asarray(Image.fromarray(total).resize(self.size, Resampling.BILINEAR))

    def make_ridge(self, level: float, rise: float, scale: float, octaves: int = 5) -> Plane:
        """Make the mask below a hilly line about `level`, up to `rise` higher or lower."""
        width, height = self.size
        line = np.full(width, level)
        for octave in range(octaves):
            cells = max(2, round(scale * 2**octave)) + 1
            knots = self.rng.uniform(-rise, rise, cells) / 2**octave
            spot = self.x[0] * (cells - 1)
            low = np.minimum(spot.astype(int), cells - 2)
            share = (1.0 - np.cos(np.pi * (spot - low))) / 2.0
            line += knots[low] * (1.0 - share) + knots[low + 1] * share
        below: Plane = np.clip((self.y - line.astype(np.float32)) * height + 0.5, 0.0, 1.0)
        return below

    def make_glow(self, centre: Point, radius: float, flat: float = 1.0) -> Plane:
        """Make a mask that falls off around a point; `radius` in heights, `flat` widens it."""
        aspect = self.size[0] / self.size[1]
        across, down = (self.x - centre[0]) * aspect / flat, self.y - centre[1]
        light: Plane = np.exp(-(across**2 + down**2) / np.float32(radius**2))
        return light

    def draw_shapes(self, *outlines: Sequence[Point]) -> Plane:
        """Draw the mask of filled polygons, with soft edges."""
        image, draw = self._start_drawing()
        for outline in outlines:
            draw.polygon(self._scale_points(outline), fill=255)
        return self._finish_mask(image)

    def draw_discs(self, places: Sequence[tuple[float, float, float, float]]) -> Plane:
        """Draw the mask of ellipses (x, y, half width and half height in shares of the height)."""
        image, draw = self._start_drawing()
        for x, y, wide, high in places:
            (cx, cy), unit = self._scale_points([(x, y)])[0], 2 * self.size[1]
            reach, drop = wide * unit, high * unit
            draw.ellipse((cx - reach, cy - drop, cx + reach, cy + drop), fill=255)
        return self._finish_mask(image)

    def draw_lines(self, strokes: Sequence[tuple[Sequence[Point], float]]) -> Plane:
        """Draw the mask of polylines, each with its thickness in shares of the height."""
        image, draw = self._start_drawing()
        for points, thickness in strokes:
            wide = max(1, round(2 * thickness * self.size[1]))
            draw.line(self._scale_points(points), fill=255, width=wide, joint="curve")
        return self._finish_mask(image)

    def blur_mask(self, mask: Plane, radius: float) -> Plane:
        """Blur a mask; `radius` in heights."""
        image = Image.fromarray((255 * mask).astype(np.uint8)).reduce(2)
        image = image.filter(ImageFilter.GaussianBlur(0.4 * radius * self.size[1]))
        return np.asarray(image.resize(self.size, Resampling.BILINEAR), np.float32) / 255.0

    def _start_drawing(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        image = Image.new("L", (2 * self.size[0], 2 * self.size[1]))
        return image, ImageDraw.Draw(image)

    def _scale_points(self, points: Sequence[Point]) -> list[Point]:
        return [(2 * self.size[0] * x, 2 * self.size[1] * y) for x, y in points]

    def _finish_mask(self, image: Image.Image) -> Plane:
        return np.asarray(image.reduce(2), np.float32) / 255.0


def parse_colour(colour: str) -> Plane:
    """Parse a colour such as ``#ff8800`` as three values 0..1."""
    return np.asarray(ImageColor.getrgb(colour), np.float32) / 255.0


def apply_ramp(stops: Sequence[tuple[float, str]], along: Plane) -> Plane:
    """Return the composition whose colour runs through `stops` (position, colour) over `along`."""
    at = np.array([position for position, _ in stops])
    inks = np.stack([parse_colour(colour) for _, colour in stops])
    shades = np.linspace(at[0], at[-1], 512)
    table = np.stack([np.interp(shades, at, inks[:, c]) for c in range(3)]).astype(np.float32)
    index = (along - at[0]) * (511.0 / (at[-1] - at[0]))
    return table[:, np.clip(index, 0, 511).astype(np.int32)]


def _find_touched_rows(mask: Plane) -> slice:
    """Return the rows that a mask touches: blending only these is faster."""
    touched = np.flatnonzero(mask.max(axis=1))
    return slice(touched[0], touched[-1] + 1) if touched.size else slice(0)


def smooth_step(values: Plane, low: float, high: float) -> Plane:
    """Interpolate smoothly from 0 at `low` to 1 at `high`; `low` may be the larger one."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))
