"""A chase, a dance and a victory march: fast, bright, dense, with drums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.datasets.demo.music.score import Stage, build_arpeggio, build_chords, parse_tune
from cmean.datasets.demo.music.synth import (
    BASS,
    BRASS,
    CHAMBER,
    GUITAR,
    PICCOLO,
    ROOM,
    SPICCATO,
    STRINGS,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compose_chase() -> NDArray[np.float32]:
    """Strings run in sixteenths under brass, in D minor, and break out into the major."""
    stage = Stage(tempo=164, beats=41, seed=11)
    harmony = "Dm Bb Bb C F Dm Bb A Bb C"
    melody = parse_tune(
        "d5:1.5 e5:.5 f5:1 a5:1 | g5:.5 f5:.5 e5:1 d5:2 | bb4:1 d5:1 f5:1.5 e5:.5 | e5:1 c5:1 g5:2"
        "| a5:1.5 g5:.5 f5:1 d5:1 | f5:.5 g5:.5 a5:1 d6:2 | bb5:1 a5:.5 g5:.5 f5:1 d5:1 |"
        "e5:1 c#5:1 a5:2 | bb5:1 a5:.5 bb5:.5 f5:1 bb5:1 | c6:1 bb5:.5 c6:.5 g5:1 c6:1 |"
    )
    run = build_arpeggio(harmony, 4, 3, (0, 3, 2, 3, 1, 3, 2, 3, 0, 3, 2, 4, 3, 2, 1, 2), 0.25)
    stage.play(SPICCATO, run, 0.5, pan=-0.3, swell=(0.8, 1.1))
    stage.play(SPICCATO, build_arpeggio(harmony, 4, 4, (0, 1, 2, 1), 0.5), 0.28, pan=0.4)
    stage.play(BRASS, melody, 0.4, pan=0.15, hold=0.85, swell=(0.9, 1.2))
    stage.play(BASS, build_arpeggio(harmony, 4, 2, (0, 0, 3, 0, 0, 3, 2, 3), 0.5), 0.55, room=0.05)
    stage.play(BRASS, parse_tune("d4+a4+d5+f#5+a5:1"), 1.1, hold=1.6, start=40)
    stage.play_drums("kick", "X.....X.X.....x.", 0.9, span=(0, 0.976))
    stage.play_drums("snare", "....X.......X.xx", 0.6, pan=0.1, span=(0, 0.976))
    stage.play_drums("hat", "x.X.x.X.", 0.2, pan=0.35, span=(0, 0.976))
    stage.play_drums("tom", "..X..X..X.xxX.X.", 0.45, pan=-0.35, span=(0.39, 0.976))
    stage.play_drums("crash", "X" + "." * 79, 0.3, pan=-0.2)
    return stage.mix_down(loudness=-13.5, reverb=CHAMBER)


def compose_dance() -> NDArray[np.float32]:
    """Compose a round dance in G major: a whistle and a guitar over claps and a jumping bass."""
    stage = Stage(tempo=152, beats=41, seed=12)
    harmony = "G C G D G C D G G C"
    first = (
        "g5:.5 b5 d6 b5 e6 d6 b5 d6 | c6 e6 d6 c6 b5 g5 a5 b5 |"
        "g5 b5 d6 b5 e6 d6 b5 d6 | c6 a5 f#5 a5 d6:1 c6:.5 a5:.5 |"
    )
    second = (
        "d6:.5 g6 f#6 g6 e6 g6 d6 g6 | c6 e6 d6 c6 b5 d6 g5 d6 |"
        "c6 b5 c6 d6 e6 d6 c6 b5 | a5 c6 b5 a5 g5:1 d6:.5 g6:.5 |"
    )
    last = "b5:.5 d6 g6 d6 b5 d6 g5 b5 | c6 e6 g6 e6 d6 c6 b5 a5 | g5:1"
    stage.play(PICCOLO, parse_tune(first + second + last), 0.4, pan=0.2, hold=0.8, swell=(0.9, 1.1))
    stage.play(GUITAR, parse_tune(first + second + last), 0.5, pan=-0.25, hold=0.9)
    offbeat = build_chords(" ".join(f"{c} {c} {c} {c}" for c in harmony.split()), 1, 4)
    stage.play(GUITAR, offbeat, 0.75, pan=0.35, hold=0.3, start=0.5)
    stage.play(BASS, build_arpeggio(harmony, 4, 2, (0, 2), 1), 0.7, hold=0.6, room=0.05)
    stage.play(GUITAR, parse_tune("g3+d4+g4+b4+d5+g5:1"), 1.3, hold=2.0, start=40)
    stage.play_drums("kick", "X...", 0.85, span=(0, 0.99))
    stage.play_drums("clap", "....X..x....X...", 0.5, pan=-0.15, room=0.3, span=(0, 0.976))
    stage.play_drums("shaker", "xxXx", 0.24, pan=0.4, span=(0, 0.976))
    stage.play_drums("tom", "x..x..x.x..xx.x.", 0.4, pan=-0.4, span=(0.39, 0.976))
    stage.play_drums("crash", "X" + "." * 63, 0.22, pan=0.3, span=(0.39, 1.0))
    return stage.mix_down(loudness=-14.0, reverb=CHAMBER)


def compose_march() -> NDArray[np.float32]:
    """Compose a victory march in D major: fanfares, snare rolls, timpani and cymbals."""
    stage = Stage(tempo=144, beats=37, seed=13)
    harmony = "D D G A Bm G A D G"
    melody = parse_tune(
        "d5:.75 d5:.25 d5:1 f#5:1 a5:1 | d6:2 c#6:1 a5:1 | b5:1.5 a5:.5 g5:1 b5:1 | a5:2 e5:1 a5:1"
        "| b5:.75 b5:.25 b5:1 c#6:1 d6:1 | d6:1.5 c#6:.5 b5:1 g5:1 | a5:1 b5:.5 c#6:.5 e6:1 c#6:1 |"
        "d6:1 a5:.5 a5:.5 d6:1 f#6:1 | g6:1.5 f#6:.5 e6:1 c#6:1 | d6:1"
    )
    lower = parse_tune(
        "a4:.75 a4:.25 a4:1 d5:1 f#5:1 | f#5:2 a5:1 f#5:1 | g5:1.5 f#5:.5 d5:1 g5:1 | e5:2 c#5:2 |"
        "d5:.75 d5:.25 d5:1 e5:1 f#5:1 | g5:1.5 a5:.5 g5:1 d5:1 | e5:1 g5:.5 a5:.5 c#6:1 a5:1 |"
        "f#5:1 f#5:.5 f#5:.5 a5:1 d6:1 | b5:1.5 a5:.5 g5:1 e5:1 | f#5:1"
    )
    stage.play(BRASS, melody, 0.5, pan=-0.2, hold=0.85, swell=(0.9, 1.15))
    stage.play(BRASS, lower, 0.35, pan=0.25, hold=0.85, swell=(0.9, 1.15))
    stage.play(STRINGS, build_chords(harmony, 4, 4), 0.35, pan=0.1, hold=0.95)
    stage.play(BRASS, build_arpeggio(harmony, 4, 3, (0, 2, 1, 2), 1), 0.35, pan=0.3, hold=0.5)
    stage.play(BASS, build_arpeggio(harmony, 4, 2, (0, 2), 1), 0.65, hold=0.7, room=0.1)
    stage.play(SPICCATO, build_arpeggio(harmony, 4, 4, (0, 2, 1, 2), 0.5), 0.4, pan=-0.4)
    stage.play(
        PICCOLO, build_arpeggio(harmony, 4, 5, (3, 2, 1, 2, 3, 4, 3, 2), 0.5), 0.13, hold=0.6
    )
    stage.play(BRASS, parse_tune("d4+a4+d5+f#5+a5+d6:1"), 1.2, hold=2.4, start=36)
    stage.play_drums("kick", "X.......X.......", 0.7, span=(0, 0.99))
    stage.play_drums("snare", "X..xX.x.X..xXxxx", 0.62, pan=0.15, span=(0, 0.98))
    stage.play_drums("timpani", "X.......X...X...", 0.6, pan=-0.3, room=0.4)
    stage.play_drums("crash", "X" + "." * 31, 0.3, pan=0.2, room=0.3)
    stage.play_drums("hat", "x.X.", 0.22, pan=-0.4, span=(0, 0.98))
    return stage.mix_down(loudness=-13.5, reverb=ROOM)
