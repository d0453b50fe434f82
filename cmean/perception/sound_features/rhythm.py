"""Onsets, tempo and pulse from an onset envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.perception.sound_features.spectra import FRAME_RATE, compute_running_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_NEIGHBOURS = 3  # an onset is the highest frame of the 112 ms around it
_PROMINENCE = 0.8  # dB above the local mean that an onset must rise
_FEWEST = 4  # onsets that can carry a beat
_LOCAL = 63  # frames of the local mean: one second
_WINDOW = 512  # frames of one autocorrelation: 8.2 s
_SLOWEST, _FASTEST = 40.0, 208.0  # beats a minute
_PREFERRED = 110.0  # beats a minute that listeners tap most readily
_OCTAVES = 0.9  # width of that preference


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`tempo` in beats a minute; `clarity` of the pulse, 0..1; `density` in onsets a second;
    `sharpness`: mean rise of the bands at onsets, in dB."""

    tempo: float
    clarity: float
    density: float
    sharpness: float


def measure_rhythm(rise: Floats) -> Rhythm:
    """Measure rhythm from the onset envelope `rise` (dB, shape (frames,), 62.5 frames a second)."""
    above = rise - compute_running_mean(rise, _LOCAL)
    peaks = _find_peaks(rise, above)
    tempo, clarity = _estimate_tempo(np.maximum(above, 0)) if len(peaks) >= _FEWEST else (0.0, 0.0)
    return Rhythm(
        tempo=tempo,
        clarity=clarity,
        density=len(peaks) * FRAME_RATE / len(rise),
        sharpness=float(rise[peaks].mean()) if len(peaks) else 0.0,
    )


def _find_peaks(rise: Floats, above: Floats) -> NDArray[np.intp]:
    padded = np.pad(rise, _NEIGHBOURS, constant_values=-1)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    return np.flatnonzero((rise >= around.max(axis=1)) & (above > _PROMINENCE))


def _estimate_tempo(envelope: Floats) -> tuple[float, float]:
    """Estimate tempo and pulse clarity by autocorrelation in windows, with a log-normal preference.

    The preference for moderate tempi follows Moelants (2002). Windows keep the cost linear and
    let the tempo drift.
    """
    lags = np.arange(int(60 * FRAME_RATE / _FASTEST), int(60 * FRAME_RATE / _SLOWEST) + 1)
    correlation = _autocorrelate(envelope, 2 * int(lags[-1]) + 1)
    if correlation is None:
        return 0.0, 0.0
    bpm = 60 * FRAME_RATE / lags
    preference = np.exp(-0.5 * (np.log2(bpm / _PREFERRED) / _OCTAVES) ** 2)
    best = int(np.argmax((correlation[lags] + correlation[2 * lags] / 2) * preference))
    lag = int(lags[best])
    left, middle, right = correlation[lag - 1 : lag + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    tempo = 60 * FRAME_RATE / (lag + float(np.clip(shift, -0.5, 0.5)))
    return tempo, float(np.clip(middle, 0, 1))


def _autocorrelate(envelope: Floats, lags: int) -> NDArray[np.float64] | None:
    """Mean autocorrelation over half-overlapping windows, 1 at lag 0; None without any onset."""
    if len(envelope) < _WINDOW:
        envelope = np.pad(envelope, (0, _WINDOW - len(envelope)))
    windows = np.lib.stride_tricks.sliding_window_view(envelope, _WINDOW)[:: _WINDOW // 2]
    centred = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * _WINDOW, axis=1)
    power = np.mean(spectrum.real**2 + spectrum.imag**2, axis=0, dtype=np.float64)
    correlation = np.fft.irfft(power)[:lags]
    if correlation[0] <= 0:
        return None
    unbiased: NDArray[np.float64] = (
        correlation / correlation[0] * _WINDOW / (_WINDOW - np.arange(lags))
    )
    return unbiased
