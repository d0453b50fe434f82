"""A lullaby, bells over a drone, and slow water: soft attacks, major, no drums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.music.score import Note, Stage, build_arpeggio, build_chords, parse_tune
from cmean.datasets.demo.music.synth import BELL, CELESTA, FLUTE, HALL, HARP, PAD

if TYPE_CHECKING:
    from numpy.typing import NDArray


def compose_lullaby() -> NDArray[np.float32]:
    """Compose a cradle song in F major: a celesta rocks in three over a harp."""
    stage = Stage(tempo=64, beats=18, seed=21)
    harmony = "F F Bb F C F"
    melody = parse_tune(
        "c5:2 a4:1 | c5:2 a4:1 | bb4:1.5 c5:.5 d5:1 | c5:3 | bb4:1 a4:1 g4:1 | f4:3"
    )
    stage.play(PAD, build_chords(harmony, 3, 3), 0.4, room=0.5)
    stage.play(HARP, build_arpeggio(harmony, 3, 3, (0, 2, 3), 1), 0.4, pan=-0.25, room=0.4)
    stage.play(CELESTA, melody, 0.5, pan=0.2, hold=1.2, room=0.5, swell=(1.0, 0.75))
    return stage.mix_down(loudness=-25.0, reverb=HALL)


def compose_bells() -> NDArray[np.float32]:
    """Bells over an open drone on G; they wander over five notes, step by step, and come home."""
    stage = Stage(tempo=56, beats=15, seed=22)
    scale = parse_tune("g4 a4 b4 d5 e5 g5")
    rng = np.random.default_rng(8)
    place, melody = 3, []
    for beat in (0.0, 2.0, 3.5, 5.0, 7.0, 8.5, 10.0):
        melody.append(Note(beat, 2.0, scale[place].pitches))
        place = int(np.clip(place + rng.choice((-2, -1, 1, 2)), 0, len(scale) - 1))
    melody.append(Note(12.0, 3.0, scale[0].pitches))
    stage.play(
        PAD, parse_tune("g2+d3+g3+b3:5 g2+d3+a3+b3:5 g2+d3+g3+b3:5"), 0.6, room=0.5, hold=1.1
    )
    stage.play(BELL, melody, 0.36, pan=0.25, hold=1.3, room=0.6)
    stage.play(BELL, parse_tune("r:1 g3:6 d3:5 g3:3"), 0.2, pan=-0.3, room=0.6)
    return stage.mix_down(loudness=-25.0, reverb=HALL)


def compose_water() -> NDArray[np.float32]:
    """Compose a harp in three, in D with the raised fourth, under a quiet flute."""
    stage = Stage(tempo=66, beats=18, seed=23)
    harmony = "D E D A E D"
    melody = parse_tune("f#4:3 | g#4:2 b4:1 | a4:3 | e4:2 a4:1 | b4:2 g#4:1 | a4:3")
    stage.play(PAD, parse_tune("d3+a3+d4:6 d3+a3+f#4:6 e3+b3:3 d3+a3+f#4:3"), 0.42, room=0.5)
    ripple = build_arpeggio(harmony, 3, 3, (0, 2, 3, 4, 3, 2), 0.5)
    stage.play(HARP, ripple, 0.3, pan=-0.2, hold=2.0, room=0.5)
    stage.play(FLUTE, melody, 0.3, pan=0.2, hold=0.95, room=0.6)
    return stage.mix_down(loudness=-24.5, reverb=HALL)
