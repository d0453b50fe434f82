"""Lengths of captions: the statistics of the study's Tables I (tracks) and II (artworks).

A word is what it is in the study's Table II, for both kinds: the printed Table II comes out of the
published captions to the last digit. Its Table I drops Italian stop words from English text as
well, which makes lengths of the two kinds incomparable; that is not done here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from cmean.domain import split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STOCK_PHRASES: Final = (
    "this image depicts",
    "the image shows",
    "a visual representation of",
    "the painting illustrates",
    "the artwork portrays",
    "this image presents",
)
"""What the study deletes from the joined captions of fragments before it counts their words."""


@dataclass(frozen=True, slots=True)
class TextLengths:
    """Lengths of n texts in words.

    `max`, `min` and `mean` are None where there is no text. `above`, `below` and `equal` count the
    texts longer than, shorter than and as long as the mean; `complete` and `incomplete` those that
    end like a sentence and those that do not.
    """

    n: int
    max: int | None
    min: int | None
    mean: float | None
    above: int
    below: int
    equal: int
    complete: int
    incomplete: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LengthTable:
    """Table I or II: the captions of whole items, and of their four fragments joined."""

    total: TextLengths
    aggregated: TextLengths

    def as_dict(self) -> dict[str, Any]:
        """Return the columns as JSON values."""
        return asdict(self)


def count_words(text: str) -> int:
    """Count the words of a text, as `split_words` defines them.

    >>> count_words("A fast-moving, 120 BPM piece")
    4
    >>> count_words("“calm”")
    3
    """
    return len(split_words(text))


def is_complete(text: str) -> bool:
    """Check whether a text ends, but for white space, in ``.``, ``!`` or ``?``."""
    return text.rstrip().endswith((".", "!", "?"))


def join_fragment_captions(fragments: Iterable[str]) -> str:
    """Join the captions of an item's fragments in lower case, without the stock phrases."""
    text = " ".join(fragments).lower()
    for phrase in STOCK_PHRASES:
        text = text.replace(phrase, "")
    return text


def measure_lengths(texts: Iterable[str]) -> TextLengths:
    """Measure the lengths of texts in words."""
    listed = list(texts)
    words = [count_words(text) for text in listed]
    n, total = len(words), sum(words)
    complete = sum(map(is_complete, listed))
    return TextLengths(
        n=n,
        max=max(words, default=None),
        min=min(words, default=None),
        mean=total / n if n else None,
        above=sum(n * count > total for count in words),  # whole numbers: no rounding at the mean
        below=sum(n * count < total for count in words),
        equal=sum(n * count == total for count in words),
        complete=complete,
        incomplete=n - complete,
    )


def build_length_table(wholes: Iterable[str], fragments: Iterable[Sequence[str]]) -> LengthTable:
    """Build Table I or II of the items of one kind.

    Args:
        wholes: the caption of each item as a whole.
        fragments: for each item the captions of its four fragments, in order of position.
    """
    return LengthTable(
        measure_lengths(wholes), measure_lengths(map(join_fragment_captions, fragments))
    )
