"""The embedded captioner of tracks: says what was measured of a sound, and the mood that implies.

Nothing is downloaded and nothing is random. `sound_features` measures, `sound_mood` turns the
measures into degrees of excitement, calm, sadness and valence by published studies (named there),
and this module puts both into English. The stronger a degree, the more words of its vocabulary are
said, so that a reader of the text, human or machine, can tell it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cmean.backends import inputs
from cmean.backends.captioners.wording import join_words
from cmean.domain import POSITION_NAMES, WHOLE, Caption, Kind
from cmean.errors import CaptionError
from cmean.perception.sound_features import SAMPLE_RATE, SILENCE_DB, measure_sound
from cmean.perception.sound_mood import grade_sound_mood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Excerpt
    from cmean.perception.sound_features import SoundFeatures
    from cmean.perception.sound_mood import PerceivedMood

# Vocabularies from mild to strong: a degree of 1 says all of them, one of 0 none.
_EXCITED = ("lively", "spirited", "energetic", "driving", "powerful", "relentless")
_FIERCE = ("fierce", "fiery", "pounding", "furious")  # excited and not happy
_JOYFUL = ("cheerful", "joyful", "festive", "triumphant")  # excited and happy
_CALM = (
    "gentle",
    "peaceful",
    "soothing",
    "tender",
    "delicate",
    "serene",
    "restful",
    "still",
)
_CONTENT = ("sweet", "hopeful", "warm")  # calm and happy
_SAD = (
    "longing",
    "yearning",
    "mournful",
    "tearful",
    "sorrowful",
    "elegiac",
    "grieving",
    "sad",
)

_TEMPI = ("very slow", "slow", "medium", "fast", "very fast")
_FAINT_BEAT = 0.15  # beat clarity under which a tempo would be a guess
_FAIR_BEAT = 0.3  # beat clarity from which a tempo may be called slow or fast
_OPEN_MODE = 0.04  # majorness either way under which neither mode is named
_VAGUE_KEY = 0.4  # key strength under which neither mode is named
_MOSTLY = 0.8  # share of the time that must sound for gaps to go unsaid
_MARKED = 0.5  # how far valence must leave its middle for all words of happiness
_STILL = "hushed, calm, peaceful, serene, restful and motionless"


class EmbeddedTrackCaptioner:
    """Captions tracks from measured sound; deterministic, no download, no state.

    Implements `cmean.protocols.Captioner`. The captions' measurements are the fields of
    `SoundFeatures` and of `PerceivedMood`.
    """

    revision = "1"
    """Of this code and its constants; raised whenever a caption comes out otherwise."""

    def load(self) -> None:
        """Nothing to load."""

    def unload(self) -> None:
        """Nothing to give back."""

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption excerpts of tracks, in their order.

        Raises:
            CaptionError: `not-a-sound` for a picture, `sample-rate` for sound not at 16 kHz,
                `empty-sound` for sound without a sample.
        """
        return [_write_caption(excerpt) for excerpt in batch]


def _write_caption(excerpt: Excerpt) -> Caption:
    sound = inputs.check_sound(excerpt.media, "the captioner of tracks", CaptionError, SAMPLE_RATE)
    features = measure_sound(sound.samples)
    mood = grade_sound_mood(features)
    subject = _name_subject(excerpt.position)
    numbers = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in (asdict(features) | asdict(mood)).items()
    }
    return Caption(_write_text(subject, features, mood), measurements=numbers, language="en")


def _name_subject(position: int) -> str:
    if position == WHOLE:
        return "the whole piece"
    return f"this {POSITION_NAMES[Kind.TRACK][position]}"


def _write_text(subject: str, features: SoundFeatures, mood: PerceivedMood) -> str:
    if features.silent:
        return (
            f"Nothing sounds in {subject}: its level stays under {SILENCE_DB:.0f} dBFS for "
            f"{features.seconds:.1f} seconds. Silence reads as {_STILL}."
        )
    return " ".join(
        (
            _describe_time(subject, features),
            _describe_pitch_and_level(features),
            _describe_timbre(features),
            _describe_mood(mood),
        )
    )


def _describe_time(subject: str, features: SoundFeatures) -> str:
    onsets = f"{features.onsets_per_second:.1f} onsets a second"
    if features.tempo_bpm <= 0 or features.beat_clarity < _FAINT_BEAT:
        return f"{subject.capitalize()} has no firm beat, and {onsets}."
    tempo, beat = f"tempo near {features.tempo_bpm:.0f} bpm", "a loose"
    if features.beat_clarity >= _FAIR_BEAT:
        tempo = f"{_grade(features.tempo_bpm, (60, 76, 118, 140), _TEMPI)} {tempo}"
        beat = _grade(features.beat_clarity, (0.55,), ("a fair", "a firm"))
    return f"{subject.capitalize()} has a {tempo} with {beat} beat, and {onsets}."


def _describe_pitch_and_level(features: SoundFeatures) -> str:
    if abs(features.majorness) < _OPEN_MODE or features.key_strength < _VAGUE_KEY:
        key = f"It centres on {features.key} without a plain mode"
    else:
        key = f"It is in {features.key} {features.mode}"
    level = _grade(features.level_dbfs, (-40, -28, -13), ("quiet, ", "soft, ", "", "loud, "))
    change = _grade(features.swell_db, (-6, 6), (" and fading", "", " and growing"))
    gaps = (
        f", silent for {1 - features.heard_share:.0%} of the time"
        if features.heard_share < _MOSTLY
        else ""
    )
    return (
        f"{key}; it is {level}at {features.level_dbfs:.0f} dBFS with a range of "
        f"{features.range_db:.0f} dB{change}{gaps}."
    )


def _describe_timbre(features: SoundFeatures) -> str:
    timbre = _grade(features.centroid_hz, (800, 1700), ("veiled", "medium", "bright"))
    texture = _grade(features.fullness, (0.5, 0.8), ("thin", "medium", "full"))
    height = _grade(features.pitch_hz, (300, 520), ("low", "medium", "high"))
    onset = _grade(features.sharpness_db, (2.2, 5), ("soft", "medium", "sharp"))
    return (
        f"Its timbre is {timbre} (centroid {features.centroid_hz:.0f} Hz, roll-off "
        f"{features.rolloff_hz:.0f} Hz), its texture {texture}, its pitch {height}, its onsets "
        f"{onset}; drum-like sound makes {features.percussive_share:.0%} of it."
    )


def _describe_mood(mood: PerceivedMood) -> str:
    """Say each degree with as many words as it is strong, the strongest degree first."""
    joy = max(mood.valence - 0.5, 0.0) / _MARKED
    strong = max(mood.excitement - 0.5, 0.0) * 2
    clauses = (
        (
            mood.excitement,
            _join_first(_EXCITED, mood.excitement)
            + _join_first(_JOYFUL, joy * mood.excitement)
            + _join_first(_FIERCE, strong * (1 - joy)),
        ),
        (mood.calm, _join_first(_CALM, mood.calm) + _join_first(_CONTENT, joy * mood.calm)),
        (mood.sadness, _join_first(_SAD, mood.sadness)),
    )
    phrases = [
        join_words(words) for _, words in sorted(clauses, key=lambda part: -part[0]) if words
    ]
    links = ("above all ", "then ", "and last ")
    reading = "; ".join(link + words for link, words in zip(links, phrases, strict=False))
    return f"Studies of musical emotion tie such sound to a mood that is {reading}."


def _join_first(words: tuple[str, ...], degree: float) -> tuple[str, ...]:
    return words[: round(degree * len(words))]


def _grade(value: float, limits: Sequence[float], names: Sequence[str]) -> str:
    """Return the name of the step that contains `value`; one name more than limits."""
    return names[sum(value >= limit for limit in limits)]
