"""A journey, an old photograph and a last waltz: minor and moving, warm and wistful at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.datasets.demo.music.score import Stage, build_arpeggio, build_chords, parse_tune
from cmean.datasets.demo.music.synth import (
    ACCORDION,
    BASS,
    CELLO,
    FLUTE,
    GUITAR,
    PIANO,
    ROOM,
    STRINGS,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compose_train() -> NDArray[np.float32]:
    """Compose a rolling piano in E minor under strings."""
    stage = Stage(tempo=100, beats=28, seed=41)
    harmony = "Em C G D Em C B"
    melody = parse_tune(
        "b4:3 a4:1 | g4:2 e4:2 | d5:3 b4:1 | a4:4 | b4:2 e5:2 | d5:1 c5:1 b4:1 g4:1 | f#4:3 e4:1"
    )
    roll = build_arpeggio(harmony, 4, 3, (0, 2, 3, 4, 3, 2, 3, 4), 0.5)
    stage.play(PIANO, roll, 0.5, pan=-0.2, hold=1.4, swell=(0.8, 1.15))
    stage.play(STRINGS, melody, 0.4, pan=0.2, room=0.4, swell=(0.8, 1.2))
    stage.play(CELLO, build_arpeggio(harmony, 4, 2, (3,), 4), 0.3, room=0.35)
    stage.play(BASS, build_arpeggio(harmony, 4, 2, (0, 0, 2), 1), 0.4, hold=0.9, room=0.05)
    stage.play_drums("kick", "X.....x.X.......", 0.35, span=(0.286, 1.0))
    stage.play_drums("brush", "....X.......X.x.", 0.2, pan=0.1, span=(0.286, 1.0))
    stage.play_drums("shaker", "x.X.", 0.1, pan=0.35)
    return stage.mix_down(loudness=-18.0, reverb=ROOM)


def compose_photograph() -> NDArray[np.float32]:
    """Compose a picked guitar around A minor with a flute."""
    stage = Stage(tempo=96, beats=28, seed=42)
    harmony = "Am F C Em Am Dm E"
    melody = parse_tune(
        "e5:1.5 d5:.5 c5:1 a4:1 | c5:2.5 a4:.5 c5:1 | g4:1 c5:1 e5:1.5 d5:.5 | d5:3 b4:1 |"
        "c5:1.5 b4:.5 a4:1 e4:1 | f4:1 a4:1 d5:1 c5:1 | b4:2 g#4:1 a4:1"
    )
    picking = build_arpeggio(harmony, 4, 3, (0, 3, 2, 4, 1, 3, 2, 4), 0.5)
    stage.play(GUITAR, picking, 0.55, pan=-0.25, hold=1.5, swell=(0.9, 1.1))
    stage.play(GUITAR, build_arpeggio(harmony, 4, 4, (2, 3, 1, 3), 1), 0.2, pan=0.4, start=0.25)
    stage.play(FLUTE, melody, 0.42, pan=0.15, hold=0.95, room=0.45)
    stage.play(STRINGS, build_chords(harmony, 4, 3), 0.18, pan=0.3, room=0.4, swell=(0.3, 1.5))
    stage.play(BASS, build_arpeggio(harmony, 4, 2, (0, 2), 2), 0.45, hold=0.8, room=0.05)
    stage.play_drums("kick", "X.......X.x.....", 0.35, span=(0.286, 1.0))
    stage.play_drums("brush", "....X.......X...", 0.22, pan=-0.1, span=(0.286, 1.0))
    return stage.mix_down(loudness=-18.0, reverb=ROOM)


def compose_waltz() -> NDArray[np.float32]:
    """Compose an accordion waltz in B minor; in the second round others join."""
    stage = Stage(tempo=105, beats=27, seed=43)
    harmony = "Bm G A D G Em F#7 Bm Bm"
    melody = parse_tune(
        "f#5:2 d5:1 | e5:1.5 d5:.5 b4:1 | c#5:1 e5:1 a5:1 | f#5:2.5 e5:.5 |"
        "d5:1 b4:1 d5:1 | g5:1.5 f#5:.5 e5:1 | c#5:1 f#5:1 a#4:1 | b4:2 f#4:1 | b4:3"
    )
    stage.play(ACCORDION, melody, 0.38, pan=0.1, hold=0.92, swell=(0.8, 1.1))
    stage.play(STRINGS, melody[13:], 0.3, pan=-0.3, room=0.4)
    stage.play(
        PIANO, build_arpeggio(harmony, 3, 4, (0, 1, 2, 3, 2, 1), 0.5), 0.35, pan=0.3, hold=1.3
    )
    for offset in (1.0, 2.0):
        stage.play(ACCORDION, build_chords(harmony, 3, 3), 0.25, pan=-0.2, hold=0.14, start=offset)
    stage.play(BASS, build_arpeggio(harmony, 3, 2, (0,), 3), 0.6, hold=0.4, room=0.05)
    stage.play_drums("brush", "....x...x...", 0.16, pan=0.2)
    stage.play_drums("kick", "X...........", 0.3)
    return stage.mix_down(loudness=-18.0, reverb=ROOM)
