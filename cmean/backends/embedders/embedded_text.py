"""The embedded text embedder: hashed words, on a CPU, nothing to download.

A text's vector has 512 numbers. With tf the count of a word in the text, each word adds

    s(w) · (1 + ln tf)

to the number h(w), where h and the sign s come from the word's hash, so that words that share a
number cancel out on average (K. Weinberger et al., "Feature hashing for large scale multitask
learning", 2009). The vector is then scaled to length 1. The cosine of two texts is the larger the
more words they share; it knows nothing of synonyms. English function words weigh nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.backends import inputs
from cmean.errors import EmbeddingError
from cmean.failure_reasons import FailureReason
from cmean.util.hashing import hash_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.domain import Excerpt

WIDTH: Final = 512
"""Numbers of a vector."""

_WORD = re.compile(r"[^\W\d_]{2,}")

_LISTED: Final = """
about above across after again against all along also although always am among an and another
any are around as at be because been before being below between both but by can could did do
does doing down during each either else even ever every few for from further had has have
having he her here hers him his how however if in into is it its itself just least less many
may me might more most much must my near neither no nor not now of off often on once one only
onto or other others our out over own per perhaps quite rather same several shall she should
since so some somewhat still such than that the their them then there these they this those
though through throughout thus to together too toward towards under until up upon us very via
was we were what when where whether which while who whom whose why will with within without
would yet you your
"""
FUNCTION_WORDS: Final = frozenset(_LISTED.split())
"""English words that say nothing of what a text is about."""


class TextEmbedder:
    """Embeds texts by the words in them; deterministic, no download, no state.

    Implements `cmean.protocols.Embedder`, but for media, which it does not take.
    """

    revision = "1"

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """There is nothing to give back."""

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Refuse media.

        Raises:
            EmbeddingError: `not-a-text`.
        """
        if batch:
            raise EmbeddingError(FailureReason.NOT_A_TEXT, "embedded-text takes captions, no media")
        return []

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Compute a vector of length 1 for each text.

        Raises:
            EmbeddingError: `empty-text` without a visible character, `no-words` without a word
                that weighs anything.
        """
        return [_embed_words(inputs.check_text(text, EmbeddingError)) for text in texts]


def _embed_words(text: str) -> NDArray[np.float32]:
    counts = Counter(_WORD.findall(text.lower()))
    numbers: list[list[float]] = [[] for _ in range(WIDTH)]
    for word, count in counts.items():
        if word not in FUNCTION_WORDS:
            place, sign = _hash_word(word)
            # rounded, since the last digit of a logarithm differs between platforms
            numbers[place].append(sign * round(1 + math.log(count), 9))
    summed = [math.fsum(parts) for parts in numbers]  # exact, whatever the order of the words
    length = math.sqrt(math.fsum(number * number for number in summed))
    if length == 0:
        raise EmbeddingError(FailureReason.NO_WORDS, "the text has no word that weighs anything")
    return np.array([number / length for number in summed], np.float32)


def _hash_word(word: str) -> tuple[int, int]:
    """Compute a word's index in the vector, and its sign."""
    digest = bytes.fromhex(hash_parts([word.encode(errors="replace")]))
    number = int.from_bytes(digest[:8], "little")
    return number % WIDTH, 1 if number >> 63 else -1
