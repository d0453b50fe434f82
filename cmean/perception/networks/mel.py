"""Mel spectrograms by librosa, which is imported here and nowhere else."""

from __future__ import annotations

import tempfile
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RATE: Final = 16_000
HOP: Final = 256
TRANSFORM: Final = 512
BANDS: Final = 96


def compute_musicnn_mel(window: Floats) -> Floats:
    """Compute the logarithm of a window's mel spectrogram, as musicnn takes it.

    Args:
        window: mono at `RATE`, float32 of shape (n,), n at least `TRANSFORM`.

    Returns:
        float32 of shape (frames, `BANDS`), with one frame every `HOP` samples and none that
        reaches beyond the window.
    """
    spectrum = load_librosa().stft(window, n_fft=TRANSFORM, hop_length=HOP, center=False)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel: Floats = np.log10(10_000 * (_load_filters() @ power) + 1).T.astype(np.float32)
    return mel


@cache
def load_librosa() -> Any:  # noqa: ANN401 - a module without types
    """Import librosa, also where neither its folder nor the user's can be written.

    On import it has numba keep what was compiled on disk; numba refuses where it finds no folder
    to write to, as in a container with a read-only file system. A temporary one is given to it.
    """
    try:
        return _import_librosa()
    except RuntimeError:
        import numba  # noqa: PLC0415 - only where it is needed

        numba.config.CACHE_DIR = _make_folder().name  # type: ignore[attr-defined]  # set at import
        return _import_librosa()


@cache
def _make_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder that is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="cmean-numba-")


def _import_librosa() -> Any:  # noqa: ANN401 - as above
    import librosa

    librosa.util.MAX_MEM_BLOCK  # noqa: B018 - librosa imports its parts when they are first used
    librosa.stft  # noqa: B018 - as above
    return librosa


@cache
def _load_filters() -> Floats:
    filters: Floats = load_librosa().filters.mel(sr=RATE, n_fft=TRANSFORM, n_mels=BANDS)
    return filters
