"""From measures of a sound to degrees of mood, as published studies found them.

Every measure becomes a deviation from that of ordinary music, about -1..1; a degree is a weighted
sum of deviations, squashed to 0..1. The signs are those of the literature; the weights and scales
are a handful of round numbers.

- Arousal rises with tempo, density of events, loudness, brightness, sharp attacks and percussion:
  Gabrielsson & Lindström (2010), Juslin & Laukka (2004), Ilie & Thompson (2006),
  Eerola, Friberg & Bresin (2013).
- Valence rises with the major mode, tempo and detached, clearly pulsed playing, and falls with the
  minor mode: the same, and Hevner (1936), Dalla Bella et al. (2001).
- Sadness is heard in slow, soft, legato, minor music (Juslin & Laukka 2004); calm in soft, smooth
  music of few events and thin texture (Gabrielsson & Lindström 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.perception.sound_features import SoundFeatures

_AROUSAL = {
    "density": 0.2,
    "motion": 0.2,
    "percussion": 0.2,
    "tempo": 0.15,
    "attack": 0.1,
    "loudness": 0.1,
    "brightness": 0.05,
}
_CALM = {
    "density": -0.2,
    "motion": -0.2,
    "percussion": -0.2,
    "tempo": -0.1,
    "attack": -0.05,
    "loudness": -0.1,
    "fullness": -0.1,
    "noise": -0.05,
    "major": 0.15,
}
_VALENCE = {"major": 0.5, "tempo": 0.15, "beat": 0.15, "density": 0.1, "attack": 0.1}
_SADNESS = {"major": -0.5, "tempo": -0.15, "density": -0.1, "motion": -0.1, "beat": -0.15}

_STEEPNESS = 3.5  # of the squashing: the middle 80 % of excerpts then span about 0.1..0.9
_TRUSTED_BEAT = (0.15, 0.5)  # beat clarity from which, and up to which, a tempo counts more
_TRUSTED_KEY = (0.35, 0.65)  # the same of a key's strength and its mode


@dataclass(frozen=True, slots=True)
class PerceivedMood:
    """Degrees 0..1: `excitement` (arousal), `calm`, `sadness`, `valence` (0.5 is neutral)."""

    excitement: float
    calm: float
    sadness: float
    valence: float


STILL = PerceivedMood(excitement=0.0, calm=1.0, sadness=0.0, valence=0.5)
"""What silence reads as: nothing but stillness."""


def grade_sound_mood(features: SoundFeatures) -> PerceivedMood:
    """Read the mood of measured sound; monotone in every measure."""
    if features.silent:
        return STILL
    deviations = _compute_deviations(features)
    return PerceivedMood(
        excitement=_compute_degree(_AROUSAL, deviations),
        calm=_compute_degree(_CALM, deviations),
        sadness=_compute_degree(_SADNESS, deviations),
        valence=_compute_degree(_VALENCE, deviations),
    )


def _compute_deviations(features: SoundFeatures) -> dict[str, float]:
    """Compute the deviation of each measure from ordinary music, in units of its usual spread.

    Files are mastered to different levels, so being loud counts little; being quiet is heard
    whatever the mastering, so it counts further down.
    """
    return {
        "tempo": _weigh_clarity(features.beat_clarity, _TRUSTED_BEAT)
        * _count_octaves(features.tempo_bpm, 98, 0.6),
        "beat": _clip((features.beat_clarity - 0.4) / 0.35),
        "density": _clip((features.onsets_per_second - 2.4) / 2.0),
        "motion": _count_octaves(features.motion_db, 0.6, 0.9),
        "attack": _count_octaves(features.sharpness_db, 3.4, 1.1),
        "percussion": _count_octaves(features.percussive_share, 0.14, 1.6),
        "brightness": _count_octaves(features.centroid_hz, 1250, 0.8),
        "fullness": _clip((features.fullness - 0.66) / 0.25),
        "noise": _count_octaves(features.noisiness, 0.02, 2.5),
        "loudness": _clip((features.level_dbfs + 19) / 9, -3, 1),
        "major": weigh_mode(features),
    }


def weigh_mode(features: SoundFeatures) -> float:
    """Compute how clearly a sound is major (above 0) or minor (below), -1.5..1.5."""
    return _weigh_clarity(features.key_strength, _TRUSTED_KEY) * _clip(features.majorness / 0.2)


def _compute_degree(weights: Mapping[str, float], deviations: Mapping[str, float]) -> float:
    total = math.fsum(weight * deviations[name] for name, weight in weights.items())
    return 1 / (1 + math.exp(-_STEEPNESS * total))


def _weigh_clarity(clarity: float, bounds: tuple[float, float]) -> float:
    """Compute the weight of a measure: 0 up to the lower bound of its clarity, 1 from the upper."""
    least, most = bounds
    return _clip((clarity - least) / (most - least), 0, 1)


def _count_octaves(value: float, middle: float, spread: float) -> float:
    """Compute the distance of `value` from `middle` in octaves."""
    return _clip(math.log2(max(value, middle / 64) / middle) / spread)


def _clip(value: float, low: float = -1.5, high: float = 1.5) -> float:
    return min(max(value, low), high)
