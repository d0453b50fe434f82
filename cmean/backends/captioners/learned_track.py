"""The learned captioner of tracks: a network computes tags, features measure movement and tone.

musicnn names style, instruments and voice (`cmean.perception.networks.tagger`), `sound_features`
measures movement, mode and tone, fitted readings of both tell the mood
(`cmean.perception.mood_readings`), and `track_sentences` puts it into English. The numbers stand in
the caption's measurements.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final, cast

from cmean.backends import inputs
from cmean.backends.captioners.track_sentences import (
    CONSTANTS,
    TrackFindings,
    compare_track_with_whole,
    describe_course,
    describe_movement,
    name_sound,
    name_track_excerpt,
)
from cmean.domain import WHOLE, Caption, Sound, cut_quarters
from cmean.errors import CaptionError
from cmean.perception.mood_readings import (
    MOOD_TAGS,
    SOUND_HEADS,
    SOUND_MEASURES,
    read_sound_mood,
)
from cmean.perception.mood_sentence import write_mood_sentence
from cmean.perception.networks.tagger import MOST_WINDOWS, TAGS, Tagger
from cmean.perception.revision import digest_revision
from cmean.perception.sound_features import SAMPLE_RATE, measure_sound
from cmean.perception.sound_mood import STILL
from cmean.weights import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Excerpt

PACKAGE: Final = "musicnn"
_LEAST_TAG: Final = 0.05  # share from which a tag is kept with the measurements
_CODE: Final = "1"
"""Raised whenever this code, or what it calls, makes other captions of the same sound."""


class LearnedTrackCaptioner:
    """Captions tracks by a tagger and measures; no state between calls, nothing random.

    Implements `cmean.protocols.Captioner`. A fragment is compared with its whole where the excerpt
    contains the whole. Measurements: the fields of `SoundFeatures`, the degrees of the mood,
    and the shares of the tags that are at all likely, as ``tag NAME``.
    """

    def __init__(self) -> None:
        self._tagger: Tagger | None = None

    @property
    def revision(self) -> str:
        """Return the first 12 hex digits of the SHA-256 of all that a caption depends on.

        Raises:
            WeightsError: the weights are not on this machine.
        """
        return digest_revision(
            PACKAGE, _CODE, [SOUND_HEADS], (*CONSTANTS, MOST_WINDOWS, MOOD_TAGS, SOUND_MEASURES)
        )

    def load(self) -> None:
        """Load the networks.

        Raises:
            WeightsError: the weights are not on this machine, or damaged.
        """
        self._tagger = Tagger(store.locate_package(PACKAGE, thorough=True))

    def unload(self) -> None:
        """Release the memory."""
        self._tagger = None

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption excerpts of tracks, in their order.

        Raises:
            CaptionError: `not-a-sound` for a picture, `sample-rate` for sound not at 16 kHz,
                `empty-sound` for sound without a sample.
        """
        if self._tagger is None:
            self.load()
        try:
            cache = _SoundCache(cast("Tagger", self._tagger))
            return [_write_caption(excerpt, cache) for excerpt in batch]
        finally:
            cast("Tagger", self._tagger).clear_cache()


class _SoundCache:
    """Analyses each sound of a batch once."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self._findings: dict[tuple[int, int], TrackFindings] = {}

    def analyse_sound(self, sound: Sound, *, whole: bool) -> TrackFindings:
        """Return all findings of a sound; `whole` as of `Tagger.tag`."""
        key = sound.samples.__array_interface__["data"][0], len(sound.samples)
        if key not in self._findings:
            features = measure_sound(sound.samples)
            tagged = self._tagger.tag(sound.samples, whole=whole)
            mood = STILL if features.silent else read_sound_mood(features, tagged)
            self._findings[key] = TrackFindings(features, tagged, mood)
        return self._findings[key]


def _write_caption(excerpt: Excerpt, cache: _SoundCache) -> Caption:
    sound = inputs.check_sound(excerpt.media, "the captioner of tracks", CaptionError, SAMPLE_RATE)
    found = cache.analyse_sound(sound, whole=excerpt.position == WHOLE)
    text = _compose_text(excerpt, sound, found, cache)
    numbers = asdict(found.features) | asdict(found.mood)
    numbers |= {
        f"tag {tag}": float(share)
        for tag, share in zip(TAGS, found.tagged.shares, strict=True)
        if share >= _LEAST_TAG
    }
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in numbers.items()
    }
    return Caption(text, measurements=rounded, language="en")


def _compose_text(excerpt: Excerpt, sound: Sound, found: TrackFindings, cache: _SoundCache) -> str:
    mood = found.mood
    mood_sentence = write_mood_sentence(
        mood.excitement, mood.calm, mood.sadness, 2 * mood.valence - 1
    )
    if found.features.silent:
        name = name_track_excerpt(excerpt.position)
        return f"Nothing sounds in {name}: it is silent. {mood_sentence}"
    sentences = [name_sound(found, excerpt.position), describe_movement(found.features)]
    if excerpt.position == WHOLE:
        parts = cut_quarters(sound)
        if all(len(part.samples) for part in parts):
            parts_found = [cache.analyse_sound(part, whole=False) for part in parts]
            sentences.append(describe_course(parts_found))
    elif isinstance(excerpt.whole, Sound) and len(excerpt.whole.samples):
        sentences.append(
            compare_track_with_whole(found, cache.analyse_sound(excerpt.whole, whole=True))
        )
    return " ".join([*sentences, mood_sentence])
