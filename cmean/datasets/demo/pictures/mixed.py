"""Boats at sunset, an autumn alley and a break in the clouds: warm light in a dark blue world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.pictures.brush import paint_composition
from cmean.datasets.demo.pictures.composition import Composition, apply_ramp, smooth_step

if TYPE_CHECKING:
    from PIL import Image

    from cmean.datasets.demo.pictures.composition import Plane, Point


def paint_boats() -> Image.Image:
    """Dark boats lean into the wind, homewards, while the last of the sun lies on the sea."""
    art = Composition(890, 630, seed=401)
    horizon, sun = 0.56, 0.63
    air = art.make_clouds(2.5, 5, stretch=3.0) - 0.5
    sky = [(0.0, "#1e2447"), (0.24, "#3d345f"), (0.40, "#84435c")]
    sky += [(0.50, "#cf6540"), (0.60, "#f0a050")]
    art.fill(sky, art.y + 0.12 * air)
    bars = smooth_step(np.sin(30.0 * (art.y + 0.30 * art.x) + 13.0 * air), 0.25, 0.55)
    art.lay_over("#262547", 0.85 * bars * smooth_step(art.y, horizon - 0.02, 0.38))
    art.add_light("#ffb054", 0.7 * art.make_glow((sun, horizon - 0.035), 0.12, flat=1.5))
    art.lay_over("#ffe3a0", art.draw_discs([(sun, horizon - 0.03, 0.036, 0.036)]))
    sea = smooth_step(art.y, horizon - 0.002, horizon + 0.002)
    depth = np.clip((art.y - horizon) / (1 - horizon), 0, 1)
    art.lay_over("#2a3260", sea)
    art.lay_over("#141938", sea * 0.85 * depth)
    chop = art.make_clouds(9.0, 4, stretch=2.5) - 0.5
    crests = sea * smooth_step(np.sin(34.0 * depth**0.6 + 7.0 * art.x + 11.0 * chop), 0.35, 0.6)
    path = np.exp(-(((art.x - sun) / (0.05 + 0.16 * depth)) ** 2)).astype(np.float32)
    art.lay_over("#5d5280", 0.85 * crests)
    art.lay_over("#f0934c", crests * np.clip(1.3 * path, 0, 1) * (1 - 0.3 * depth))
    for x, y, size in ((0.28, 0.72, 0.19), (0.82, 0.63, 0.085), (0.10, 0.60, 0.055)):
        art.lay_over("#101127", art.draw_shapes(*_outline_boat(x, y, size)))
    wings = [(-1, -0.6), (-0.4, -0.9), (0, 0), (0.4, -1), (1, -0.5)]
    birds = [
        ([(x + s * u, y + s * v) for u, v in wings], 0.004)
        for x, y, s in ((0.44, 0.25, 0.018), (0.5, 0.2, 0.014), (0.55, 0.27, 0.012))
    ]
    turn = np.where(art.y < horizon, -0.29 + 0.5 * air, 0.9 * chop - 0.15)
    return paint_composition(art, turn, lines=[("#14142b", art.draw_lines(birds))])


def _outline_boat(x: float, y: float, size: float) -> list[list[Point]]:
    """Return the outlines of a boat whose sails lean to the right; `size` in heights."""
    hull = [(-0.62, -0.07), (-0.42, 0.10), (0.42, 0.10), (0.68, -0.12), (0.3, -0.03), (-0.3, -0.02)]
    main = [(0.05, -1.65), (-0.5, -0.18), (0.03, -0.12)]
    jib = [(0.09, -1.5), (0.10, -0.16), (0.56, -0.2)]
    return [
        [(x + (u - 0.24 * v) * size / 1.41, y + (v + 0.14 * u) * size) for u, v in part]
        for part in (hull, main, jib)
    ]


def paint_alley() -> Image.Image:
    """Under old trees that lose their leaves, someone walks away along a wet path."""
    art = Composition(700, 850, seed=402)
    x, y = vanish = (0.52, 0.55)
    dusk = [(0.0, "#e9b070"), (0.25, "#c98a6c"), (0.7, "#5a5478"), (1.2, "#2b2c4e")]
    art.fill(dusk, 1.5 * np.hypot((art.x - x) * 0.83, art.y - 0.5))
    earth = smooth_step(art.y, 0.56, 0.60)
    art.lay_over("#4a3a55", earth)
    art.lay_over(
        "#b0562c", 0.85 * earth * smooth_step(art.make_clouds(9.0, 4, stretch=2.5), 0.46, 0.66)
    )
    way = art.draw_shapes([(x - 0.015, 0.56), (x + 0.015, 0.56), (0.93, 1.01), (0.12, 1.01)])
    art.lay_over("#4d5078", way)
    puddles = smooth_step(art.make_clouds(20.0, 2, stretch=4.0), 0.4, 0.7)
    art.lay_over("#d99a66", 0.6 * way * puddles * np.exp(-(((art.x - x) / 0.1) ** 2)))
    crown, hue = art.make_clouds(10.0), art.make_clouds(10.0, 3)
    autumn = apply_ramp(
        [(0.2, "#4a2238"), (0.45, "#b4502c"), (0.6, "#e08a35"), (0.8, "#f4c15c")], hue
    )
    arch = np.hypot((art.x - x) * 0.95, (art.y - y) * 0.8)
    for number, near in enumerate((0.16, 0.25, 0.38, 0.58, 0.9)):
        art.lay_over("#2a2340", _draw_trees(art, vanish, near))
        above = smooth_step(art.y, 0.62, 0.46) * smooth_step(
            crown[:, :: (-1) ** number], 0.44, 0.58
        )
        art.lay_over(autumn, 0.88 * above * smooth_step(arch, 0.40 * near, 0.62 * near))
    art.add_light("#ffca80", 0.45 * art.make_glow((x, 0.47), 0.13))
    art.lay_over("#20244a", 0.72 * smooth_step(arch, 0.10, 0.70))
    legs = [([(0.531, 0.65), (0.528, 0.695)], 0.009), ([(0.539, 0.65), (0.543, 0.692)], 0.009)]
    head, coat = (0.535, 0.585, 0.0085, 0.0105), (0.535, 0.628, 0.0165, 0.036)
    art.lay_over("#262447", 0.5 * art.draw_discs([(0.54, 0.70, 0.028, 0.006)]))
    art.lay_over("#1d1b33", np.maximum(art.draw_discs([head, coat]), art.draw_lines(legs)))
    for colour in ("#e07a2c", "#c9472a", "#eaa943"):
        places = art.rng.random((60, 2)).tolist()
        art.lay_over(colour, art.draw_discs([(u, v, 0.006, 0.004) for u, v in places]))
    around = np.arctan2(art.y - y, art.x - x)
    return paint_composition(art, np.where(art.y < y, around + np.pi / 2, around))


def _draw_trees(art: Composition, vanish: Point, near: float) -> Plane:
    """Draw the mask of two trees that face each other across the path; `near` is 0..1."""
    trunks, boughs = [], []
    foot, rise, wide = vanish[1] + 0.44 * near, -1.44 * near, 0.055 * near
    for side in (-1, 1):
        x, lean = vanish[0] + side * 0.56 * near, -side * 0.10 * near
        top = foot + rise
        tip = [(x + lean - 0.6 * wide, top), (x + lean + 0.6 * wide, top)]
        trunks.append([(x - wide, foot), *tip, (x + wide, foot)])
        for share, reach in ((0.5, 0.25), (0.66, -0.2), (0.78, 0.3)):
            root = (x + lean * share, foot + rise * share)
            end = (root[0] - side * reach * near, root[1] - 0.26 * near)
            boughs.append(([root, end], 0.014 * near))
    return np.maximum(art.draw_shapes(*trunks), art.draw_lines(boughs))


def paint_clearing() -> Image.Image:
    """Paint a heavy sea with rocks under an opening in storm clouds."""
    art = Composition(870, 666, seed=403)
    horizon, gap = 0.50, (0.60, 0.27)
    storm = art.make_clouds(2.6, 6, stretch=1.7)
    hole = art.make_glow(gap, 0.17, flat=1.8)
    sky = [(-0.1, "#161b33"), (0.3, "#2c3150"), (0.55, "#524d68"), (0.75, "#b8705a")]
    sky += [(0.95, "#eeae66"), (1.2, "#fff0c4")]
    art.fill(sky, 1.5 * (storm - 0.5) + 0.72 * hole + 0.25)
    spread = (art.x - gap[0]) / np.maximum(art.y - gap[1] + 0.12, 0.05)
    rays = smooth_step(np.sin(17.0 * spread + 1.0), 0.2, 1.0) * np.exp(-((spread / 0.75) ** 2))
    art.add_light(
        "#ffc078", 0.3 * rays * smooth_step(art.y, 0.26, 0.38) * smooth_step(art.y, 0.70, 0.45)
    )
    art.lay_over("#232b4c", smooth_step(art.y, horizon - 0.002, horizon + 0.002))
    foam = smooth_step(art.make_clouds(15.0, 5, stretch=3.0), 0.42, 0.62)
    lit = np.exp(-(((art.x - gap[0]) / 0.3) ** 2)).astype(np.float32)
    for row in range(9):
        near = (row + 1) / 9
        level = horizon + 0.02 + 0.46 * near**1.4
        swell = art.make_ridge(level, 0.014 + 0.06 * near, 11 - 5 * near, 4)
        art.lay_over(("#262f54", "#1a2140", "#303a62")[row % 3], swell)
        thick = 0.016 + 0.035 * near
        below = art.blur_mask(np.roll(swell, round(thick * art.size[1]), 0), 0.8 * thick)
        crest = swell * (1.0 - below)
        art.lay_over("#a3a8c6", 0.85 * crest * foam)
        art.lay_over("#f4a765", crest * foam * lit)
    rocks = [(-0.01, 1.01), (-0.01, 0.50), (0.03, 0.45), (0.07, 0.52), (0.11, 0.50), (0.16, 0.62)]
    rocks += [(0.20, 0.64), (0.27, 0.79), (0.33, 0.82), (0.40, 1.01)]
    art.lay_over("#141629", art.draw_shapes(rocks))
    art.lay_over(
        "#33324f", 0.8 * art.draw_shapes(rocks) * smooth_step(art.make_clouds(14.0, 4), 0.4, 0.7)
    )
    waves = 0.5 * np.sin(14.0 * art.x + 9.0 * art.y)
    return paint_composition(art, np.where(art.y < horizon, 0.9 * (storm - 0.5) - 0.5, waves))
