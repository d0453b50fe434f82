"""Rain on a town, a bare tree and a road under a storm: dark, blue-grey, empty."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.pictures.brush import SOFT, paint_composition
from cmean.datasets.demo.pictures.composition import Composition, smooth_step

if TYPE_CHECKING:
    from PIL import Image

    from cmean.datasets.demo.pictures.composition import Plane, Point

_TWIG = 0.0022  # thinner branches bear no others
_BRANCHING = 0.82  # the chance that a bud grows


def paint_rain() -> Image.Image:
    """Roofs behind roofs in the rain; one window is lit."""
    art = Composition(700, 830, seed=301)
    sky = art.y + 0.35 * (art.make_clouds(2.5, 5, stretch=2.0) - 0.5)
    art.fill([(0.0, "#222c3b"), (0.3, "#374558"), (0.5, "#64758a"), (0.8, "#465668")], sky)
    for row, colour in enumerate(("#4f6075", "#3b4a5e", "#29364a", "#1a2434")):
        if row:  # mist between the rows
            art.lay_over("#66768a", 0.35 * smooth_step(art.y, 0.41 + 0.09 * row, 0.57 + 0.09 * row))
        art.lay_over(colour, _draw_houses(art, 0.40 + 0.09 * row))
    ground = smooth_step(art.y, 0.83, 0.85)
    art.lay_over("#26313f", ground)
    art.lay_over(
        "#6d7d90", 0.5 * ground * smooth_step(art.make_clouds(26.0, 2, stretch=9.0), 0.5, 0.75)
    )
    window = art.draw_shapes([(0.30, 0.70), (0.30, 0.735), (0.325, 0.735), (0.325, 0.70)])
    art.lay_over("#c9b27a", window)
    art.add_light("#8a7a50", 0.35 * art.make_glow((0.312, 0.72), 0.05))
    art.lay_over("#a8976c", 0.3 * ground * art.make_glow((0.312, 0.88), 0.09, flat=0.25))
    shower = 0.38 * _draw_streaks(art, (-0.1, 1.0), (0.03, 0.09), 0.22, 0.0015)
    return paint_composition(
        art,
        1.75 + 0.3 * (art.make_clouds(3.0) - 0.5),
        SOFT,
        [("#d2b877", 0.8 * window), ("#93a4b8", shower)],
    )


def _draw_houses(art: Composition, level: float) -> Plane:
    """Draw the mask of a row of houses, flat and gabled, whose eaves are about `level`."""
    x, houses = -0.05, []
    while x < 1.0:
        wide, top = art.rng.uniform(0.07, 0.15), level + art.rng.uniform(-0.06, 0.05)
        peak = top - art.rng.choice((0.0, 0.04, 0.06))
        houses.append([(x, 1), (x, top), (x + wide / 2, peak), (x + wide, top), (x + wide, 1)])
        x += wide * art.rng.uniform(0.9, 1.05)
    return art.draw_shapes(*houses)


def _draw_streaks(
    art: Composition, feet: Point, lengths: Point, lean: float, thickness: float
) -> Plane:
    """Draw the mask of 260 thin parallel lines that rise from `feet` (lowest, highest y)."""
    x = art.rng.uniform(0, 1, 260)
    y, long = art.rng.uniform(*feet, 260), art.rng.uniform(*lengths, 260)
    ends = zip(x, y, x + lean * long, y - long, strict=True)
    return art.draw_lines([([(x0, y0), (x1, y1)], thickness) for x0, y0, x1, y1 in ends])


def paint_tree() -> Image.Image:
    """Paint a bare tree on a hill after sunset."""
    art = Composition(760, 740, seed=302)
    dusk = art.y + 0.16 * (art.make_clouds(2.0, 4, stretch=3.0) - 0.5)
    art.fill([(0.0, "#1f2639"), (0.35, "#333d56"), (0.62, "#566079"), (0.8, "#747a8e")], dusk)
    art.add_light("#8d95a8", 0.35 * art.make_glow((0.74, 0.22), 0.1))
    art.lay_over("#aab1c0", 0.75 * art.draw_discs([(0.74, 0.22, 0.03, 0.03)]))
    art.lay_over("#454f66", art.make_ridge(0.74, 0.03, 3))
    art.lay_over("#2c3549", art.make_ridge(0.80, 0.03, 2))
    branches: list[tuple[list[Point], float]] = []
    _grow_branches(art, branches, ((0.40, 0.84), -np.pi / 2 + 0.06), 0.155, 0.030)
    boughs = art.draw_lines(branches)
    art.lay_over("#151a27", boughs)
    art.lay_over("#1d2434", art.make_ridge(0.85, 0.018, 2))
    grass = _draw_streaks(art, (0.84, 1.0), (0.02, 0.06), 0.3, 0.002)
    ink = [("#151a27", 0.9 * boughs), ("#38435a", 0.7 * grass)]
    return paint_composition(art, 0.25 * (art.make_clouds(2.0) - 0.5) - 0.08, SOFT, ink)


def _grow_branches(
    art: Composition,
    branches: list[tuple[list[Point], float]],
    root: tuple[Point, float],
    long: float,
    thick: float,
) -> None:
    """Add a branch, and what grows out of it, to `branches`; all of it leans with the wind.

    `root` is where the branch starts and its direction in radians.
    """
    foot, angle = root
    for part in range(1, 5):
        bend = angle + art.rng.normal(0, 0.10) + 0.03 * part
        tip = (foot[0] + long / 4 * np.cos(bend), foot[1] + long / 4 * np.sin(bend))
        branches.append(([foot, tip], thick * (1.0 - 0.09 * part)))
        foot = tip
    if thick < _TWIG:
        return
    for low, high in ((-0.65, -0.30), (0.20, 0.60), (-0.25, 0.25)):
        turn = angle + art.rng.uniform(low, high)
        if art.rng.random() < _BRANCHING:
            _grow_branches(
                art, branches, (foot, turn), long * art.rng.uniform(0.68, 0.86), thick * 0.6
            )


def paint_road() -> Image.Image:
    """Paint a road through empty fields towards a dark storm."""
    art = Composition(890, 630, seed=303)
    horizon, (vx, vy) = 0.60, (0.44, 0.60)
    storm = art.make_clouds(2.4, 6, stretch=2.4)
    art.fill(
        [(0.1, "#141b28"), (0.4, "#263243"), (0.6, "#3d4b5e"), (0.85, "#66758a")],
        storm + 0.28 * (art.y - 0.35),
    )
    art.lay_over("#7b8a9c", 0.6 * art.make_glow((vx, vy), 0.05, flat=9.0))
    veil = smooth_step(art.make_clouds(7.0, 2, stretch=0.25), 0.5, 0.8) * smooth_step(
        art.y, 0.25, 0.5
    )
    art.lay_over("#2e3a4b", 0.5 * veil)
    depth = np.clip((art.y - horizon) / (1 - horizon), 0, 1)
    land = art.make_clouds(5.0, 4, stretch=5.0)
    art.lay_over("#263440", smooth_step(art.y, horizon - 0.002, horizon + 0.002))
    art.lay_over(
        "#35464f", 0.7 * smooth_step(land, 0.45, 0.75) * smooth_step(art.y, horizon, horizon + 0.03)
    )
    art.lay_over("#1b2530", 0.6 * depth)
    way = art.draw_shapes([(vx - 0.004, vy), (vx + 0.004, vy), (0.80, 1.01), (0.20, 1.01)])
    art.lay_over("#3f4c5b", way)
    art.lay_over(
        "#71819a", 0.55 * way * smooth_step(art.make_clouds(16.0, 3, stretch=5.0), 0.5, 0.8)
    )
    art.lay_over(
        "#232d39", art.make_ridge(0.588, 0.012, 9) * smooth_step(art.y, horizon + 0.006, horizon)
    )
    turn = np.where(art.y < horizon, 0.9 * (storm - 0.5) - 0.2, 0.1)
    return paint_composition(art, turn, SOFT, [("#10161f", 0.92 * _draw_poles(art, vx, vy))])


def _draw_poles(art: Composition, vx: float, vy: float) -> Plane:
    """Draw the mask of telegraph poles and their wire, running to the vanishing point."""
    lines, tips = [], [(1.02, -0.02)]
    for near in (1.0, 0.56, 0.33, 0.20, 0.125, 0.08):
        x, y, tall = vx + 0.42 * near, vy + 0.30 * near, 0.50 * near
        lines.append(([(x, y), (x - 0.006 * near, y - tall)], 0.010 * near))
        for share, wide in ((0.96, 0.030 * near), (0.89, 0.024 * near)):
            arm = [(x - wide, y - (share - 0.01) * tall), (x + wide, y - share * tall)]
            lines.append((arm, 0.006 * near))
        tips.append((x - 0.03 * near, y - 0.96 * tall))
    t = np.linspace(0, 1, 16)
    for (x0, y0), (x1, y1) in itertools.pairwise(tips):
        wire = y0 + (y1 - y0) * (t + 0.53 * t * (1 - t))
        lines.append((list(zip(x0 + (x1 - x0) * t, wire, strict=True)), 0.0016))
    return art.draw_lines(lines)
