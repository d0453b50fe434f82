"""The study's Table I: lengths of English captions without Italian function words.

Its authors dropped the stop words of their own language from captions in English, so that *a*,
*in*, *per*, *come* are no words there, and had *cannot* and *gonna* split in two. This is how the
printed lengths of the longest and the shortest track caption come out; nothing else needs it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.domain import split_words
from cmean.stats.text_lengths import measure_lengths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmean.stats.text_lengths import TextLengths

_ARTICLES = "il lo la l i gli le un uno una"
_PREPOSITIONS = "a ad di da in con su per tra contro"
_JOINED = "l ll llo lla gli gl i lle"  # al, all, allo, alla, agli, agl, ai, alle, and so on
_STEMS = ("a", "da", "de", "ne", "su")
_WITH = "col coi"
_PRONOUNS = "io tu lui lei noi voi loro mi ti ci vi si li ne"
_POSSESSIVES = "mio mia mie miei tuo tua tue tuoi suo sua sue suoi"
_OURS = "nostro nostra nostri nostre vostro vostra vostri vostre"
_QUESTIONS = "che chi cui c come dov dove quale quanto quanta quanti quante"
_POINTING = "quello quella quelli quelle questo questa questi queste tutto tutti"
_BETWEEN = "e ed o ma se perché anche non più"
_HAVE = "ho hai ha abbiamo avete hanno abbia avevo avevi aveva ebbi ebbe avendo avuto"
_BE = "sono sei è siamo siete sia siate siano ero eri era erano fui fu fummo fosti fossi fosse"
_DO = "faccio fai facciamo fanno faccia fece feci"
_STAY = "sto stai sta stiamo stanno stia stando stesse stessi stette stetti"


def _build_function_words() -> frozenset[str]:
    joined = {stem + end for stem in _STEMS for end in _JOINED.split()}
    closed = (_ARTICLES, _PREPOSITIONS, _WITH, _PRONOUNS, _POSSESSIVES, _OURS)
    others = (_QUESTIONS, _POINTING, _BETWEEN, _HAVE, _BE, _DO, _STAY)
    return frozenset(word for line in (*closed, *others) for word in line.split()) | joined


FUNCTION_WORDS: Final = _build_function_words()
"""Articles, prepositions, pronouns, conjunctions and the commonest forms of auxiliary verbs, all in
lower case: those of Italian, as far as they may be met in English text too."""

_TWO_WORDS: Final = frozenset(("cannot", "gimme", "gonna", "gotta", "lemme", "wanna"))
"""Words that are split in two."""


def remove_function_words(text: str) -> str:
    """Remove Italian function words from a text, in lower case, words with spaces between."""
    words = (word for word in split_words(text.lower()) if word not in FUNCTION_WORDS)
    return " ".join(f"{word} {word}" if word in _TWO_WORDS else word for word in words)


def measure_lengths_without_function_words(texts: Iterable[str]) -> TextLengths:
    """Measure the lengths of texts as `measure_lengths` does, without Italian function words."""
    listed = list(texts)
    whole = measure_lengths(listed)
    counted = measure_lengths(map(remove_function_words, listed))
    return replace(counted, complete=whole.complete, incomplete=whole.incomplete)
