"""The mood of a picture: from measures to three scores, and from scores to words.

A score is a weighted sum of measures, each taken as its distance from a typical picture, through
a logistic. Every weight has the sign, and about the proportion, that published studies give it:

- Valdez & Mehrabian (1994), "Effects of color on emotions": pleasure = .69 brightness + .22
  saturation, arousal = -.31 brightness + .60 saturation (standardised). Sadness is read as lack
  of pleasure.
- Wilms & Oberfeld (2018), "Color and emotion: effects of hue, saturation, and brightness": arousal
  rises with saturation, and from blue over green to red. They found bright colours more arousing,
  against Valdez and Mehrabian, so lightness is left out of excitement.
- Ou, Luo, Woodcock & Wright (2004): activity and warmth of single colours.
- Palmer, Schloss, Xu & Prado-León (2013), "Music-color associations are mediated by emotion":
  saturated, light, yellowish colours go with happy and lively, greyish and dark ones with sad.
- Machajdik & Hanbury (2010), after Itten (1961): level lines and even surfaces are calm, slanting
  lines and crowded, contrasting surfaces dynamic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.perception.picture_features import PictureFeatures

TYPICAL: dict[str, tuple[float, float]] = {
    "lightness": (0.50, 0.15),
    "chroma": (0.22, 0.12),
    "colourfulness": (0.45, 0.25),
    "warmth": (0.10, 0.40),
    "activity": (-0.25, 0.35),
    "cool": (0.45, 0.35),
    "contrast": (0.42, 0.12),
    "edges": (0.30, 0.18),
    "diagonal": (0.45, 0.10),
    "layering": (0.40, 0.27),
    "grey": (0.15, 0.20),
    "overcast": (0.20, 0.20),
}
"""Middle and spread of each measure over paintings, drawings and photographs."""

WEIGHTS: dict[str, dict[str, float]] = {
    "excitement": {
        "chroma": 0.20,
        "colourfulness": 0.30,
        "activity": 0.25,
        "warmth": 0.30,
        "edges": 0.50,
        "contrast": 0.30,
        "diagonal": 0.20,
        "layering": -0.30,
    },
    "calmness": {
        "lightness": 0.25,
        "layering": 0.35,
        "edges": -0.60,
        "contrast": -0.35,
        "activity": -0.20,
        "warmth": -0.10,
        "cool": 0.20,
        "diagonal": -0.15,
    },
    "sadness": {
        "lightness": -0.69,
        "chroma": -0.22,
        "colourfulness": -0.35,
        "grey": 0.20,
        "overcast": 0.20,
        "activity": -0.15,
        "contrast": -0.10,
    },
}
"""What a spread above the middle adds to each mood."""

SPREADS = 2.0
"""A measure counts for at most this many spreads, so that no single one decides."""

SLOPE = 1.2
"""Steepness of the logistic that turns a weighted sum into a score of 0..1."""

WORDS: dict[str, tuple[str, ...]] = {
    "excitement": (
        "spirited", "lively", "animated", "passionate", "powerful", "exciting",
        "surging", "soaring", "swirling", "wild", "fiery",
    ),
    "calmness": (
        "balanced", "harmonious", "soft", "gentle", "quiet", "soothing",
        "peaceful", "calm", "serene", "still", "restful",
    ),
    "sadness": (
        "pensive", "reflective", "nostalgic", "longing", "wistful", "plaintive",
        "lonely", "elegiac", "mournful", "tearful", "sorrowful", "sad",
    ),
    "joy": ("merry", "sunny", "happy", "cheerful", "joyful", "festive", "jubilant"),
    "content": ("hopeful", "sweet", "friendly", "graceful", "lovely", "charming"),
}  # fmt: skip
"""Mood words, from mild to strong."""

MOST_WORDS = 8
"""Words of a mood at a score of 1."""

UNHEARD = 0.2
"""Score up to which a mood is too faint for words."""


def weigh_measures(features: PictureFeatures, mood: str) -> dict[str, float]:
    """Compute what each measure adds to a mood (a key of `WEIGHTS`), in weighted spreads.

    Their sum, through a logistic, is the score of the mood.
    """
    added = {}
    for name, weight in WEIGHTS[mood].items():
        middle, spread = TYPICAL[name]
        distance = (getattr(features, name) - middle) / spread
        added[name] = weight * max(-SPREADS, min(SPREADS, distance))
    return added


def score_mood(contributed: Mapping[str, float]) -> float:
    """Turn the contributions to a mood into its score, 0..1; 0.5 is a typical picture."""
    return 1 / (1 + math.exp(-SLOPE * sum(contributed.values())))


def choose_mood_words(mood: str, score: float) -> list[str]:
    """Choose the words of a mood for a score; more and stronger ones for a higher score.

    Args:
        mood: a key of `WORDS`.
        score: 0..1; below 0 counts as 0.
    """
    words = WORDS[mood]
    strength = max(0.0, (score - UNHEARD) / (1 - UNHEARD))
    count = min(round(MOST_WORDS * strength), len(words))
    last = max(round(strength * len(words)), count)
    return list(words[last - count : last])
