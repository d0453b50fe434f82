"""The learned emotion mapper: reads graded mood sentences, the word table, and plain sentences.

How a text is read:

1. A text with a sentence of `cmean.perception.mood_sentence` has the triple that it says, 255 times
   each degree, and nothing else counts.
2. A text with `ENOUGH` different words of the embedded mapper's table has the table's triple.
3. Any other text is read by a sentence encoder and a linear head, fitted on the lexicon of mood
   words; where the table knows some of its words, the two are mixed.

With k different words that the table knows, the table's share of a mixture is k / `ENOUGH`, at
least `LEAST` where there is one. Why, and how well it reads, is in
`docs/decisions/0012-learned-mapper.md`.
"""

from __future__ import annotations

import math
import re
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from cmean.backends.embedders.embedded_text import FUNCTION_WORDS
from cmean.backends.mappers import embedded
from cmean.backends.mappers.sentence_head import HEAD, SentenceHead
from cmean.backends.mappers.word_table import (
    BASE,
    EMPTY,
    Contribution,
    WordTable,
    digest_table,
    split_lexicon_words,
)
from cmean.domain import RGB
from cmean.perception import mood_sentence
from cmean.perception.networks.sentence_encoder import MODEL_DIGEST, SentenceEncoder
from cmean.perception.networks.word_pieces import load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

SENTENCE: Final = "(sentence)"
"""The entry of an explanation that the sentence encoder accounts for."""

ENOUGH: Final = 15
"""Different words of the table: of the captions that it was fitted on, 99 in 100 have as many."""

LEAST: Final = 0.5
"""The table's share where it knows a word at all."""

_MOST_WINDOWS: Final = 16
"""About 3,000 words, evenly spaced over a longer text: two seconds."""

_CODE: Final = "1"
"""Raise it when the code of this module reads otherwise."""

_OTHER_SCRIPT: Final = re.compile(r"[^\W\d_a-zA-Zß-öø-ɏÀ-ÖØ-Þ]+")


class LearnedMapper:
    """Maps texts to emotion triples, also those without a word of mood.

    Implements `cmean.protocols.EmotionMapper`. Its triples depend on the text alone; between
    processors, one that the sentence encoder has read may differ by a point of a channel.

    Args:
        encoder: None: the one whose weights are in the store.
    """

    def __init__(self, encoder: SentenceEncoder | None = None) -> None:
        self._encoder = encoder or SentenceEncoder()
        self._table = EMPTY
        self._head: SentenceHead | None = None

    @cached_property
    def revision(self) -> str:
        """The first 12 hex digits of the SHA-256 of all that a triple depends on."""
        ladder = f"{mood_sentence.LADDER} {mood_sentence.WORDS}"
        own = f"{_CODE} {ENOUGH} {LEAST} {_MOST_WINDOWS} {MODEL_DIGEST} {sorted(FUNCTION_WORDS)}"
        return digest_table(f"{own} {ladder}".encode() + embedded.read_weights() + _read_head())

    def load(self) -> None:
        """Read the word table and the head, and see that the sentence encoder is there.

        The encoder itself comes into memory with the first text that needs it: captions with a
        graded mood never do.

        Raises:
            WeightsError: as `SentenceEncoder.find`.
        """
        self._encoder.find()
        self._table = WordTable.parse(embedded.read_weights().decode(), "the learned mapper")
        self._head = SentenceHead.parse(_read_head().decode())

    def unload(self) -> None:
        """Give the memory back."""
        self._table, self._head = EMPTY, None
        self._encoder.unload()

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Map captions to triples, in their order.

        Raises:
            EmotionError: `empty-caption` for a text without a visible character,
                `no-known-words` for one in which there is nothing to read: the table knows none of
                its words, and less than half of its words with content are English.
            WeightsError: as `SentenceEncoder.load`.
        """
        return [self._map_text(text) for text in texts]

    def explain(self, text: str) -> list[Contribution]:
        """Say what moved which channel, in channel points; the first entry is `BASE`.

        The others are the three moods of a graded mood sentence; or words of the table, strongest
        first, and `SENTENCE` where the sentence encoder was asked. The sum over the list is the
        triple before rounding and clamping.

        Raises:
            EmotionError, WeightsError: as `map`.
        """
        mood = mood_sentence.read_mood_sentence(text)
        if mood is not None:
            return _explain_mood(mood)
        known = self._table.count_known(text)
        if known >= ENOUGH or not _is_readable(text):
            return self._table.explain(text)
        points = self._read_sentences(text)
        base, *parts = self._table.explain(text) if known else [self._table.base]
        share = max(LEAST, known / ENOUGH) if known else 0.0
        added = (
            (1 - share) * (point - start) for point, start in zip(points, base[1:], strict=True)
        )
        return [base, *(_scale(part, share) for part in parts), Contribution(SENTENCE, *added)]

    def _map_text(self, text: str) -> RGB:
        _, *channels = zip(*self.explain(text), strict=True)
        return RGB(*(min(255, max(0, round(math.fsum(points)))) for points in channels))

    def _read_sentences(self, text: str) -> tuple[float, float, float]:
        if self._head is None:
            raise RuntimeError("load() comes before map()")
        # the encoder was fitted on English; what other scripts say would be noise
        latin = _OTHER_SCRIPT.sub(" ", text)
        return self._head.read(self._encoder.encode(latin, _MOST_WINDOWS))


def _explain_mood(mood: mood_sentence.GradedMood) -> list[Contribution]:
    return [
        Contribution(BASE, 0, 0, 0),
        Contribution("excitement", 255 * mood.excitement, 0, 0),
        Contribution("calm", 0, 255 * mood.calm, 0),
        Contribution("sadness", 0, 0, 255 * mood.sadness),
    ]


def _is_readable(text: str) -> bool:
    """Tell whether at least half of the content words, and one, are in the vocabulary.

    What is cut into pieces is a name, a rare word, or of another language.
    """
    content = [word for word in split_lexicon_words(text) if word not in FUNCTION_WORDS]
    whole = sum(word in load_vocabulary() for word in content)
    return whole > 0 and 2 * whole >= len(content)


def _scale(part: Contribution, share: float) -> Contribution:
    return Contribution(part.word, *(share * points for points in part[1:]))


def _read_head() -> bytes:
    return files(__package__).joinpath(HEAD).read_bytes()
