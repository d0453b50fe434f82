"""A sound as ImageBind's tower takes it: log-mel spectrograms of windows of two seconds.

The spectrogram is Kaldi's filter bank (Povey et al. 2011) with a Hann window and no dither: frames
of 25 ms every 10 ms without their mean, pre-emphasis 0.97, power, 128 mel bins from 20 Hz to 8 kHz,
natural logarithm.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cmean.backends.embedders.imagebind.sizes import FRAMES, MEL_BINS
from cmean.util.covering_windows import cover_with_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RATE = 16_000
CLIP = 2 * RATE
STEP = 196 * 160
"""Windows begin so many samples apart: the tower's patches end after 196 of a window's frames, and
nothing is to fall between two windows."""

_FRAME, _HOP, _FFT = 400, 160, 512
_FLOOR = float(np.finfo(np.float32).eps)
_MEAN, _STD = -4.268, 9.138  # of the log-mel values that the tower was trained on


def compute_clip_spectrograms(
    samples: NDArray[np.float32], clips: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Compute the spectrogram of each window of two seconds, or of so many clips of two seconds.

    Windows cover the sound, overlap by 40 ms, and the last one is aligned to the end. Clips are
    spread evenly, the first at the beginning and the last at the end, as in the published loader,
    which hears three.

    Args:
        samples: mono, at 16 kHz, of shape (n,), n at least 1.
        clips: how many; None: windows.

    Returns:
        Arrays of shape (1, 128, 204), normalised.
    """
    size = len(samples)
    bounds = cover_with_windows(size, CLIP, STEP) if clips is None else _spread_clips(size, clips)
    for start, end in bounds:
        yield normalise_spectrogram(compute_filter_bank(samples[start:end]))


def _spread_clips(size: int, count: int) -> list[tuple[int, int]]:
    """Spread clips evenly over so many samples; of less than a clip all are the same."""
    latest = max(0, size - CLIP)
    starts = [latest * number // max(1, count - 1) for number in range(count)]
    return [(start, min(start + CLIP, size)) for start in starts]


def compute_filter_bank(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kaldi's log-mel filter bank, of shape (128, frames); less than one frame is padded to one."""
    from transformers.audio_utils import spectrogram, window_function

    found: NDArray[np.float32] = spectrogram(
        np.pad(samples, (0, max(0, _FRAME - len(samples)))),
        window_function(_FRAME, "hann", periodic=False),
        frame_length=_FRAME,
        hop_length=_HOP,
        fft_length=_FFT,
        power=2.0,
        center=False,
        preemphasis=0.97,
        remove_dc_offset=True,
        mel_filters=_load_filters(),
        mel_floor=_FLOOR,
        log_mel="log",
    )
    return found


def normalise_spectrogram(bins: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise a spectrogram by the training's mean and deviation; (1, 128, 204) frames.

    The frames that are missing are zero before that, as in training.
    """
    padded = np.pad(bins, ((0, 0), (0, max(0, FRAMES - bins.shape[1]))))[None, :, :FRAMES]
    return ((padded - _MEAN) / _STD).astype(np.float32)


@cache
def _load_filters() -> NDArray[np.float64]:
    from transformers.audio_utils import mel_filter_bank

    with warnings.catch_warnings():
        # the lowest filters are narrower than a bin, and Kaldi's are empty there as well
        warnings.filterwarnings("ignore", "At least one mel filter", UserWarning)
        found: NDArray[np.float64] = mel_filter_bank(
            num_frequency_bins=_FFT // 2 + 1,
            num_mel_filters=MEL_BINS,
            min_frequency=20,
            max_frequency=RATE / 2,
            sampling_rate=RATE,
            mel_scale="kaldi",
            triangularize_in_mel_space=True,
        )
    return found
