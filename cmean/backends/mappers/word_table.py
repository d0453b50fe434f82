"""A table of word weights that turns a caption into a triple.

A caption's triple is linear in its words. With tf the count of a word in the caption and idf its
rarity (Salton & Buckley 1988, sublinear tf-idf, L2-normalised over the caption's known words):

    x_w = (1 + ln tf_w) * idf_w / sqrt(sum_v ((1 + ln tf_v) * idf_v)^2)
    channel = clamp(round(base + sum_w x_w * weight_w), 0, 255)

so every word's share of the result can be told: see `WordTable.explain`. Words that the table lacks
weigh nothing.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cmean.domain import RGB
from cmean.errors import EmotionError
from cmean.failure_reasons import FailureReason
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "(base)"
"""The row of the table, and the entry of an explanation, that every caption starts from."""

_WORD = re.compile("[a-zß-öø-ɏ]{2,}")
_WORDS_SHOWN = 60


class Contribution(NamedTuple):
    """What one word adds to each channel, in channel points (0..255 is the full range)."""

    word: str
    red: float
    green: float
    blue: float


class WordWeight(NamedTuple):
    """A row of the table: a word's rarity, and what it adds to a caption of that word alone."""

    idf: float
    red: float
    green: float
    blue: float


def split_lexicon_words(text: str) -> list[str]:
    """Split a text into words as the table spells them: lower case, two or more Latin letters.

    Other scripts part words: language models at times slip into one in the middle of a sentence.
    """
    return _WORD.findall(text.lower())


def compute_tfidf(counts: Mapping[str, int], idf: Mapping[str, float]) -> dict[str, float]:
    """Compute the x of the formula for each word; the counts are of one known word or more."""
    # rounded, since the last digit of a logarithm differs between platforms
    raw = {word: round(1 + math.log(count), 9) * idf[word] for word, count in counts.items()}
    norm = math.sqrt(math.fsum(value * value for value in raw.values()))
    return {word: value / norm for word, value in raw.items()}


def digest_table(content: bytes) -> str:
    """Compute the first 12 hex digits of the SHA-256 of a table's file."""
    return hash_parts([content])[:12]


class WordTable:
    """Word weights in memory.

    Args:
        weights: a row a word, and one named `BASE`.
        owner: the mapper, as a message to its user calls it.
    """

    def __init__(self, weights: Mapping[str, WordWeight], owner: str) -> None:
        self._weights = weights
        self._idf = {word: weight.idf for word, weight in weights.items()}
        self._owner = owner

    @classmethod
    def parse(cls, text: str, owner: str) -> WordTable:
        """Read a table: CSV with the columns word, idf, red, green, blue; one row is the base.

        Raises:
            ValueError: it is not of that form.
        """
        weights = {}
        for row in csv.DictReader(io.StringIO(text)):
            try:
                weights[row["word"]] = WordWeight(
                    *(float(row[name]) for name in WordWeight._fields)
                )
            except (KeyError, TypeError) as error:
                raise ValueError("its columns are not word, idf, red, green, blue") from error
        if BASE not in weights:
            raise ValueError(f"it has no row {BASE}")
        if not all(math.isfinite(number) for weight in weights.values() for number in weight):
            raise ValueError("one of its numbers is not finite")
        return cls(weights, owner)

    @property
    def base(self) -> Contribution:
        """What every text starts from."""
        return Contribution(BASE, *self._weights[BASE][1:])

    def count_known(self, text: str) -> int:
        """Count the different words of the text that the table contains."""
        return len(self._weights.keys() & set(split_lexicon_words(text)))

    def triple(self, text: str) -> RGB:
        """Compute the triple of a text.

        Raises:
            EmotionError: `empty-caption` for a text without a visible character,
                `no-known-words` for one without any word of the table.
        """
        _, *channels = zip(*self._compute_contributions(text), strict=True)
        # fsum is exact, so the order of the words does not change the result
        return RGB(*(min(255, max(0, round(math.fsum(points)))) for points in channels))

    def explain(self, text: str) -> list[Contribution]:
        """Say which words moved which channel: the base first, then the words, strongest first.

        The sum over the list is the triple before rounding and clamping.

        Raises:
            EmotionError: as `triple`.
        """
        base, *rest = self._compute_contributions(text)
        return [base, *sorted(rest, key=lambda part: (-sum(map(abs, part[1:])), part.word))]

    def _compute_contributions(self, text: str) -> list[Contribution]:
        if not text.strip():
            raise EmotionError(
                FailureReason.EMPTY_CAPTION, "the caption is empty: caption the item again"
            )
        counts = Counter(word for word in split_lexicon_words(text) if word in self._weights)
        if not counts:
            raise EmotionError(
                FailureReason.NO_KNOWN_WORDS,
                f"no word of the caption is known to {self._owner}: {_shorten(text)!r};"
                " caption in English, or choose a profile with a language model",
            )
        shares = compute_tfidf(counts, self._idf)
        return [self.base, *(_scale(word, self._weights[word], x) for word, x in shares.items())]


EMPTY = WordTable({}, "a mapper that is not loaded")


def _scale(word: str, weight: WordWeight, x: float) -> Contribution:
    return Contribution(word, x * weight.red, x * weight.green, x * weight.blue)


def _shorten(text: str) -> str:
    line = " ".join(text[: 4 * _WORDS_SHOWN].split())
    return line if len(line) <= _WORDS_SHOWN else line[: _WORDS_SHOWN - 1] + "…"
