"""One pass over the short-time spectrum, in blocks: a few numbers a frame, bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Samples a second that every measure here expects."""

FRAME = 1024
HOP = 256
FRAME_RATE = SAMPLE_RATE / HOP
"""Frames a second (62.5)."""

SILENCE_DB = -70.0
"""RMS in dBFS below which nothing is heard."""

_BLOCK = 1024  # frames held at once: 16 s of sound, some 30 MB
_LEAD = 2  # frames of context before a block, which the rise in level looks back on
_TREMBLE = 3.0  # dB by which a held band may rise in 32 ms: vibrato, beating, noise
_SMOOTH = 17  # bins or frames of the running means that part sustained from percussive sound
_FAINTEST_DB = -50.0  # fainter excerpts are not scaled up, so that hiss stays hiss
_FLOOR = 1e-5  # power fifty decibels below the excerpt's mean is not heard beside it

_FREQUENCIES = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE).astype(np.float64)
# Third-octave-like bands from 60 Hz up; the lowest are one bin wide.
_EDGES = np.unique(np.round(np.geomspace(60.0, 7900.0, 37) / (SAMPLE_RATE / FRAME)).astype(int))
_NOISE_BINS = slice(*np.searchsorted(_FREQUENCIES, (100.0, 5000.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """What one pass leaves: series of shape (frames,), and sums over the excerpt.

    `level` is RMS in dBFS; `rise` the mean rise of the bands over 32 ms in dB, less what
    a held sound trembles (an onset envelope);
    `noisiness` the spectral flatness (0..1, Wiener entropy); `fullness` the share of bands within
    25 dB of the loudest one. `amplitude` and `power` are sums of the spectrum over frames, shape
    (bins,) at `frequencies` Hz. `percussive` is the share of power that spreads over frequency
    rather than over time (0..1).
    """

    level: Floats
    rise: Floats
    noisiness: Floats
    fullness: Floats
    amplitude: NDArray[np.float64]
    power: NDArray[np.float64]
    percussive: float

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Centre of each bin of `amplitude` and `power`, in Hz."""
        return _FREQUENCIES

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Which frames sound at all: above silence and within 40 dB of the loudest."""
        return self.level > max(SILENCE_DB, float(self.level.max()) - 40.0)


def measure_level(samples: Floats) -> float:
    """Compute the RMS of `samples` in dBFS, at least -120."""
    return float(10 * np.log10(np.mean(np.square(samples), dtype=np.float64) + 1e-12))


def iterate_frames(samples: Floats, size: int, hop: int, block: int) -> Iterator[Floats]:
    """Yield views of shape (≤ block, size) over `samples`, padded with zeros to one frame."""
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    for start in range(0, len(frames), block):
        yield frames[start : start + block]


def analyse_spectrum(samples: Floats) -> Spectra:
    """Measure the spectrum of mono `samples` (float32, 16 kHz) frame by frame.

    Sustained and percussive power are parted as by Fitzgerald (2010), with running means of the
    logarithm in place of his medians: the same idea at a tenth of the cost. Levels within a frame
    are taken against the excerpt's own mean power, so that mastering does not change them.
    """
    window = np.hanning(FRAME).astype(np.float32)
    scale = np.float32(1.0 / float(np.sum(window**2)) / FRAME * 2)
    reference = 10 ** (max(measure_level(samples), _FAINTEST_DB) / 10)
    bands_floor = np.float32(reference * _FLOOR)
    bin_floor = np.float32(bands_floor / 100)

    series: list[tuple[Floats, Floats, Floats, Floats]] = []
    amplitude = np.zeros(len(_FREQUENCIES))
    power_sum = np.zeros(len(_FREQUENCIES))
    percussive = 0.0
    lead: Floats | None = None
    for frames in iterate_frames(samples, FRAME, HOP, _BLOCK):
        spectrum = np.fft.rfft(frames * window, axis=1)
        power = ((spectrum.real**2 + spectrum.imag**2) * scale).astype(np.float32, copy=False)
        logs = np.log(power + bin_floor)
        bands = 10 * np.log10(np.add.reduceat(power, _EDGES, axis=1)[:, :-1] + bands_floor)
        before = bands[:1].repeat(_LEAD, axis=0) if lead is None else lead
        padded = np.concatenate((before, bands))
        lead = padded[-_LEAD:]
        series.append(
            (
                10 * np.log10(power.sum(axis=1) + np.float32(1e-12)),
                np.maximum(padded[_LEAD:] - padded[:-_LEAD] - _TREMBLE, 0).mean(axis=1),
                _measure_flatness(power[:, _NOISE_BINS] + bin_floor, logs[:, _NOISE_BINS]),
                (
                    bands
                    > np.maximum(
                        bands.max(axis=1, keepdims=True) - 25, _convert_to_decibels(bands_floor) + 1
                    )
                ).mean(axis=1, dtype=np.float32),
            )
        )
        amplitude += np.sqrt(power).sum(axis=0, dtype=np.float64)
        power_sum += power.sum(axis=0, dtype=np.float64)
        percussive += _measure_percussive_power(power, logs)
    level, rise, noisiness, fullness = (
        np.concatenate(parts) for parts in zip(*series, strict=True)
    )
    total = float(power_sum.sum())
    share = percussive / total if total > 0 else 0.0
    return Spectra(level, rise, noisiness, fullness, amplitude, power_sum, share)


def compute_running_mean(values: Floats, width: int, axis: int = 0) -> Floats:
    """Compute the centred mean over an odd `width`, the edges repeated; same shape as `values`."""
    half = width // 2
    pad = [(0, 0)] * values.ndim
    pad[axis] = (half + 1, half)
    sums = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis)
    size = values.shape[axis]
    upper = np.take(sums, range(width, width + size), axis=axis)
    means: Floats = (upper - np.take(sums, range(size), axis=axis)) / np.float32(width)
    return means


def _measure_percussive_power(power: Floats, logs: Floats) -> float:
    over_time = compute_running_mean(logs, _SMOOTH, axis=0)
    over_frequency = compute_running_mean(logs, _SMOOTH, axis=1)
    share = 1 / (1 + np.exp(np.clip(2 * (over_time - over_frequency), -30, 30)))
    return float(np.sum(power * share, dtype=np.float64))


def _measure_flatness(power: Floats, logs: Floats) -> Floats:
    flat: Floats = np.exp(logs.mean(axis=1)) / power.mean(axis=1)
    return flat


def _convert_to_decibels(power: np.float32) -> float:
    return float(10 * np.log10(power))
