"""The moods of a sound and of a picture, read from what networks and measures find in them.

Weights were fitted on people's judgements by `benchmarks/fit_perception.py`; how, and how well they
hold on other items, stands in ``docs/decisions/0013-learned-captioners.md``.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.perception.class_families import load_families
from cmean.perception.linear_heads import LinearHeads, grade_score
from cmean.perception.networks.tagger import TAGS
from cmean.perception.sound_mood import PerceivedMood, grade_sound_mood, weigh_mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.perception.networks.classifier import PictureClasses
    from cmean.perception.networks.tagger import SoundTags
    from cmean.perception.picture_features import PictureFeatures
    from cmean.perception.sound_features import SoundFeatures


SOUND_HEADS: Final = "sound_heads.csv"
PICTURE_HEADS: Final = "picture_heads.csv"

MOOD_TAGS: Final[Sequence[str]] = (
    *("fast", "slow", "soft", "loud", "quiet", "dance", "drums", "beat", "beats", "solo"),
    *("techno", "party*", "sad*", "Mellow*", "beautiful*", "happy*", "chill*", "catchy*"),
    *("acoustic*", "ambient*", "dance*", "chillout*", "hard rock*", "metal*", "metal", "weird"),
)
"""The tags that say something of mood; genres and instruments are left to the captions."""

SOUND_MEASURES: Final[Sequence[str]] = (
    *("onsets_per_second", "motion_db", "percussive_share", "noisiness", "centroid_hz"),
    *("fullness", "beat_clarity", "range_db", "key_strength", "majorness", "mode"),
)
"""The measures of a sound that its mood is read from besides; the first five as logarithms.

The level is not among them: files are mastered to different levels.
"""

PICTURE_MEASURES: Final[Sequence[str]] = (
    *("family valence", "family arousal", "colourfulness", "activity", "lightness"),
)
"""What a picture is read from besides the features of the network."""

CONTENTS: Final[Sequence[str]] = ("person", "animal", "scenery")
"""What a picture may show: readings of the picture's heads besides the mood."""

_LOGARITHMIC: Final = 5
_FAINTEST_COLOUR: Final = 0.14
_LEAST_ACTIVE: Final = -0.59
"""What 15 % of the photographs lie below: black and white is a medium, too, and no mood."""
_FAINTEST: Final = 1e-3  # a measure below it counts as this before its logarithm is taken


def list_sound_inputs(features: SoundFeatures, tagged: SoundTags) -> dict[str, float]:
    """List the inputs for the mood of a sound: `MOOD_TAGS` as odds, then `SOUND_MEASURES`."""
    odds = {f"tag {tag}": float(tagged.odds[TAGS.index(tag)]) for tag in MOOD_TAGS}
    measures = {"mode": weigh_mode(features)} | {
        name: float(getattr(features, name)) for name in SOUND_MEASURES[:-1]
    }
    for name in SOUND_MEASURES[:_LOGARITHMIC]:
        measures[name] = math.log(max(measures[name], _FAINTEST))
    return odds | {name: measures[name] for name in SOUND_MEASURES}


def list_picture_inputs(features: PictureFeatures, seen: PictureClasses) -> NDArray[np.float64]:
    """List the inputs for a picture: features of the network, then `PICTURE_MEASURES`."""
    felt = load_families().estimate_valence_and_arousal(seen.logits)
    colours = max(features.colourfulness, _FAINTEST_COLOUR), max(features.activity, _LEAST_ACTIVE)
    measures = (*felt, *colours, features.lightness)
    return np.concatenate([np.sqrt(np.maximum(seen.features, 0)), measures])


def read_sound_mood(features: SoundFeatures, tagged: SoundTags) -> PerceivedMood:
    """Estimate the mood of a sound; its valence is that of the measures, which include mode."""
    found = _load_sound_heads().read(list_sound_inputs(features, tagged))
    degrees = {name: grade_score(score) for name, score in found.items()}
    return PerceivedMood(**degrees, valence=grade_sound_mood(features).valence)


def read_picture_mood(
    features: PictureFeatures, seen: PictureClasses
) -> tuple[PerceivedMood, Mapping[str, float]]:
    """Estimate the mood of a picture, and how likely it shows each of `CONTENTS` (about 0..1)."""
    found = _load_picture_heads().read_row(list_picture_inputs(features, seen))
    contents = {name: found.pop(name) for name in CONTENTS}
    return PerceivedMood(**{name: grade_score(score) for name, score in found.items()}), contents


@cache
def _load_sound_heads() -> LinearHeads:
    return LinearHeads.load(SOUND_HEADS)


@cache
def _load_picture_heads() -> LinearHeads:
    return LinearHeads.load(PICTURE_HEADS)
