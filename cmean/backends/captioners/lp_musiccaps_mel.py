"""The log-mel spectrogram that LP-MusicCaps was trained on, by numpy.

Frames of 64 ms every 10 ms, centred (the sound is mirrored at its ends), Hann window, Fourier
transform, the square of its *real part*, 128 triangular bins (HTK's mel) from 0 to 8 kHz, decibels.
A power spectrum would be the square of real and imaginary part together: the published model was
trained without the latter, and hears right only what is made in the same way.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
SAMPLES = 10 * RATE
"""The network takes exactly so many; shorter sounds are padded with silence."""

BINS = 128
_FFT, _HOP = 1024, 160
_FLOOR = 1e-10


def compute_musiccaps_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the spectrogram in decibels of a sound of at most 10 s, shape (128, 1001)."""
    padded = np.pad(samples.astype(np.float64), (0, SAMPLES - len(samples)))
    mirrored = np.pad(padded, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, _FFT)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    squares = np.fft.rfft(frames * window).real ** 2
    decibels = 10 * np.log10(np.maximum(squares @ _load_filters(), _FLOOR))
    return decibels.T.astype(np.float32)


@cache
def _load_filters() -> NDArray[np.float64]:
    """Make triangles over the bins of the transform, each with peak 1, of shape (513, 128)."""
    hertz = np.linspace(0, RATE / 2, _FFT // 2 + 1)[:, None]
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BINS + 2) / 2595) - 1)
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hertz - low) / (peak - low), (high - hertz) / (high - peak)
    return np.maximum(0, np.minimum(rising, falling))
