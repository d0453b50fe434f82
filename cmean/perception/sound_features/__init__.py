"""What can be measured of a sound with numpy alone, in time linear in its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cmean.perception.sound_features.rhythm import measure_rhythm
from cmean.perception.sound_features.spectra import (
    SAMPLE_RATE,
    SILENCE_DB,
    Spectra,
    analyse_spectrum,
    measure_level,
)
from cmean.perception.sound_features.tonality import measure_tonality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["SAMPLE_RATE", "SILENCE_DB", "SoundFeatures", "measure"]

_LONGEST = 600  # seconds that are analysed whole
_SLICES = 20  # evenly spaced parts that stand for anything longer


@dataclass(frozen=True, slots=True)
class SoundFeatures:
    """The measures of one excerpt.

    Loudness: `level_dbfs` RMS, `range_db` from the 10th to the 95th percentile of the sounding
    frames, `swell_db` the last third over the first. Time: `tempo_bpm` (0: none found),
    `beat_clarity` 0..1, `onsets_per_second`, `sharpness_db` the mean rise at an onset, `motion_db`
    the mean rise of a frame. Timbre: `percussive_share`, `noisiness` and `fullness` 0..1,
    `centroid_hz`, `rolloff_hz` (85 % of the power lies below). Pitch: `key`, `mode`,
    `key_strength` (a correlation), `majorness` (best major key less best minor one), `pitch_hz`.
    `heard_share` is the share of the time that sounds at all.
    """

    seconds: float
    level_dbfs: float
    range_db: float
    swell_db: float
    heard_share: float
    tempo_bpm: float
    beat_clarity: float
    onsets_per_second: float
    sharpness_db: float
    motion_db: float
    percussive_share: float
    noisiness: float
    fullness: float
    centroid_hz: float
    rolloff_hz: float
    key: str
    mode: str
    key_strength: float
    majorness: float
    pitch_hz: float

    @property
    def silent(self) -> bool:
        """Whether every frame stays under `SILENCE_DB`."""
        return self.heard_share == 0


def measure_sound(samples: Floats) -> SoundFeatures:
    """Measure mono `samples`: float32 of shape (n,), n > 0, finite, at 16 kHz.

    Sound of more than ten minutes is measured in twenty slices of thirty seconds, evenly spaced,
    so that time and memory are bounded whatever the length.
    """
    seconds = len(samples) / SAMPLE_RATE
    samples = _bound(samples)
    spectra = analyse_spectrum(samples)
    rhythm = measure_rhythm(spectra.rise)
    tonality = measure_tonality(samples)
    sounding = spectra.heard if spectra.heard.any() else np.ones_like(spectra.heard)
    quiet, loud = np.percentile(spectra.level[sounding], (10, 95))
    return SoundFeatures(
        seconds=seconds,
        level_dbfs=measure_level(samples),
        range_db=float(loud - quiet),
        swell_db=_measure_swell(spectra),
        heard_share=float(spectra.heard.mean()),
        tempo_bpm=rhythm.tempo,
        beat_clarity=rhythm.clarity,
        onsets_per_second=rhythm.density,
        sharpness_db=rhythm.sharpness,
        motion_db=float(spectra.rise[sounding].mean()),
        percussive_share=spectra.percussive,
        noisiness=float(spectra.noisiness[sounding].mean()),
        fullness=float(spectra.fullness[sounding].mean()),
        centroid_hz=_measure_centroid(spectra),
        rolloff_hz=_measure_rolloff(spectra, 0.85),
        key=tonality.key,
        mode=tonality.mode,
        key_strength=tonality.strength,
        majorness=tonality.majorness,
        pitch_hz=tonality.pitch,
    )


def _bound(samples: Floats) -> Floats:
    if len(samples) <= _LONGEST * SAMPLE_RATE:
        return samples
    size = _LONGEST * SAMPLE_RATE // _SLICES
    starts = np.linspace(0, len(samples) - size, _SLICES).astype(int)
    return np.concatenate([samples[start : start + size] for start in starts])


def _measure_swell(spectra: Spectra) -> float:
    third = max(len(spectra.level) // 3, 1)
    power = 10 ** (np.maximum(spectra.level, SILENCE_DB).astype(np.float64) / 10)
    return float(10 * np.log10(power[-third:].mean() / power[:third].mean()))


def _measure_centroid(spectra: Spectra) -> float:
    total = float(spectra.amplitude.sum())
    return float(spectra.amplitude @ spectra.frequencies) / total if total > 0 else 0.0


def _measure_rolloff(spectra: Spectra, share: float) -> float:
    sums = np.cumsum(spectra.power)
    if sums[-1] <= 0:
        return 0.0
    return float(spectra.frequencies[np.searchsorted(sums, share * sums[-1])])
