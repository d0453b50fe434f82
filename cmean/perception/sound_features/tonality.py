"""Key, mode and register from the peaks of a finer spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.perception.sound_features.spectra import SAMPLE_RATE, iterate_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PITCH_CLASSES = (
    "C",
    "C sharp",
    "D",
    "E flat",
    "E",
    "F",
    "F sharp",
    "G",
    "A flat",
    "A",
    "B flat",
    "B",
)

# Probe-tone ratings of Krumhansl & Kessler (1982), from the tonic upwards in semitones.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

_FRAME = 4096  # 256 ms: parts semitones from 130 Hz up
_HOP = 2048
_BLOCK = 256  # frames held at once
_LOWEST, _HIGHEST = 55.0, 2000.0  # Hz; above, overtones blur the key
_STEPS = 10  # bins of the histogram a semitone
_AUDIBLE = 0.05  # of the frame's highest peak


@dataclass(frozen=True, slots=True)
class Tonality:
    """`key` as a pitch class and `mode` (major or minor); `strength` of the key and `majorness`.

    `strength` is the correlation with the best profile (-1..1); `majorness` the best major
    correlation less the best minor one. `pitch` is the mean pitch of the peaks in Hz.
    """

    key: str
    mode: str
    strength: float
    majorness: float
    pitch: float


def measure_tonality(samples: Floats) -> Tonality:
    """Measure key and register of mono `samples` (float32, 16 kHz)."""
    histogram = np.zeros(12 * _STEPS)
    heights = 0.0
    weight_sum = 0.0
    window = np.hanning(_FRAME).astype(np.float32)
    low = int(_LOWEST * _FRAME / SAMPLE_RATE)
    high = int(_HIGHEST * _FRAME / SAMPLE_RATE)
    for frames in iterate_frames(samples, _FRAME, _HOP, _BLOCK):
        spectrum = np.fft.rfft(frames * window, axis=1)[:, low - 1 : high + 2]
        semitones, weights = _find_spectral_peaks(np.abs(spectrum), low)
        places = np.round(semitones * _STEPS).astype(np.int64) % len(histogram)
        histogram += np.bincount(places, weights, minlength=len(histogram))
        heights += float(np.sum(semitones * weights))
        weight_sum += float(np.sum(weights))
    if weight_sum <= 0:
        return Tonality(PITCH_CLASSES[0], "major", 0.0, 0.0, 0.0)
    pitch = 440.0 * 2 ** ((heights / weight_sum - 69) / 12)
    return _find_best_key(_fold_to_chroma(histogram), pitch)


def _find_spectral_peaks(magnitudes: Floats, low: int) -> tuple[NDArray[np.float64], Floats]:
    """Find MIDI pitches and weights of local maxima; column 0 of `magnitudes` is bin `low` - 1."""
    middle = magnitudes[:, 1:-1]
    floor = np.maximum(middle.max(axis=1, keepdims=True) * _AUDIBLE, 1e-3)
    row, column = np.nonzero(
        (middle > magnitudes[:, :-2]) & (middle >= magnitudes[:, 2:]) & (middle > floor)
    )
    left, centre, right = (
        np.log(magnitudes[row, column + step] + np.float32(1e-9)) for step in range(3)
    )
    shift = 0.5 * (left - right) / np.minimum(left - 2 * centre + right, -1e-6)
    hertz = (low + column + np.clip(shift, -0.5, 0.5)) * SAMPLE_RATE / _FRAME
    return 69 + 12 * np.log2(hertz / 440.0), np.sqrt(middle[row, column])


def _fold_to_chroma(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fold tenths of semitones into 12 classes, after turning them to the piece's own tuning."""
    phase = np.exp(2j * np.pi * np.arange(len(histogram)) / _STEPS)
    tuning = round(float(np.angle(np.sum(histogram * phase))) / (2 * np.pi) * _STEPS)
    turned = np.roll(histogram, _STEPS // 2 - tuning)
    chroma: NDArray[np.float64] = turned.reshape(12, _STEPS).sum(axis=1)
    return chroma


def _find_best_key(chroma: NDArray[np.float64], pitch: float) -> Tonality:
    """Find the key whose profile correlates best with `chroma` (Krumhansl 1990)."""
    spread = chroma - chroma.mean()
    size = float(np.linalg.norm(spread))
    fits = {
        mode: [_correlate(np.roll(spread, -tonic), profile, size) for tonic in range(12)]
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
    }
    majorness = max(fits["major"]) - max(fits["minor"])
    mode = "major" if majorness >= 0 else "minor"
    strength = max(fits[mode])
    return Tonality(PITCH_CLASSES[fits[mode].index(strength)], mode, strength, majorness, pitch)


def _correlate(spread: NDArray[np.float64], profile: tuple[float, ...], size: float) -> float:
    centred = np.asarray(profile) - np.mean(profile)
    norm = size * float(np.linalg.norm(centred))
    return float(spread @ centred) / norm if norm > 0 else 0.0
