"""One English sentence that says how excited, calm and sad something is, and its reader.

    The mood is very joyful and rather peaceful, but hardly sad.

Each of the three has a clause: an adverb of `LADDER`, whose place says the degree, and a mood word
of the channel. A clause's degree depends on its adverb alone; which word of its channel it has
tells a human reader more, and the reader of the sentence nothing. So no channel moves another.

The adverbs are ordered as studies of English intensifiers order them (N. Cliff, "Adverbs as
multipliers", 1959: slightly, somewhat, rather, decidedly, very, extremely). *Quite*, *pretty* and
the like are left out: their place differs between readers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

LADDER: Final = (
    "not at all",
    "hardly",
    "faintly",
    "slightly",
    "somewhat",
    "moderately",
    "fairly",
    "rather",
    "decidedly",
    "very",
    "exceptionally",
    "extremely",
    "utterly",
)
"""Degrees 0 to 1, in even steps."""

STEP: Final = 1 / (len(LADDER) - 1)
_WEAK: Final = LADDER.index("hardly")
"""Up to here a clause says that its mood is absent: it stands after *but*, with the plain word."""
_STRONG: Final = LADDER.index("rather")
"""From here on a clause has a word of its own tone; below, the plain word, so that moods that are
both there by half (rather lively, somewhat calm) do not contradict one another."""
_TONE: Final = 1 / 3
"""A valence beyond this is pleasant; beyond its negative, unpleasant."""

WORDS: Final = {
    "excitement": ("lively", "joyful", "energetic", "tense"),
    "calm": ("calm", "peaceful", "tranquil", "still"),
    "sadness": ("sad", "nostalgic", "wistful", "melancholy", "sorrowful", "mournful"),
}
"""The mood words of each channel; the first is the plain one."""


@dataclass(frozen=True, slots=True)
class GradedMood:
    """How strong each mood is, 0..1."""

    excitement: float
    calm: float
    sadness: float


def write_mood_sentence(excitement: float, calm: float, sadness: float, valence: float) -> str:
    """Say a mood in one sentence, the strongest part first.

    Args:
        excitement: 0..1; what is beyond counts as the nearer end, for all four.
        calm: 0..1.
        sadness: 0..1.
        valence: -1 (unpleasant) to 1 (pleasant); it chooses among words of the same degree.

    Raises:
        ValueError: one of them is not a number.
    """
    if math.isnan(excitement + calm + sadness + valence):
        raise ValueError("a mood has numbers only, not NaN")
    levels = [_grade_level(degree) for degree in (excitement, calm, sadness)]
    chosen = (
        _choose_excitement_word(levels[0], valence),
        _choose_calm_word(levels[1], levels[2], valence),
        _choose_sadness_word(levels[2], valence),
    )
    # a stable sort: equal parts keep the order of the channels
    clauses = sorted(zip(levels, chosen, strict=True), key=lambda clause: -clause[0])
    phrases = [f"{LADDER[level]} {word}" for level, word in clauses]
    absent = sum(level <= _WEAK for level in levels)
    if absent == 1:
        return f"The mood is {phrases[0]} and {phrases[1]}, but {phrases[2]}."
    if absent == 2:  # noqa: PLR2004 - of three clauses
        return f"The mood is {phrases[0]}, but {phrases[1]} and {phrases[2]}."
    return f"The mood is {phrases[0]}, {phrases[1]} and {phrases[2]}."


def read_mood_sentence(text: str) -> GradedMood | None:
    """Read the mood sentences of a text; None where it has none that grades all three moods.

    Where a text has several, as captions of successive windows joined to one do, each degree is
    their mean.
    """
    found = [mood for match in _SENTENCE.finditer(text) if (mood := _read_clauses(match))]
    if not found:
        return None
    return GradedMood(
        *(math.fsum(getattr(mood, channel) for mood in found) / len(found) for channel in WORDS)
    )


def _grade_level(degree: float) -> int:
    return round(min(1.0, max(0.0, degree)) / STEP)


def _choose_excitement_word(level: int, valence: float) -> str:
    plain, pleasant, neutral, unpleasant = WORDS["excitement"]
    if level < _STRONG:
        return plain
    if valence > _TONE:
        return pleasant
    return unpleasant if valence < -_TONE else neutral


def _choose_calm_word(level: int, sadness: int, valence: float) -> str:
    plain, pleasant, neutral, sad = WORDS["calm"]
    if level < _STRONG:
        return plain
    if sadness >= _STRONG or valence < -_TONE:
        return sad
    return pleasant if valence > _TONE else neutral


def _choose_sadness_word(level: int, valence: float) -> str:
    plain, pleasant, neutral, very_pleasant, strong, very_unpleasant = WORDS["sadness"]
    if level <= _WEAK:
        return plain
    if valence > _TONE:
        return very_pleasant if level >= _STRONG else pleasant
    if level < _STRONG:
        return neutral if valence >= -_TONE else plain
    return strong if valence >= -_TONE else very_unpleasant


def _read_clauses(match: re.Match[str]) -> GradedMood | None:
    degrees = {}
    for clause in _CLAUSE.finditer(match[0]):
        level = LADDER.index(" ".join(clause["adverb"].split()))
        degrees[_CHANNEL[clause["word"]]] = level * STEP
    return GradedMood(**degrees) if len(degrees) == len(WORDS) else None


_CHANNEL: Final = {word: channel for channel, words in WORDS.items() for word in words}
_ADVERBS: Final = "|".join(adverb.replace(" ", r"\s+") for adverb in LADDER)
_CLAUSE: Final = re.compile(rf"(?P<adverb>{_ADVERBS})\s+(?P<word>{'|'.join(_CHANNEL)})")
_PART: Final = rf"(?:{_ADVERBS})\s+(?:{'|'.join(_CHANNEL)})"
# At the beginning of a text or a line, or after the end of a sentence: not as a part of another.
_SENTENCE: Final = re.compile(
    rf"(?:(?<=[.!?])\s+|\A\s*|\n\s*)The\s+mood\s+is\s+{_PART}"
    rf"(?:\s+and\s+{_PART},\s+but\s+{_PART}|,(?:\s+but)?\s+{_PART}\s+and\s+{_PART})\.(?!\S)"
)
