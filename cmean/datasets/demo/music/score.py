"""A text notation of music, chords, and a stage that plays and mixes notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.datasets.demo.music.synth import (
    RATE,
    Voice,
    reverberate,
    synthesise_drum,
    synthesise_tone,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.datasets.demo.music.synth import Wave

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 10),
    "m7": (0, 3, 10),
    "maj7": (0, 4, 11),
    "sus": (0, 5, 7),
    "5": (0, 7, 12),
}


@dataclass(frozen=True, slots=True)
class Note:
    """Pitches (MIDI numbers) that sound together from `beat` on, for `beats`."""

    beat: float
    beats: float
    pitches: tuple[int, ...]


def parse_pitch(name: str) -> int:
    """Return the MIDI number of a note name such as ``c4``, ``f#3`` or ``bb2``; ``c4`` is 60."""
    found = re.fullmatch(r"([a-g])([#b]?)(-?\d)", name)
    if found is None:
        msg = f"not a note name: {name!r}"
        raise ValueError(msg)
    step, sign, octave = found.groups()
    return _STEPS[step] + {"": 0, "#": 1, "b": -1}[sign] + 12 * (int(octave) + 1)


def parse_tune(text: str) -> list[Note]:
    """Read a melody: ``"d4:1.5 e4:.5 d3+f3+a3 r:2 |"``.

    A token is a note, notes joined by ``+``, or ``r`` for a rest; ``:`` gives its beats, else it
    is as long as the one before; ``|`` is a bar line for the reader.
    """
    notes, beat, length = [], 0.0, 1.0
    for token in text.replace("|", " ").split():
        names, _, beats = token.partition(":")
        length = float(beats) if beats else length
        if names != "r":
            notes.append(Note(beat, length, tuple(parse_pitch(name) for name in names.split("+"))))
        beat += length
    return notes


def build_chord(name: str, octave: int) -> tuple[int, ...]:
    """Return the three pitches of a chord such as ``Dm``, ``F#7``, ``Gmaj7``, root in `octave`."""
    root, kind = re.fullmatch(r"([A-G][#b]?)(.*)", name).groups()  # type: ignore[union-attr] # a wrong name fails at once, in a test
    base = parse_pitch(f"{root.lower()}{octave}")
    return tuple(base + step for step in _CHORDS[kind])


def build_chords(names: str, beats: float, octave: int) -> list[Note]:
    """Return chords of `beats` each, one after another; names are separated by spaces."""
    return [Note(i * beats, beats, build_chord(n, octave)) for i, n in enumerate(names.split())]


def build_arpeggio(
    names: str, beats: float, octave: int, order: Sequence[int], each: float
) -> list[Note]:
    """Return chords of `beats`, broken into notes of `each` beats.

    `order` counts chord tones upwards from the root at 0; 3 is the root an octave higher.
    """
    notes = []
    for held in build_chords(names, beats, octave):
        for i in range(round(beats / each)):
            octaves, member = divmod(order[i % len(order)], 3)
            notes.append(Note(held.beat + i * each, each, (held.pitches[member] + 12 * octaves,)))
    return notes


class Stage:
    """Mixer of a piece: places sounds in time and in the stereo field.

    Args:
        tempo: beats a minute.
        beats: length of the piece in beats; reverberation adds two seconds.
        seed: of the random deviations in time and loudness.
    """

    def __init__(self, tempo: float, beats: float, seed: int) -> None:
        self._second = 60.0 / tempo
        self._beats = beats
        count = int((beats * self._second + 2.0) * RATE)
        self._dry = np.zeros((2, count), np.float32)
        self._send = np.zeros(count, np.float32)
        self._rng = np.random.default_rng(seed)

    def play(  # noqa: PLR0913 - independent settings of a mixing desk
        self,
        voice: Voice,
        notes: Sequence[Note],
        gain: float,
        *,
        pan: float = 0.0,
        room: float = 0.3,
        hold: float = 1.0,
        swell: tuple[float, float] = (1.0, 1.0),
        start: float = 0.0,
    ) -> None:
        """Play notes with one voice.

        Args:
            voice: the instrument.
            notes: beats counted from `start`.
            gain: level; each pitch of a chord gets its share.
            pan: -1 left .. 1 right.
            room: how much goes to the reverberation.
            hold: share of its written length that a note is held.
            swell: factor on the gain at the first and last beat of the piece, linear between.
            start: beat at which the notes begin.
        """
        for note in notes:
            beat = start + note.beat
            loud = gain * np.interp(beat / self._beats, (0.0, 1.0), swell)
            seconds = round(note.beats * hold * self._second, 3)
            for number in note.pitches:
                wave = synthesise_tone(voice, number, seconds)
                self._add_sound(wave, beat, float(loud) / len(note.pitches) ** 0.6, pan, room)

    def play_drums(
        self,
        name: str,
        pattern: str,
        gain: float,
        *,
        pan: float = 0.0,
        room: float = 0.15,
        step: float = 0.25,
        span: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """Repeat a drum pattern: one sign a `step` of beats, ``X`` loud, ``x`` soft, ``.`` none.

        `span` is the part of the piece that has it, as shares of its length.
        """
        wave = synthesise_drum(name)
        for i in range(round(span[0] * self._beats / step), round(span[1] * self._beats / step)):
            level = {"X": 1.0, "x": 0.55, ".": 0.0}[pattern[i % len(pattern)]]
            if level:
                self._add_sound(wave, i * step, gain * level, pan, room)

    def _add_sound(self, wave: Wave, beat: float, gain: float, pan: float, room: float) -> None:
        at = max(0, int((beat * self._second + self._rng.normal(0.0, 0.004)) * RATE))
        wave = wave[: max(0, self._send.size - at)] * (gain * self._rng.uniform(0.9, 1.0))
        left, right = np.cos((pan + 1.0) * np.pi / 4.0), np.sin((pan + 1.0) * np.pi / 4.0)
        place = slice(at, at + wave.size)
        self._dry[0, place] += np.float32(left) * wave
        self._dry[1, place] += np.float32(right) * wave
        self._send[place] += np.float32(room) * wave

    def mix_down(self, loudness: float, reverb: float) -> NDArray[np.float32]:
        """Mix the piece: shape (n, 2), peaks below 0.95, faded out over the last two seconds.

        Args:
            loudness: root mean square of the piece, in dB of full scale.
            reverb: seconds in which the room decays by 60 dB.
        """
        mix = self._dry + reverberate(self._send, reverb)
        mix *= 10.0 ** (loudness / 20.0) / np.sqrt(np.mean(mix**2))
        mix = 0.95 * np.tanh(mix / 0.95)  # rounds the loudest peaks instead of clipping them
        fade = 2 * RATE
        mix[:, -fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade)
        return np.ascontiguousarray(mix.T, np.float32)
