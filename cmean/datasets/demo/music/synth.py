"""A small additive synthesiser: pitched voices, drums and reverberation, at `RATE`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
"""Samples a second."""

Wave = NDArray[np.float32]
"""Mono samples, shape (n,)."""

CHAMBER, ROOM, HALL = 0.9, 1.6, 2.6
"""Three rooms, as the seconds in which their sound decays by 60 dB."""

_CYCLE = 4096
_SHADES = 24

_HIGHEST = 0.42 * RATE
"""Harmonics above this frequency are left out, so nothing aliases (Hz)."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The parameters of an instrument: harmonic spectrum, envelope, vibrato and noise.

    Attributes:
        tilt: harmonic k has weight k**-tilt; larger is darker.
        harmonics: how many harmonics at most.
        even: weight of the even harmonics (0 sounds hollow, as a clarinet).
        attack, release: seconds of the raised-cosine ends of a note.
        decay: damping of the first harmonic, 1/s; 0 sustains.
        slope: extra damping of each further harmonic, 1/s.
        pluck: where a string is plucked, as a share of its length; 0 for none.
        vibrato: depth in semitones, reached after half a second.
        chorus: detuning of the outer two of three players in cents; 0 for a soloist.
        breath: level of the noise that surrounds the tone.
    """

    tilt: float
    harmonics: int = 24
    even: float = 1.0
    attack: float = 0.004
    release: float = 0.08
    decay: float = 0.0
    slope: float = 0.0
    pluck: float = 0.0
    vibrato: float = 0.0
    chorus: float = 0.0
    breath: float = 0.0


HARP = Voice(tilt=1.3, harmonics=14, attack=0.006, release=0.5, decay=1.6, slope=0.9, pluck=0.41)
GUITAR = Voice(tilt=0.9, harmonics=22, release=0.12, decay=2.2, slope=0.7, pluck=0.23)
PIANO = Voice(tilt=1.25, harmonics=16, release=0.18, decay=1.3, slope=0.55, pluck=0.12)
DARK_PIANO = Voice(tilt=2.0, harmonics=10, attack=0.012, release=0.4, decay=0.9, slope=0.6)
CELESTA = Voice(tilt=2.3, harmonics=5, attack=0.008, release=0.7, decay=2.4, slope=1.6, even=0.5)
BELL = Voice(tilt=1.7, harmonics=7, attack=0.03, release=1.6, decay=0.9, slope=0.7, chorus=3.0)
BASS = Voice(tilt=1.3, harmonics=12, attack=0.008, release=0.05, decay=1.5, slope=0.8)
STRINGS = Voice(
    tilt=1.15, harmonics=26, attack=0.09, release=0.22, vibrato=0.1, chorus=7.0, breath=0.01
)
SPICCATO = Voice(tilt=0.95, harmonics=26, attack=0.01, release=0.05, decay=7.0, chorus=6.0)
CELLO = Voice(tilt=1.5, harmonics=16, attack=0.14, release=0.3, vibrato=0.16, breath=0.006)
BRASS = Voice(tilt=0.75, harmonics=26, attack=0.025, release=0.07, decay=0.6, chorus=5.0)
FLUTE = Voice(tilt=2.4, harmonics=6, attack=0.09, release=0.2, vibrato=0.12, breath=0.02)
PICCOLO = Voice(tilt=1.6, harmonics=6, attack=0.015, release=0.04, vibrato=0.08, breath=0.02)
CLARINET = Voice(tilt=1.7, harmonics=10, even=0.12, attack=0.1, release=0.25, vibrato=0.07)
ACCORDION = Voice(tilt=1.0, harmonics=20, even=0.7, attack=0.04, release=0.09, chorus=9.0)
PAD = Voice(tilt=1.9, harmonics=10, attack=0.9, release=1.1, vibrato=0.06, chorus=6.0)
DARK_PAD = Voice(tilt=2.3, harmonics=8, attack=0.7, release=1.2, vibrato=0.05, chorus=5.0)


@lru_cache(maxsize=160)
def synthesise_tone(voice: Voice, note: float, seconds: float) -> Wave:
    """Synthesise one note, about -1..1, as long as `seconds` and the voice's release.

    Args:
        voice: the instrument.
        note: pitch as a MIDI number, 69 = 440 Hz.
        seconds: from the attack to the moment of release.
    """
    count = int((seconds + voice.release) * RATE)
    time = np.arange(count, dtype=np.float32) / np.float32(RATE)
    frequency = 440.0 * 2.0 ** ((note - 69.0) / 12.0)
    harmonics = max(1, min(voice.harmonics, int(_HIGHEST / frequency)))
    players = (-voice.chorus, 0.0, voice.chorus) if voice.chorus else (0.0,)
    wave = np.zeros(count, np.float32)
    for number, cents in enumerate(players):
        cycles = np.float32(frequency * 2.0 ** (cents / 1200.0)) * time
        cycles += np.float32(0.31 * number)
        if voice.vibrato:
            rate = 5.1 + 0.3 * number
            swing = frequency * voice.vibrato * np.log(2.0) / 12.0 / (2.0 * np.pi * rate)
            depth = np.float32(swing) * np.minimum(2.0 * time, 1.0)
            cycles += depth * np.sin(np.float32(2.0 * np.pi * rate) * time)
        place = (cycles * _CYCLE).astype(np.int32)
        place &= _CYCLE - 1
        wave += _apply_timbre(voice, harmonics, time, place)
    wave *= np.exp(-voice.decay * time) / len(players)
    if voice.breath:
        wave += voice.breath * np.resize(generate_noise(0.8 * frequency, 5.0 * frequency), count)
    wave *= _make_envelope(count, voice.attack, voice.release)
    return wave


def _apply_timbre(
    voice: Voice, harmonics: int, time: Wave, place: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the wave at each `place` in its cycle, while upper harmonics fade by `slope`."""
    cycles = _compute_cycles(voice, harmonics).ravel()
    if not voice.slope:
        return cycles[place]
    shade: Wave = (1.0 - np.exp(np.float32(-voice.slope) * time)) * (_SHADES - 1)
    row = np.minimum(shade.astype(np.int32), _SHADES - 2)
    shade -= row
    row *= _CYCLE
    row += place
    wave: Wave = cycles[row]
    row += _CYCLE
    wave += shade * (cycles[row] - wave)
    return wave


@lru_cache(maxsize=64)
def _compute_cycles(voice: Voice, harmonics: int) -> NDArray[np.float32]:
    """Compute one cycle of the wave for each shade, from all harmonics to the first alone.

    Shape (`_SHADES`, `_CYCLE`); in shade s, harmonic k has faded to (1 - s / last)**(k - 1).
    """
    order = np.arange(1, harmonics + 1)
    weight = order**-voice.tilt * np.where(order % 2 == 0, voice.even, 1.0)
    if voice.pluck:
        weight = weight * np.abs(np.sin(np.pi * order * voice.pluck))
    weight /= np.sqrt(np.sum(weight**2))
    left = np.linspace(1.0, 0.0, _SHADES if voice.slope else 1)
    spectrum = np.zeros((left.size, _CYCLE // 2 + 1), np.complex64)
    spectrum[:, 1 : harmonics + 1] = -0.5j * _CYCLE * weight * left[:, None] ** (order - 1)
    return np.fft.irfft(spectrum, _CYCLE).astype(np.float32)


def _make_envelope(count: int, attack: float, release: float) -> Wave:
    """Return an envelope of ones with raised-cosine ends of the given seconds, shape (count,)."""
    envelope = np.ones(count, np.float32)
    for seconds, end in ((attack, slice(None)), (release, slice(None, None, -1))):
        length = min(count, max(1, int(seconds * RATE)))
        envelope[end][:length] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)
    return envelope


@lru_cache(maxsize=64)
def generate_noise(low: float, high: float) -> Wave:
    """Generate four seconds of noise of unit power in the band `low`..`high` Hz."""
    hertz = np.fft.rfftfreq(4 * RATE, 1.0 / RATE).astype(np.float32) + 1.0
    band = 1.0 / (1.0 + (low / hertz) ** 4) / (1.0 + (hertz / high) ** 4)
    wave = np.fft.irfft(_compute_noise_spectrum() * band)
    return np.asarray(wave / wave.std(), np.float32)


@lru_cache(maxsize=1)
def _compute_noise_spectrum() -> NDArray[np.complex64]:
    samples = np.random.default_rng(1).standard_normal(4 * RATE, np.float32)
    return np.fft.rfft(samples).astype(np.complex64)


@lru_cache(maxsize=16)
def synthesise_drum(name: str) -> Wave:
    """Synthesise one stroke of a drum of `KIT`: a swept sine for the skin and a burst of noise."""
    low, high, sweep, fall, band, sizzle, dry = KIT[name]
    count = int(7.0 / min(fall, dry) * RATE)
    time = np.arange(count) / RATE
    skin = np.sin(2.0 * np.pi * (low * time + (high - low) / sweep * (1 - np.exp(-sweep * time))))
    hiss = np.resize(generate_noise(*band), count)
    wave = (1.0 - sizzle) * skin * np.exp(-fall * time) + 0.5 * sizzle * hiss * np.exp(-dry * time)
    return (wave * _make_envelope(count, 0.001, 0.02)).astype(np.float32)


KIT: dict[str, tuple[float, float, float, float, tuple[float, float], float, float]] = {
    "kick": (48.0, 190.0, 45.0, 14.0, (1500.0, 5000.0), 0.06, 90.0),
    "tom": (88.0, 150.0, 18.0, 9.0, (300.0, 2500.0), 0.12, 40.0),
    "timpani": (73.4, 80.0, 30.0, 4.0, (80.0, 500.0), 0.12, 12.0),
    "snare": (185.0, 320.0, 60.0, 26.0, (900.0, 9000.0), 0.72, 17.0),
    "brush": (180.0, 200.0, 60.0, 40.0, (1500.0, 7000.0), 0.95, 13.0),
    "clap": (900.0, 950.0, 50.0, 60.0, (800.0, 4500.0), 0.97, 22.0),
    "hat": (6000.0, 6500.0, 50.0, 90.0, (6500.0, 13000.0), 0.97, 55.0),
    "shaker": (5000.0, 5100.0, 50.0, 99.0, (4500.0, 11000.0), 0.99, 38.0),
    "crash": (310.0, 420.0, 30.0, 12.0, (2500.0, 13000.0), 0.95, 2.6),
}
"""Drums: low and high end of the sweep (Hz), its speed (1/s), the skin's damping (1/s), the band
of the noise (Hz), its share, and its damping (1/s)."""


@lru_cache(maxsize=8)
def _compute_room_spectrum(seconds: float, count: int) -> NDArray[np.complex64]:
    """Compute the spectrum of a stereo room response of `count` samples, -60 dB at `seconds`."""
    time = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    tails = np.random.default_rng(5).standard_normal((2, time.size), np.float32)
    tails *= np.exp(-6.9 * time / seconds) * np.minimum(time / 0.012, 1.0)
    tails /= np.sqrt(np.sum(tails[0] ** 2))
    spectrum = np.fft.rfft(tails, count)
    hertz = np.fft.rfftfreq(count, 1.0 / RATE).astype(np.float32)
    walls = (1.0 - np.exp(-hertz / 150.0)) / (1.0 + (hertz / 3500.0) ** 2)
    return np.asarray(spectrum * walls, np.complex64)


def reverberate(send: Wave, seconds: float) -> NDArray[np.float32]:
    """Return `send` with the reverberation of a room, shape (2, n), -60 dB after `seconds`."""
    block = 4 * RATE  # a size with small prime factors, on which the FFT is fast
    size = -(-(send.size + int(seconds * RATE)) // block) * block
    wet = np.fft.irfft(np.fft.rfft(send, size) * _compute_room_spectrum(seconds, size), size)
    return wet[:, : send.size].astype(np.float32)
