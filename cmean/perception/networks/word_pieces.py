"""WordPiece tokenisation with the vocabulary of BERT base uncased.

A text is cleaned, its letters lose accents and case, it is split at white space and around
punctuation and Chinese characters, and each word is cut into the longest pieces of the vocabulary,
from the left (Y. Wu et al., "Google's neural machine translation system", 2016; J. Devlin et al.,
"BERT", 2019). A text that spells a special token, such as ``[SEP]``, is text like any other.

The vocabulary, `word_pieces.txt`, is ``vocab.txt`` of ``bert-base-uncased``, published by Google
Research under the Apache License 2.0, unchanged: a line a piece, its number is the line's.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from string import punctuation
from typing import Final

VOCABULARY: Final = "word_pieces.txt"
BEGIN, END = "[CLS]", "[SEP]"
_UNKNOWN: Final = "[UNK]"
_CONTINUED: Final = "##"
_LONGEST_WORD: Final = 100
"""Characters; a longer word is one unknown piece."""

_CONTROL: Final = frozenset({"Cc", "Cf", "Co", "Cs"})

_CHINESE: Final = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)
"""Code points that are words of their own; as BERT has them, gap after 2B81F included."""


def split_words(text: str) -> list[str]:
    """Split a text into words, lower case and without accents; punctuation marks are words."""
    spaced = unicodedata.normalize("NFD", "".join(map(_replace_control_character, text)))
    return "".join(map(_fold_accents, spaced)).split(" ")


def encode_pieces(text: str) -> list[int]:
    """Encode a text as the numbers of its pieces, without those of beginning and end."""
    return [number for word in split_words(text) if word for number in _split_into_pieces(word)]


@cache
def load_vocabulary() -> dict[str, int]:
    """Load the vocabulary: the number of each piece."""
    text = files(__package__).joinpath(VOCABULARY).read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(text.splitlines())}


@lru_cache(maxsize=4096)
def _replace_control_character(character: str) -> str:
    """Replace white space by a space, and control characters by nothing."""
    category = unicodedata.category(character)
    if character in "\t\n\r" or category in {"Zs", "Zl", "Zp"}:
        return " "
    # a character that is younger than Python's tables (Cn) is kept: it is no control character
    if category in _CONTROL or character == "\N{REPLACEMENT CHARACTER}":
        return ""
    if any(first <= ord(character) <= last for first, last in _CHINESE):
        return f" {character} "
    return character


@lru_cache(maxsize=4096)
def _fold_accents(character: str) -> str:
    """Convert a decomposed character: lower case, no accents, punctuation as a word."""
    category = unicodedata.category(character)
    if category == "Mn":
        return ""
    if character in punctuation or category[0] == "P":
        return f" {character} "
    return character.lower()


@lru_cache(maxsize=65_536)
def _split_into_pieces(word: str) -> tuple[int, ...]:
    known = load_vocabulary()
    if len(word) > _LONGEST_WORD:
        return (known[_UNKNOWN],)
    pieces, start = [], 0
    while start < len(word):
        prefix = _CONTINUED if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if prefix + word[start:end] in known), None)
        if end is None:
            return (known[_UNKNOWN],)
        pieces.append(known[prefix + word[start:end]])
        start = end
    return tuple(pieces)
