"""A lake at dawn, a meadow and raked sand: light, soft, green, level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.pictures.brush import SOFT, paint_composition
from cmean.datasets.demo.pictures.composition import Composition, parse_colour, smooth_step

if TYPE_CHECKING:
    from PIL import Image


def paint_lake() -> Image.Image:
    """Hills, one paler than the other, stand on their heads in still water."""
    art = Composition(890, 630, seed=201)
    shore = 0.56
    haze = 0.05 * (art.make_clouds(2.0, 4, stretch=4.0) - 0.5)
    art.fill([(0.0, "#bcd9d6"), (0.3, "#dcebdc"), (0.5, "#f7f0d6"), (0.6, "#f3ead2")], art.y + haze)
    art.add_light("#fff6d8", 0.7 * art.make_glow((0.66, 0.40), 0.22, flat=1.5))
    for level, rise, colour in (
        (0.43, 0.05, "#bdd5c5"),
        (0.47, 0.05, "#a3c6ac"),
        (0.51, 0.04, "#86b391"),
        (0.545, 0.02, "#6ea07c"),
    ):
        art.lay_over(colour, art.make_ridge(level, rise, 4))
    rows = np.arange(art.size[1])
    line = int(shore * art.size[1])
    mirror = np.clip(2 * line - rows[line:], 0, line - 1)
    water = art.pixels.copy()
    water[:, line:] = art.pixels[:, mirror]
    ripple = art.make_clouds(22.0, 2, stretch=12.0) - 0.5
    water = 0.86 * water + 0.14 * parse_colour("#d6e8db")[:, None, None] + 0.05 * ripple
    art.lay_over(water, smooth_step(art.y, shore - 0.002, shore + 0.002))
    art.lay_over("#f2efda", 0.65 * art.make_glow((0.4, shore), 0.018, flat=34.0))
    boat = [(0.260, 0.655), (0.275, 0.675), (0.335, 0.675), (0.355, 0.653)]
    boat += [(0.335, 0.660), (0.280, 0.661)]
    art.lay_over("#5f7f6a", art.draw_shapes(boat))
    art.lay_over("#7f9f88", 0.5 * art.draw_discs([(0.305, 0.69, 0.055, 0.009)]))
    reeds = []
    for x in np.concatenate([art.rng.uniform(0.0, 0.2, 26), art.rng.uniform(0.86, 1.0, 20)]):
        tall, bend = art.rng.uniform(0.12, 0.28), art.rng.uniform(-0.02, 0.03)
        reeds.append(([(x, 1.02), (x + 0.3 * bend, 1 - 0.6 * tall), (x + bend, 1 - tall)], 0.005))
    return paint_composition(
        art, 0.12 * (art.make_clouds(2.0) - 0.5), SOFT, [("#7fa66f", 0.85 * art.draw_lines(reeds))]
    )


def paint_meadow() -> Image.Image:
    """Paint a round tree in a wide bright meadow, under slow clouds."""
    art, horizon = Composition(840, 670, seed=205), 0.50
    art.fill([(0.0, "#9accea"), (0.35, "#c3e3ef"), (0.6, "#eef6e4")], art.y)
    cloud = art.make_clouds(2.6, 5, stretch=2.0)
    art.lay_over("#fffdf6", 0.95 * smooth_step(cloud, 0.47, 0.6) * smooth_step(art.y, 0.5, 0.3))
    art.lay_over("#d5e3ec", 0.6 * smooth_step(cloud, 0.6, 0.75) * smooth_step(art.y, 0.5, 0.3))
    greens = ("#b5d6b8", "#a6d094", "#9ccb7e", "#8fc46d")
    for level, colour in zip((horizon, 0.55, 0.62, 0.72), greens, strict=True):
        art.lay_over(colour, art.make_ridge(level, 0.035, 2, 3))
    light = art.make_clouds(4.0, 4, stretch=3.0)
    ground = smooth_step(art.y, 0.56, 0.66)
    art.lay_over("#cfe59a", 0.7 * ground * smooth_step(light, 0.5, 0.7))
    art.lay_over("#74b060", 0.5 * ground * smooth_step(light, 0.46, 0.25))
    art.lay_over("#6f9f5c", 0.7 * art.draw_discs([(0.62, 0.715, 0.26, 0.024)]))
    trunk = ([(0.638, 0.715), (0.634, 0.56), (0.60, 0.44)], 0.026)
    boughs = [([(0.635, 0.58), (0.68, 0.46)], 0.016), ([(0.634, 0.54), (0.635, 0.4)], 0.014)]
    art.lay_over("#857257", art.draw_lines([trunk, *boughs]))
    edge = 0.10 * (art.make_clouds(9.0, 4) - 0.5)
    heaps = [(0.635, 0.37, 0.16), (0.545, 0.44, 0.11), (0.73, 0.445, 0.11)]
    heaps += [(0.60, 0.30, 0.11), (0.68, 0.31, 0.10)]
    far = [np.hypot((art.x - x) * 1.25, 1.15 * (art.y - y)) - r for x, y, r in heaps]
    leaves = smooth_step(np.minimum.reduce(far) + edge, 0.006, -0.006)
    art.lay_over("#6fa95f", leaves)
    sun = art.make_glow((0.58, 0.30), 0.16)
    art.lay_over(
        "#bfe08e", 0.85 * leaves * np.clip(sun + 1.6 * (art.make_clouds(12.0, 3) - 0.5), 0, 1)
    )
    for colour in ("#fff7d6", "#f7e38a", "#f3c9d3"):
        y = 0.68 + 0.32 * art.rng.random(70) ** 0.8
        flowers = [(art.rng.random(), v, 0.010 * (v - 0.5), 0.008 * (v - 0.5)) for v in y]
        art.lay_over(colour, 0.9 * art.draw_discs(flowers))
    return paint_composition(art, np.where(art.y < horizon, 0.1, -0.15 + 0.5 * (light - 0.5)), SOFT)


def paint_sand() -> Image.Image:
    """Raked sand flows around two stones; a leaf has come to rest."""
    art, ring = Composition(780, 720, seed=203), 0.18
    art.fill([(0.0, "#f1ead6"), (1.0, "#e3dcc0")], art.y + 0.2 * (art.make_clouds(2.0) - 0.5))
    stones = ((0.33, 0.40, 0.12, 0.095), (0.48, 0.52, 0.07, 0.056))
    fields = [np.hypot((art.x - x) * 1.077 / (w / h), art.y - y) - h for x, y, w, h in stones]
    near = np.minimum(*fields)
    rounds = near < ring
    straight = art.y + 0.015 * np.sin(5.0 * art.x)
    furrow = np.sin(2 * np.pi * np.where(rounds, near / 0.028, straight / 0.028))
    art.lay_over("#cfc7a6", 0.55 * smooth_step(furrow, 0.1, 1.0))
    art.lay_over("#fbf6e6", 0.6 * smooth_step(furrow, -0.1, -1.0))
    for (x, y, w, h), colour in zip(stones, ("#8fa596", "#a7b9a6"), strict=True):
        art.lay_over("#bdb593", 0.8 * art.draw_discs([(x + 0.02, y + 0.035, 1.05 * w, 0.95 * h)]))
        stone = art.draw_discs([(x, y, w, h)])
        art.lay_over(colour, stone)
        art.lay_over("#dfe8dc", 0.8 * stone * art.make_glow((x - 0.03, y - 0.04), 0.06, flat=1.4))
        art.lay_over("#6f8a76", 0.35 * stone * smooth_step(art.make_clouds(9.0), 0.5, 0.7))
    t = np.linspace(0, 1, 40)
    belly = 0.052 * np.sin(np.pi * t) ** 0.8
    spine = np.stack([0.66 + 0.17 * t, 0.74 - 0.09 * t + 0.03 * np.sin(np.pi * t)])
    upper = list(zip(spine[0] - 0.45 * belly, spine[1] - belly, strict=True))
    lower = list(zip(spine[0] + 0.35 * belly, spine[1] + 0.8 * belly, strict=True))[::-1]
    art.lay_over(
        "#bcb492", 0.7 * art.draw_shapes([(x + 0.012, y + 0.018) for x, y in upper + lower])
    )
    art.lay_over("#8fbf72", art.draw_shapes(upper + lower))
    art.lay_over("#b9d998", art.draw_shapes(upper + list(zip(*spine, strict=True))[::-1]))
    art.lay_over("#6f9f5c", art.draw_lines([(list(zip(*spine, strict=True)), 0.005)]))
    away = np.gradient(near)
    turn = np.where(rounds, np.arctan2(away[0], away[1]) + np.pi / 2, 0.05)
    return paint_composition(art, turn, SOFT)
