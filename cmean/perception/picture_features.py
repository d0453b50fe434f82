"""What is measured of a picture: colour, light, edges and composition, by numpy alone.

Every picture is first shrunk to 160 × 160, so that a measure means the same for a whole artwork
and for a quarter of it, and so that brush grain and compression do not count as edges. Colours
are measured in CIELAB (D65), where equal distances look about equally different.

Sources of the formulas:

- colourfulness: Hasler & Süsstrunk (2003), "Measuring colourfulness in natural images";
- warmth and activity of a colour: Ou, Luo, Woodcock & Wright (2004), "A study of colour emotion
  and colour preference, part I";
- line directions, smoothness, contrasts of light, hue and warmth as measures of mood:
  Machajdik & Hanbury (2010), "Affective image classification using features inspired by
  psychology and art theory", after Itten (1961), "The art of color".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SIDE = 160
"""Side of the square, in pixels, on which everything is measured."""

BLOCKS = 8
"""The focus of light is sought on a grid of this many blocks a side."""

EDGE_STEP = 4.0
"""Lightness change, in L* a pixel, from which a pixel counts as part of an edge."""

FLAT_STEP = 0.5
"""Lightness change, in L* a pixel, below which no direction can be told."""

DARK = 30.0
"""L* below which a pixel counts as dark."""

PAPER = 90.0
"""L* above which a pixel without a hue is called white, not grey."""

COLOURED = 10.0
"""C* from which a pixel has a hue that a viewer would name."""

WARM, GREEN, BLUE = (-20.0, 100.0), (100.0, 180.0), (-140.0, -50.0)
"""Hue angles, in degrees of CIELAB, of warm (pink to yellow), green and blue colours."""

PALETTE: dict[str, tuple[int, int, int]] = {
    "black": (12, 12, 12),
    "charcoal": (70, 70, 70),
    "grey": (128, 128, 128),
    "silver": (190, 190, 190),
    "white": (248, 248, 248),
    "umber": (62, 42, 28),
    "brown": (120, 80, 48),
    "tan": (180, 145, 105),
    "beige": (225, 205, 170),
    "cream": (248, 236, 206),
    "maroon": (110, 18, 22),
    "red": (205, 35, 35),
    "coral": (235, 115, 95),
    "pink": (240, 175, 185),
    "magenta": (200, 40, 130),
    "orange": (235, 130, 30),
    "gold": (210, 165, 45),
    "yellow": (245, 220, 60),
    "olive": (110, 105, 45),
    "bottle green": (25, 60, 35),
    "green": (55, 130, 60),
    "leaf green": (150, 200, 120),
    "sage": (150, 165, 135),
    "turquoise": (50, 180, 175),
    "petrol": (25, 75, 80),
    "navy": (20, 30, 80),
    "blue": (40, 85, 175),
    "slate blue": (85, 105, 135),
    "powder blue": (150, 195, 230),
    "violet": (115, 65, 160),
    "lilac": (190, 165, 215),
}
"""Colour names and their sRGB; a pixel takes the name of the nearest in CIELAB."""


@dataclass(frozen=True, slots=True)
class PictureFeatures:
    """Measures of one picture; shares and scores are 0..1 unless said otherwise."""

    palette: dict[str, float]
    """Share of each colour name that occurs, largest first."""
    lightness: float
    """Mean L* / 100."""
    dark: float
    """Share of pixels below L* 30."""
    contrast: float
    """Standard deviation of L* / 50: 1 where half is black and half is white."""
    chroma: float
    """Mean C* / 100."""
    grey: float
    """Share of pixels without a nameable hue, neither dark nor white: L* 30 to 90, C* below 10."""
    colourfulness: float
    """Hasler and Süsstrunk's M3 / 100: 0 grey, about 0.33 moderate, above 0.8 extreme."""
    warmth: float
    """Ou's warm-cool, mean over pixels, less its constant: above 0 warm, below 0 cool."""
    activity: float
    """Ou's active-passive, mean over pixels: above 0 active."""
    warm: float
    """Share of warm hues, from red to yellow."""
    cool: float
    """Share of cool hues, from green to violet."""
    green: float
    """Share of green hues."""
    blue: float
    """Share of blue hues."""
    edges: float
    """Share of pixels on an edge."""
    texture: float
    """Mean lightness change a pixel, in L* / 10."""
    horizontal: float
    """Share of the lines that lie within 22.5° of the horizontal; 0.25 where all are equal."""
    diagonal: float
    """Share of the lines nearer to a diagonal than to an axis; 0.5 where all are equal."""
    layering: float
    """Share of the colour variance that lies between rows: 1 for pure horizontal bands."""
    entropy: float
    """Shannon entropy of the lightness histogram, 32 bins, / 5 bits."""
    symmetry: float
    """Correlation of lightness with its mirror image, left to right, within rows; 0 at least."""
    sky: float
    """Mean L* of the upper third less that of the lower third, / 100, -1..1."""
    overcast: float
    """Share of the upper half that is grey or black, as a sky before a storm."""
    focus: float
    """How far the lightest block exceeds the mean, L* / 100."""
    focus_x: float
    """Centre of the lightest block, 0 at the left to 1 at the right."""
    focus_y: float
    """Centre of the lightest block, 0 at the top to 1 at the bottom."""


def measure_picture(pixels: NDArray[np.uint8]) -> PictureFeatures:
    """Measure a picture.

    Args:
        pixels: sRGB, shape (height, width, 3), at least 1 × 1.
    """
    # a box filter is the plain mean, but would leave steps in a picture that has to grow
    shrinks = min(pixels.shape[:2]) >= SIDE
    kernel = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), kernel), dtype=np.uint8)
    lab = convert_to_lab(small)
    return PictureFeatures(
        palette=_measure_palette(lab),
        **_measure_colour(small, lab),
        **_measure_edges(lab),
        **_measure_composition(lab),
    )


def convert_to_lab(pixels: NDArray[np.uint8]) -> Floats:
    """Convert sRGB (…, 3) to CIELAB, D65: L* 0..100, a* and b* about -110..110."""
    linear = _make_linear_table()[pixels]
    xyz = linear @ _TO_XYZ.T
    cube = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    x, y, z = cube[..., 0], cube[..., 1], cube[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


_TO_XYZ = (
    np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    / np.array([[0.95047], [1.0], [1.08883]])
).astype(np.float32)
"""Linear sRGB to XYZ, divided by the white point D65."""


@cache
def _make_linear_table() -> Floats:
    """Compute the linear light of each of the 256 sRGB values."""
    value = np.arange(256) / 255
    near_black = value <= 0.04045  # noqa: PLR2004 - IEC 61966-2-1, as are the other constants
    linear = np.where(near_black, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _measure_palette(lab: Floats) -> dict[str, float]:
    names = list(PALETTE)
    centres = convert_to_lab(np.array([list(PALETTE.values())], dtype=np.uint8))[0]
    flat = lab[::2, ::2].reshape(-1, 3)  # every fourth pixel tells the shares as well
    # |pixel - centre|², less |pixel|², which is the same for all centres
    nearest = np.argmin((centres**2).sum(1)[:, None] - 2 * (centres @ flat.T), axis=0)
    shares = np.bincount(nearest, minlength=len(names)) / len(flat)
    order = np.argsort(-shares, kind="stable")
    return {names[i]: float(shares[i]) for i in order if shares[i] > 0}


def _measure_colour(pixels: NDArray[np.uint8], lab: Floats) -> dict[str, float]:
    light, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(a, b)
    hue = np.degrees(np.arctan2(b, a))  # -180..180; red near 30, yellow 95, green 140, blue -80
    coloured = chroma >= COLOURED
    rgb = pixels.astype(np.float32)
    rg = rgb[..., 0] - rgb[..., 1]
    yb = (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    m3 = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    warm = coloured & _is_in_sector(hue, WARM)
    activity = 0.03 * np.hypot(chroma, (light - 50) / 1.5) - 1.1
    return {
        "lightness": float(light.mean()) / 100,
        "dark": _compute_share(light < DARK),
        "contrast": float(light.std()) / 50,
        "chroma": float(chroma.mean()) / 100,
        "grey": _compute_share(~coloured & (light >= DARK) & (light <= PAPER)),
        "colourfulness": float(m3) / 100,
        "warmth": float((0.02 * chroma**1.07 * np.cos(np.radians(hue - 50))).mean()),
        "activity": float(activity.mean()),
        "warm": _compute_share(warm),
        "cool": _compute_share(coloured & ~warm),
        "green": _compute_share(coloured & _is_in_sector(hue, GREEN)),
        "blue": _compute_share(coloured & _is_in_sector(hue, BLUE)),
    }


def _measure_edges(lab: Floats) -> dict[str, float]:
    light = lab[..., 0]
    across = (light[1:-1, 2:] - light[1:-1, :-2]) / 2
    down = (light[2:, 1:-1] - light[:-2, 1:-1]) / 2
    step = np.hypot(across, down)
    step_seen = np.where(step >= FLAT_STEP, step, 0)
    total = float(step_seen.sum())
    # an edge runs at right angles to its gradient: a steep change downwards is a horizontal line
    tangent = np.float32(np.tan(np.pi / 8))
    horizontal = np.abs(across) <= tangent * np.abs(down)
    vertical = np.abs(down) <= tangent * np.abs(across)
    level, upright = float(step_seen[horizontal].sum()), float(step_seen[vertical].sum())
    return {
        "edges": _compute_share(step >= EDGE_STEP),
        "texture": float(step.mean()) / 10,
        "horizontal": level / total if total else 0.0,
        "diagonal": (total - level - upright) / total if total else 0.0,
    }


def _measure_composition(lab: Floats) -> dict[str, float]:
    light = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    variance = float(lab.var(axis=(0, 1)).sum())
    between = float(lab.mean(axis=1).var(axis=0).sum())
    counts = np.bincount((light.ravel() * 0.32).astype(np.intp).clip(0, 31), minlength=32)
    p = counts[counts > 0] / light.size
    third, half = SIDE // 3, SIDE // 2
    clouded = (light[:half] < PAPER) & (chroma[:half] < COLOURED)
    blocks = light.reshape(BLOCKS, SIDE // BLOCKS, BLOCKS, SIDE // BLOCKS).mean(axis=(1, 3))
    row, column = divmod(int(blocks.argmax()), BLOCKS)
    return {
        "layering": between / variance if variance > 1 else 1.0,
        "entropy": float(-(p * np.log2(p)).sum()) / 5,
        "symmetry": _measure_mirror_symmetry(light),
        "sky": float(light[:third].mean() - light[-third:].mean()) / 100,
        "overcast": _compute_share(clouded),
        "focus": float(blocks.max() - light.mean()) / 100,
        "focus_x": (column + 0.5) / BLOCKS,
        "focus_y": (row + 0.5) / BLOCKS,
    }


def _is_in_sector(hue: Floats, sector: tuple[float, float]) -> NDArray[np.bool_]:
    return (hue >= sector[0]) & (hue < sector[1])


def _compute_share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean())


def _measure_mirror_symmetry(light: Floats) -> float:
    across = light - light.mean(axis=1, keepdims=True)  # level bands alone mirror themselves
    variance = float((across * across).mean())
    if variance < 1:
        return 1.0
    return max(0.0, float((across * across[:, ::-1]).mean()) / variance)
