"""Sentences of the learned captioner of tracks from tags, measures and moods; pure text.

Ordinary qualities are left out: one is named where it lies outside what two thirds of the
development recordings have, an instrument, a voice or a style where the tagger was right about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from cmean.backends.captioners.wording import (
    MOST_CHANGES,
    NotableChange,
    join_words,
    name_changes,
)
from cmean.domain import POSITION_NAMES, WHOLE, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.perception.networks.tagger import SoundTags
    from cmean.perception.sound_features import SoundFeatures
    from cmean.perception.sound_mood import PerceivedMood


class TagPhrase(NamedTuple):
    """A phrase, used where the surest of some tags reaches a threshold."""

    phrase: str
    tags: Sequence[str]
    threshold: float


STYLES: Final[Sequence[TagPhrase]] = (
    TagPhrase("opera", ("opera",), 0.3),
    TagPhrase("classical music", ("classical", "classic"), 0.3),
    TagPhrase("metal", ("metal", "metal*", "heavy metal*"), 0.3),
    TagPhrase("rock", ("rock",), 0.3),
    TagPhrase("punk", ("punk*",), 0.35),
    TagPhrase("electronic music", ("electronic", "techno"), 0.3),
    TagPhrase("ambient music", ("ambient", "new age", "ambient*"), 0.33),
    TagPhrase("jazz", ("jazz*",), 0.65),
    TagPhrase("folk music", ("folk*",), 0.33),
    TagPhrase("blues", ("blues*",), 0.4),
    TagPhrase("country music", ("country", "country*"), 0.35),
    TagPhrase("pop", ("pop", "pop*"), 0.4),
    TagPhrase("hip-hop", ("Hip-Hop*",), 0.4),
    TagPhrase("dance music", ("dance", "House*"), 0.35),
    TagPhrase("Indian music", ("indian", "sitar"), 0.5),
)
INSTRUMENTS: Final[Sequence[TagPhrase]] = (
    TagPhrase("drums", ("drums",), 0.2),
    TagPhrase("guitar", ("guitar", "guitar*"), 0.25),
    TagPhrase("violin", ("violin",), 0.28),
    TagPhrase("strings", ("strings",), 0.28),
    TagPhrase("piano", ("piano",), 0.25),
    TagPhrase("flute", ("flute",), 0.25),
    TagPhrase("harp", ("harp",), 0.3),
    TagPhrase("harpsichord", ("harpsichord",), 0.3),
    TagPhrase("cello", ("cello",), 0.25),
    TagPhrase("synthesizer", ("synth",), 0.25),
)
VOICES: Final[Sequence[TagPhrase]] = (
    TagPhrase("a choir", ("choir", "choral"), 0.25),
    TagPhrase("a male voice", ("male", "man", "male vocal", "male voice"), 0.22),
    TagPhrase("a female voice", ("female", "woman", "female vocal", "female voice"), 0.2),
    TagPhrase("a voice", ("vocal", "vocals", "singing", "voice"), 0.2),
)


class MeasurePhrase(NamedTuple):
    """A measure that is worth a word outside the usual."""

    measure: str
    low: float
    low_word: str
    high: float
    high_word: str


QUALITIES: Final[Sequence[MeasurePhrase]] = (
    MeasurePhrase("centroid_hz", 1050, "dark", 1950, "bright"),
    MeasurePhrase("fullness", 0.58, "thin", 0.86, "full"),
    MeasurePhrase("percussive_share", 0.07, "smooth", 0.25, "percussive"),
    MeasurePhrase("noisiness", 0.006, "pure", 0.06, "noisy"),
    MeasurePhrase("level_dbfs", -32, "quiet", -13.5, "loud"),
    MeasurePhrase("pitch_hz", 330, "low", 600, "high"),
)
"""Words of tone colour, register and strength."""


CHANGES: Final[Sequence[NotableChange]] = (
    NotableChange("level_dbfs", 2.5, "quieter", "louder"),
    NotableChange("onsets_per_second", 0.7, "sparser", "busier"),
    NotableChange("centroid_hz", 180.0, "darker", "brighter"),
    NotableChange("percussive_share", 0.05, "smoother", "more percussive"),
    NotableChange("fullness", 0.06, "thinner", "fuller"),
    NotableChange("noisiness", 0.02, "purer", "noisier"),
)
_SHIFT: Final = 0.18  # of a mood's degree, between the quarters, that is worth a sentence

_TEMPI: Final = ("very slowly", "slowly", "at a moderate tempo", "fast", "very fast")
_TEMPO_LIMITS: Final = (60, 78, 118, 145)
_MODERATE: Final = 2  # of the words above
_EVENTS: Final = 2.8  # onsets a second, of a moderate tempo
_BEAT: Final = 0.3  # clarity from which there is a tempo to speak of
_FIRM_BEAT: Final = 0.55
_BUSY, _SPARSE = 4.2, 2.0  # onsets a second
_MODE: Final = 0.06  # of majorness either way
_PLAIN_KEY: Final = 0.7  # key strength from which there is a mode to speak of: drums have none
_SWELL: Final = 4.0  # dB between the first third and the last


CONSTANTS: Final = (
    *(STYLES, INSTRUMENTS, VOICES, QUALITIES, CHANGES, MOST_CHANGES, _SHIFT, _TEMPI),
    *(
        _TEMPO_LIMITS,
        _MODERATE,
        _EVENTS,
        _BEAT,
        _FIRM_BEAT,
        _BUSY,
        _SPARSE,
        _MODE,
        _PLAIN_KEY,
        _SWELL,
    ),
)
"""What a caption depends on besides the sound: a part of the captioner's revision."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackFindings:
    """Everything that was found in one excerpt."""

    features: SoundFeatures
    tagged: SoundTags
    mood: PerceivedMood


def name_sound(found: TrackFindings, position: int) -> str:
    """Say what sounds: style, instruments, voice."""
    styles = _choose(STYLES, found.tagged, most=2)
    sources = _list_sources(found)
    subject = name_track_excerpt(position).capitalize()
    if styles and sources:
        return f"{subject} sounds like {' and '.join(styles)}, with {join_words(sources)}."
    if styles:
        return f"{subject} sounds like {' and '.join(styles)}."
    place = "" if position == WHOLE else f" in {name_track_excerpt(position)}"
    if sources:
        named = join_words(sources)
        return f"{named[0].upper()}{named[1:]} can be heard{place}."
    return f"No single instrument or voice stands out{place}."


def describe_movement(features: SoundFeatures) -> str:
    """Say how it moves, its mode, and what is unusual about its sound."""
    tempo = sum(features.tempo_bpm >= limit for limit in _TEMPO_LIMITS)
    if (tempo - _MODERATE) * (features.onsets_per_second - _EVENTS) < 0:
        tempo = _MODERATE  # its octave is a guess, and the number of notes speaks against it
    if features.beat_clarity < _BEAT or features.tempo_bpm <= 0:
        moves = "It moves without a firm beat"
    else:
        beat = " with a firm beat" if features.beat_clarity >= _FIRM_BEAT else ""
        moves = f"It moves {_TEMPI[tempo]}{beat}"
    notes = _grade(
        features.onsets_per_second, _SPARSE, ", with few notes", _BUSY, ", full of notes"
    )
    mode = ""
    if features.key_strength >= _PLAIN_KEY:
        mode = _grade(features.majorness, -_MODE, ", in a minor key", _MODE, ", in a major key")
    words = [
        word
        for quality in QUALITIES
        if (word := _grade(getattr(features, quality.measure), *quality[1:]))
    ]
    tone = f"; its sound is {join_words(words)}" if words else ""
    change = _grade(features.swell_db, -_SWELL, "fading", _SWELL, "growing louder")
    course = f", {change} towards the end" if change else ""
    return f"{moves}{notes}{mode}{tone}{course}."


def compare_track_with_whole(found: TrackFindings, whole: TrackFindings) -> str:
    """Describe how a fragment differs from the whole."""
    new, gone = (
        [name for name in _list_sources(a) if name not in _list_sources(b)]
        for a, b in ((found, whole), (whole, found))
    )
    words = name_changes(found.features, whole.features, CHANGES)
    parts = [f"it is {join_words(words)}"] if words else []
    if told := new or gone:
        degree = "more" if new else "less"
        parts.append(f"{join_words(told[:2])} {_choose_verb(told[:2])} {degree} prominent")
    if not parts:
        return "It sounds much like the whole piece."
    return f"Compared with the whole piece {', and '.join(parts)}."


def describe_course(quarters: Sequence[TrackFindings]) -> str:
    """Say which quarter of a whole is the liveliest, and which the calmest."""
    excitement = [quarter.mood.excitement for quarter in quarters]
    if max(excitement) - min(excitement) < _SHIFT:
        return "Its four quarters are about equally lively."
    names = [POSITION_NAMES[Kind.TRACK][position] for position in range(1, 5)]
    liveliest = names[excitement.index(max(excitement))]
    calmest = names[excitement.index(min(excitement))]
    return f"Its {liveliest} is the liveliest part, its {calmest} the calmest."


def name_track_excerpt(position: int) -> str:
    """Name an excerpt of a track."""
    return "the piece" if position == WHOLE else f"the {POSITION_NAMES[Kind.TRACK][position]}"


def _choose_verb(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 or names[0].endswith("s") else "is"


def _list_sources(found: TrackFindings) -> list[str]:
    return _choose(INSTRUMENTS, found.tagged, most=3) + _choose(VOICES, found.tagged, most=1)


def _choose(signs: Sequence[TagPhrase], tagged: SoundTags, most: int) -> list[str]:
    """Choose the phrases whose threshold is reached, those that exceed it most first."""
    found = [(tagged.share(*sign.tags) / sign.threshold, sign.phrase) for sign in signs]
    reached = sorted((each for each in found if each[0] >= 1), key=lambda each: -each[0])
    return [phrase for _, phrase in reached[:most]]


def _grade(value: float, low: float, low_word: str, high: float, high_word: str) -> str:
    """Return one of two words, or none in between."""
    if value <= low:
        return low_word
    return high_word if value >= high else ""
