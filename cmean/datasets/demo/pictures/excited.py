"""A bonfire, a street of lanterns and fairground wheels: warm, saturated, diagonal, restless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.pictures.brush import paint_composition
from cmean.datasets.demo.pictures.composition import Composition, parse_colour, smooth_step

if TYPE_CHECKING:
    from PIL import Image


def paint_bonfire() -> Image.Image:
    """Flames leap and lean across the whole picture; sparks fly out of them."""
    art = Composition(700, 850, seed=105)
    lean = art.x + 0.28 * (art.y - 1.0) * (art.y - 0.2) + 0.10 * (art.make_clouds(2.5) - 0.5)
    tongues = art.make_clouds(3.0, 5) - 0.5
    core = np.abs(lean - 0.5) * (1.25 + 1.1 * (1.0 - art.y))
    heat = 1.25 - 1.55 * core - 0.55 * (1.0 - art.y) + 0.75 * tongues
    heat += 0.16 * np.sin(21.0 * lean + 7.0 * art.y + 6.0 * tongues)
    art.fill(
        [
            (-0.5, "#5a0a3c"),
            (0.0, "#a30f2d"),
            (0.3, "#dd2417"),
            (0.6, "#ff6a12"),
            (0.85, "#ffb61e"),
            (1.15, "#fff0a0"),
        ],
        heat,
    )
    sparks = [
        (0.5 + art.rng.normal(0, 0.3) + 0.1, art.rng.uniform(0, 0.75), r, r)
        for r in art.rng.uniform(0.002, 0.008, 130)
    ]
    art.add_light("#ffcf4a", art.draw_discs(sparks))
    art.lay_over("#3d0618", art.draw_shapes(*(_outline_log(art) for _ in range(7))))
    art.add_light("#ff7a1a", 0.5 * art.make_glow((0.48, 0.9), 0.22, flat=1.6))
    slope = np.gradient(heat, axis=0), np.gradient(heat, axis=1)
    return paint_composition(art, np.arctan2(slope[0], slope[1]) + np.pi / 2)


def _outline_log(art: Composition) -> list[tuple[float, float]]:
    x, y, turn = art.rng.uniform(0.3, 0.65), art.rng.uniform(0.92, 0.99), art.rng.uniform(-0.4, 0.4)
    ends = [(-0.2, -0.012), (0.2, -0.016), (0.2, 0.016), (-0.2, 0.012)]
    return [(x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v) for u, v in ends]


def paint_lanterns() -> Image.Image:
    """Strings of lit paper lanterns swing over a crowd, under a burning sky."""
    art = Composition(870, 650, seed=102)
    sky = [(0.0, "#7d0a45"), (0.2, "#c3173c"), (0.42, "#ee3f22")]
    sky += [(0.62, "#ff8a24"), (0.9, "#ffc95a")]
    art.fill(sky, art.y + 0.25 * (art.make_clouds(3.0) - 0.5) + 0.1 * (art.x - 0.5))
    art.add_light("#ffc35a", 0.6 * art.make_glow((0.5, 0.68), 0.2, flat=1.5))
    walls = ("#8a1038", "#a81c35", "#c43030", "#dc4a2a")
    for depth in (3, 2, 1, 0):
        _draw_houses(art, depth, walls[depth])
    for string in range(7):
        _draw_string(art, string)
    for row in range(6):
        _draw_crowd(art, row)
    return paint_composition(art, 0.5 * np.sin(5.0 * art.x + 3.0 * art.y) + 0.35)


def _draw_houses(art: Composition, depth: int, wall: str) -> None:
    """Draw a house on either side of the street, the deeper the smaller and nearer the middle."""
    inner, outer, top = 0.12 + 0.075 * depth, 0.075 * depth - 0.01, 0.10 + 0.10 * depth
    outline = [(outer, top - 0.05), (inner, top), (inner, 1.0), (outer, 1.0)]
    left, right, high = inner - 0.052, inner - 0.018, 0.075 - 0.012 * depth
    panes = [
        [(left, y), (right, y + 0.008), (right, y + high), (left, y + high)]
        for y in np.arange(top + 0.09, 0.85, 0.15 - 0.02 * depth)
    ]
    for colour, parts in ((wall, [outline]), ("#ffc03a", panes)):
        mirrored = [[(1.0 - x, y) for x, y in part] for part in parts]
        art.lay_over(colour, art.draw_shapes(*parts, *mirrored))


def _draw_string(art: Composition, number: int) -> None:
    """Draw one string of lanterns, the higher numbers nearer and larger."""
    r, high, sag = 0.020 + 0.0085 * number, 0.46 - 0.075 * number, 0.06 + 0.022 * number
    left, right = -0.05 + 0.03 * (6 - number), 1.05 - 0.03 * (6 - number)

    def find_hanging_point(t: float) -> tuple[float, float]:
        return left + (right - left) * t, high + sag * 4 * t * (1 - t)

    art.lay_over(
        "#4a0828", art.draw_lines([([find_hanging_point(t) for t in np.linspace(0, 1, 30)], 0.004)])
    )
    count = 6 + number * 3 % 4
    places = [
        find_hanging_point(t) for t in np.linspace(0, 1, count) + art.rng.uniform(-0.03, 0.03)
    ]
    body = [(x, y + r, 0.88 * r, r) for x, y in places]
    art.add_light("#ff7a1a", 0.8 * art.blur_mask(art.draw_discs(body), 0.9 * r))
    for first, colour in enumerate(("#ff2414", "#ff8a10", "#ffd21e")):
        art.lay_over(colour, art.draw_discs(body[(first + number) % 3 :: 3]))
    art.lay_over(
        "#7a0a20", art.draw_discs([(x, y + 1.95 * r, 0.36 * r, 0.14 * r) for x, y in places])
    )
    flames = art.draw_discs([(x, y + r, 0.4 * r, 0.5 * r) for x, y in places])
    art.add_light("#ffef9a", 0.9 * art.blur_mask(flames, 0.3 * r))


def _draw_crowd(art: Composition, row: int) -> None:
    """Draw one row of dancers, the higher numbers nearer; every other one has an arm up."""
    r = 0.014 + 0.0045 * row
    colours = ("#c22c2c", "#a81f33", "#8e1536", "#750f36", "#5d0b33", "#480829")
    count = 26 - 2 * row
    bodies, arms = [], []
    for number, place in enumerate(np.linspace(-0.02, 1.02, count)):
        x = place + art.rng.normal(0, 0.01)
        y = 0.79 + 0.036 * row + art.rng.uniform(-0.015, 0.015)
        bodies += [(x, y, 0.8 * r, r), (x, y + 4.0 * r, 1.6 * r, 3.0 * r)]
        side = r * art.rng.choice((-1, 1))
        if number % 2:
            shoulder, elbow = (x + 0.7 * side, y + 2.2 * r), (x + 1.5 * side, y + 0.6 * r)
            arms.append(([shoulder, elbow, (x + 1.1 * side, y - 2.2 * r)], 0.6 * r))
    crowd = np.maximum(art.draw_discs(bodies), art.draw_lines(arms))
    art.add_light("#ff8a3a", 0.5 * art.blur_mask(crowd, 0.02) * (1.0 - crowd))
    art.lay_over(colours[row], crowd)


def paint_wheels() -> Image.Image:
    """Discs of pure colour turn into one another, after the manner of the Delaunays."""
    art = Composition(840, 670, seed=103)
    wave = art.x + art.y + 0.15 * (art.make_clouds(2.0) - 0.5)
    art.fill([(0.0, "#ffb515"), (0.7, "#f4471b"), (1.3, "#d4123f"), (2.0, "#ff8c12")], wave)
    inks = np.stack([parse_colour(colour) for colour in _PAINTBOX], 1)
    turn = np.full_like(art.x, -0.8)
    for x, y, radius in _WHEELS:
        across, down = (art.x - x) * 1.25, art.y - y
        far, angle = np.hypot(across, down), np.arctan2(down, across)
        ring = np.minimum(far / radius * 7.0, 7.0).astype(np.int32)
        sector = ((angle / np.pi + 1.0) * 4.0 + 0.35 * ring + 9 * x).astype(np.int32)
        choice = art.rng.integers(0, len(_PAINTBOX), (8, 64))[ring, sector]
        art.lay_over(inks[:, choice], smooth_step(far, radius, radius - 0.004))
        turn = np.where(far < radius + 0.03, angle + np.float32(np.pi / 2), turn)
    art.add_light("#ffd23d", 0.35 * smooth_step(np.sin(26.0 * wave), 0.92, 1.0))
    return paint_composition(art, turn)


_PAINTBOX = (
    "#e8112d", "#ff7a00", "#ffd000", "#d6006c", "#ff4d1f",
    "#fff1c2", "#ffa400", "#b3001b", "#e8112d", "#1f5fd0",
)  # fmt: skip
_WHEELS = (
    (0.80, 0.20, 0.30), (0.12, 0.86, 0.34), (0.93, 0.82, 0.27), (0.14, 0.16, 0.25),
    (0.47, 0.50, 0.45),
)  # fmt: skip
"""Centre and radius of each wheel; the last lies over the others."""
