"""The embedded emotion mapper: a table of word weights, read on a CPU, nothing to download.

A caption's triple is linear in its words. With tf the count of a word in the caption and idf its
rarity (Salton & Buckley 1988, sublinear tf-idf, L2-normalised over the caption's known words):

    x_w = (1 + ln tf_w) * idf_w / sqrt(sum_v ((1 + ln tf_v) * idf_v)^2)
    channel = clamp(round(base + sum_w x_w * weight_w), 0, 255)

so every word's share of the result can be told: see `EmbeddedMapper.explain`. Words that the table
lacks weigh nothing, and nothing in a text is ever an instruction. How the weights came to be is in
`docs/decisions/0002-embedded-mapper.md`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from cmean.domain import RGB
from cmean.errors import EmotionError

if TYPE_CHECKING:
    from collections.abc import Sequence

WEIGHTS = "embedded_weights.csv"
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


class _Weight(NamedTuple):
    """A row of the table: a word's rarity, and what it adds to a caption of that word alone."""

    idf: float
    red: float
    green: float
    blue: float


def words(text: str) -> list[str]:
    """The words of a text as the table spells them: lower case, two or more Latin letters.

    Other scripts part words: language models at times slip into one in the middle of a sentence.
    """
    return _WORD.findall(text.lower())


class EmbeddedMapper:
    """Maps captions to emotion triples by word weights; deterministic, no download, no state.

    Implements `cmean.protocols.EmotionMapper`.
    """

    def __init__(self) -> None:
        self._table: dict[str, _Weight] = {}

    @cached_property
    def revision(self) -> str:
        """The first 12 hex digits of the SHA-256 of the weights: part of the mapper's recipe."""
        return hashlib.sha256(_weights_file()).hexdigest()[:12]

    def load(self) -> None:
        """Read the table of word weights."""
        rows = csv.DictReader(io.StringIO(_weights_file().decode()))
        self._table = {
            row["word"]: _Weight(*(float(row[name]) for name in _Weight._fields)) for row in rows
        }

    def unload(self) -> None:
        """Forget the table."""
        self._table = {}

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Map captions to triples, in their order.

        Raises:
            EmotionError: `empty-caption` for a text without a visible character,
                `no-known-words` for one without any word of the table.
        """
        return [self._triple(text) for text in texts]

    def explain(self, text: str) -> list[Contribution]:
        """Say which words moved which channel: the base first, then the words, strongest first.

        The sum over the list is the triple before rounding and clamping.

        Raises:
            EmotionError: as `map`.
        """
        base, *rest = self._contributions(text)
        return [base, *sorted(rest, key=lambda part: (-sum(map(abs, part[1:])), part.word))]

    def _triple(self, text: str) -> RGB:
        _, *channels = zip(*self._contributions(text), strict=True)
        # fsum is exact, so the order of the words does not change the result
        return RGB(*(min(255, max(0, round(math.fsum(points)))) for points in channels))

    def _contributions(self, text: str) -> list[Contribution]:
        if not text.strip():
            raise EmotionError("empty-caption", "the caption is empty: caption the item again")
        counts = Counter(word for word in words(text) if word in self._table)
        if not counts:
            raise EmotionError(
                "no-known-words",
                f"no word of the caption is known to the embedded mapper: {_excerpt(text)!r};"
                " caption in English, or choose a profile with a language model",
            )
        # rounded, since the last digit of a logarithm differs between platforms
        tfidf = {
            word: round(1 + math.log(count), 9) * self._table[word].idf
            for word, count in counts.items()
        }
        norm = math.sqrt(math.fsum(value * value for value in tfidf.values()))
        base = Contribution(BASE, *self._table[BASE][1:])
        return [base, *(_scaled(word, self._table[word], x / norm) for word, x in tfidf.items())]


def _scaled(word: str, weight: _Weight, x: float) -> Contribution:
    return Contribution(word, x * weight.red, x * weight.green, x * weight.blue)


def _excerpt(text: str) -> str:
    line = " ".join(text[: 4 * _WORDS_SHOWN].split())
    return line if len(line) <= _WORDS_SHOWN else line[: _WORDS_SHOWN - 1] + "…"


def _weights_file() -> bytes:
    return files(__package__).joinpath(WEIGHTS).read_bytes()
