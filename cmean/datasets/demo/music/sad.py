"""A lament, an elegy and a lonely melody: slow, minor, low and dark, falling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.datasets.demo.music.score import Stage, build_arpeggio, build_chords, parse_tune
from cmean.datasets.demo.music.synth import CELLO, CLARINET, DARK_PAD, DARK_PIANO, HALL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compose_lament() -> NDArray[np.float32]:
    """Compose a cello over the falling bass D, C, B flat, A."""
    stage = Stage(tempo=57, beats=16, seed=31)
    melody = parse_tune(
        "a3:2 bb3:.5 a3:1.5 | g3:1.5 f3:.5 e3:1 r:1 | f3:1.5 e3:.5 d3:2 | c#3:1.5 e3:.5 d3:2"
    )
    under = parse_tune("d2+a2+f3:4 c2+g2+e3:4 bb1+f2+d3:4 a1+e2+c#3:2 d2+a2+d3:2")
    stage.play(DARK_PAD, under, 0.5, room=0.4)
    stage.play(DARK_PIANO, parse_tune("d2:4 c2:4 bb1:4 a1:2 d2:2"), 0.5, pan=-0.2)
    stage.play(CELLO, melody, 0.75, pan=0.15, room=0.45, swell=(1.1, 0.8))
    return stage.mix_down(loudness=-22.5, reverb=HALL)


def compose_elegy() -> NDArray[np.float32]:
    """Low piano chords in C minor, each a step heavier, with strings behind them."""
    stage = Stage(tempo=55, beats=15, seed=32)
    harmony = "Cm Ab Fm G Cm Fm G Cm"
    melody = parse_tune("g4:1.5 ab4:.5 g4:1 eb4:1 | f4:1 eb4:.5 c4:.5 d4:2 |")
    answer = parse_tune("eb4:1.5 d4:.5 c4:1 ab3:1 | b3:1 d4:.5 b3:.5 c4:1")
    stage.play(DARK_PAD, build_chords(harmony, 2, 2), 0.4, room=0.4)
    stage.play(DARK_PIANO, build_chords(harmony, 2, 3), 0.6, pan=-0.15, hold=1.1)
    stage.play(DARK_PIANO, build_arpeggio(harmony, 2, 1, (3,), 2), 0.5, pan=-0.25, hold=1.1)
    stage.play(DARK_PIANO, melody, 0.6, pan=0.15, hold=1.1, room=0.45)
    stage.play(DARK_PIANO, answer, 0.5, pan=0.15, hold=1.1, room=0.45, start=8)
    return stage.mix_down(loudness=-23.0, reverb=HALL)


def compose_letter() -> NDArray[np.float32]:
    """Compose a clarinet solo in A minor with an occasional low chord."""
    stage = Stage(tempo=60, beats=16, seed=33)
    melody = parse_tune(
        "e4:1.5 d4:.5 c4:1 b3:1 | a3:2.5 r:1.5 | c4:1.5 b3:.5 a3:1 f3:1 | g#3:1 b3:.5 g#3:.5 a3:2"
    )
    stage.play(
        DARK_PAD, parse_tune("a2+e3+a3:4 f2+c3+a3:4 d2+a2+f3:4 e2+b2:2 a2+e3:2"), 0.28, room=0.4
    )
    stage.play(CLARINET, melody, 0.6, pan=0.1, room=0.5, swell=(1.1, 0.8))
    low = parse_tune("r:2 a2+e3+c4:2 r:2 f2+c3+a3:2 r:2 d2+a2+f3:2 e2+b2+g#3:2 a2+e3+c4:2")
    stage.play(DARK_PIANO, low, 0.55, pan=-0.25, hold=1.2, room=0.4)
    return stage.mix_down(loudness=-23.5, reverb=HALL)
