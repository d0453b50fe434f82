"""Rendering of a composition as a painting: brush strokes along a flow field, coarse to fine.

After Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", SIGGRAPH 1998:
each finer layer repaints only where the picture still differs from the composition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from cmean.datasets.demo.pictures.composition import parse_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.datasets.demo.pictures.composition import Composition, Plane

    Places = NDArray[np.intp]

_ANGLES = 24
_GREY = np.array((0.30, 0.59, 0.11), np.float32)
_COARSE = 5
_FLOW_WEIGHT = 1.5


@dataclass(frozen=True, slots=True)
class BrushLayer:
    """One pass with one brush.

    Attributes:
        width, length: of a stroke in pixels.
        jitter: standard deviation of the colour of a stroke.
        tolerance: only where the picture differs by more than this is painted; 0 is everywhere.
    """

    width: int
    length: int
    jitter: float
    tolerance: float = 0.0


OILS = (BrushLayer(22, 60, 0.060), BrushLayer(11, 30, 0.045, 0.08), BrushLayer(6, 16, 0.03, 0.11))
"""Broad strokes, then finer ones where they are needed."""

SOFT = (BrushLayer(24, 76, 0.022), BrushLayer(12, 36, 0.02, 0.045), BrushLayer(6, 18, 0.015, 0.065))
"""The same with long quiet strokes."""


def paint_composition(
    composition: Composition,
    flow: Plane | float,
    layers: Sequence[BrushLayer] = OILS,
    lines: Sequence[tuple[str, Plane]] = (),
) -> Image.Image:
    """Paint the composition of `composition`.

    Args:
        composition: its generator places the strokes.
        flow: the direction of the strokes, radians, 0 along x and growing clockwise. Where the
            composition has an edge, strokes follow the edge.
        layers: the brushes, coarse to fine.
        lines: colours and masks drawn over the strokes with a pointed brush.
    """
    aim = np.clip(composition.pixels, 0.0, 1.0)
    scene = _Scene(aim, np.asarray(flow, np.float32))
    ground = Image.fromarray(np.ascontiguousarray((aim * 255).astype(np.uint8).transpose(1, 2, 0)))
    picture = ground.filter(ImageFilter.BoxBlur(10))
    for layer in layers:
        _paint_layer(composition, picture, scene, layer)
    for colour, mask in lines:
        ink = tuple((parse_colour(colour) * 255).astype(int).tolist())
        picture.paste(ink, (0, 0), Image.fromarray((255 * mask).astype(np.uint8)))
    return _apply_relief(picture, composition.rng)


class _Scene:
    """Colour, lightness and stroke direction at each place of a composition."""

    def __init__(self, aim: Plane, flow: Plane) -> None:
        self.aim = aim
        self.grey = np.tensordot(_GREY, aim, 1)
        self._flow = np.broadcast_to(flow, self.grey.shape)
        down, right = np.gradient(100.0 * self.grey)
        tensor = np.stack([right**2 - down**2, 2.0 * right * down])  # twice the gradient's angle
        self._edge = [np.asarray(Image.fromarray(part).reduce(_COARSE)) for part in tensor]

    def compute_angle(self, y: Places, x: Places) -> Plane:
        """Return the flow in radians, bent to the edges of the composition by their strength."""
        doubled_flow, (cosine, sine) = 2.0 * self._flow[y, x], self._edge
        near = (y // _COARSE, x // _COARSE)
        bent = np.arctan2(
            _FLOW_WEIGHT * np.sin(doubled_flow) - sine[near],
            _FLOW_WEIGHT * np.cos(doubled_flow) - cosine[near],
        )
        return np.asarray(bent / 2.0, np.float32)


def _paint_layer(
    composition: Composition, picture: Image.Image, scene: _Scene, layer: BrushLayer
) -> None:
    """Paint one layer into `picture`."""
    rng, (width, height) = composition.rng, composition.size
    gap = 0.7 * layer.width
    rows, columns = np.meshgrid(np.arange(0, height, gap), np.arange(0, width, gap), indexing="ij")
    y = np.clip(rows.ravel() + rng.normal(0, 0.35 * gap, rows.size), 0, height - 1).astype(int)
    x = np.clip(columns.ravel() + rng.normal(0, 0.35 * gap, rows.size), 0, width - 1).astype(int)
    if layer.tolerance:
        off = np.abs(np.asarray(picture)[y, x] / 255.0 - scene.aim[:, y, x].T).mean(1)
        wanted = off > layer.tolerance * (0.2 + 0.8 * scene.grey[y, x])
        y, x = y[wanted], x[wanted]
    order = rng.permutation(y.size)
    y, x = y[order], x[order]
    tint = layer.jitter * (rng.normal(0, 1, (y.size, 1)) + rng.normal(0, 0.4, (y.size, 3)))
    tint *= 0.2 + 0.8 * scene.grey[y, x, None]  # dark paint varies less
    inks = (np.clip(scene.aim[:, y, x].T + tint, 0.0, 1.0) * 255).astype(int).tolist()
    turn = scene.compute_angle(y, x) + rng.normal(0, 0.1, y.size)
    kinds = np.round(turn / np.pi * _ANGLES).astype(int) % _ANGLES
    brush = ImageDraw.Draw(picture)
    for left, top, ink, kind in zip(x.tolist(), y.tolist(), inks, kinds.tolist(), strict=True):
        mask = _draw_brush_mark(layer.width, layer.length, kind)
        brush.bitmap((left - mask.width // 2, top - mask.height // 2), mask, tuple(ink))


@lru_cache(maxsize=256)
def _draw_brush_mark(width: int, length: int, kind: int) -> Image.Image:
    """Draw the mark of a brush turned by `kind` of `_ANGLES` steps of a half turn."""
    rng = np.random.default_rng(kind)
    reach = length // 2 + width // 2
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    angle = np.pi * kind / _ANGLES
    along = (right * np.cos(angle) + down * np.sin(angle)) / (0.5 * length)
    across = (down * np.cos(angle) - right * np.sin(angle)) / (0.5 * width)
    hairs = max(5, width)
    hair = np.clip(((across + 1.0) * 0.5 * hairs).astype(int), 0, hairs - 1)
    wetness = rng.uniform(0.5, 1.0, hairs)[hair]
    ends = rng.uniform(0.65, 1.0, (2, hairs))[(along > 0).astype(int), hair]
    inside = np.clip((ends - np.abs(along)) * 6.0, 0, 1) * np.clip((1 - np.abs(across)) * 4, 0, 1)
    mark = Image.fromarray((255 * inside * wetness).astype(np.uint8))
    return mark.crop(mark.getbbox())


def _apply_relief(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add light from the top left on the ridges of the paint, and the grain of the canvas."""
    body = np.asarray(picture.convert("L"), np.int16)
    lift = rng.integers(125, 132, body.shape, np.int16)
    lift[1:, 1:] += np.clip(body[1:, 1:] - body[:-1, :-1], -24, 24) // 6
    light = Image.fromarray(lift.astype(np.uint8))
    return ImageChops.add(picture, Image.merge("RGB", [light] * 3), offset=-128)
