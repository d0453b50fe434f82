"""Titles, creators and years: cleaning, and reading from file names."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: the only invisible characters that spelling needs."""

_SLUG = re.compile(r"(?P<creator>[^_]+)_(?P<title>[^_]+)")
_SLUG_YEAR = re.compile(r"-(?P<year>1\d{3}|20\d{2})$")
_COPY_NUMBER = re.compile(r"\s*\(\d+\)$")
_TRACK_NUMBER = re.compile(r"^\d{1,3}(?:\.| -) +(?=\S)")
_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d{2})(?=(?:\d{4})?(?!\d))")
_ROMAN = re.compile(r"[ivx]{2,}")
_ENGLISH = "a an and as at but by for from in into nor of off on or over the to with"
_ROMANCE_AND_DUTCH = "da de del della der des di do dos du el en et la le les van von y"
_SMALL_WORDS = {*_ENGLISH.split(" "), *_ROMANCE_AND_DUTCH.split(" ")}


class Tags(NamedTuple):
    """Facts of an item besides its content; None where unknown."""

    title: str | None = None
    creator: str | None = None
    year: str | None = None


def clean_text(text: str | None, limit: int = 500) -> str | None:
    """Clean a text to one line of at most `limit` characters; None for ``""`` and ``"None"``.

    Entities such as ``&#160;`` become characters, white space of any kind one space; control
    characters, lone surrogates and invisible formatting (direction marks, tags) disappear.
    """
    if text is None:
        return None
    text = html.unescape(text[: 8 * limit])
    kept = (c for c in text if c.isspace() or c in _JOINERS or not _is_hidden(c))
    line = unicodedata.normalize("NFC", " ".join("".join(kept).split()))[:limit].rstrip()
    return None if line in ("", "None") else line


def find_year(text: str | None) -> str | None:
    """Return the first year (1000..2099) in a date such as ``1999-02-03`` or ``19990203``."""
    found = _YEAR.search(text or "")
    return found[0] if found else None


def parse_file_name(path: Path) -> Tags:
    """Read creator, title and year from a file's name.

    - ``alfred-sisley_village-on-the-banks-of-the-seine-1872.jpg``, the form of WikiArt and
      ArtGraph: creator, title and year; words are capitalised but for articles and particles.
    - ``Artist - Title.mp3``: creator and title. A leading track number (``01 - ``) is dropped.
    - Anything else: the stem is the title; where it has no spaces, underscores and dashes
      become spaces.
    """
    stem = clean_text(path.stem) or ""
    slug = _SLUG.fullmatch(stem)
    if slug and "-" in stem and " " not in stem and stem == stem.lower():
        title = _COPY_NUMBER.sub("", slug["title"])
        year = _SLUG_YEAR.search(title)
        title = _SLUG_YEAR.sub("", title)
        return Tags(
            _capitalise_slug(title), _capitalise_slug(slug["creator"]), year and year["year"]
        )
    spaced = stem.replace("_", " ")
    creator, dash, title = _TRACK_NUMBER.sub("", spaced).partition(" - ")
    if dash and clean_text(creator) and clean_text(title):
        return Tags(clean_text(title), clean_text(creator))
    plain = _TRACK_NUMBER.sub("", spaced) if " " in spaced else spaced.replace("-", " ")
    return Tags(clean_text(plain))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs")


def _capitalise_slug(slug: str) -> str | None:
    words = slug.split("-")
    return clean_text(
        " ".join(_capitalise_word(word, first=index == 0) for index, word in enumerate(words))
    )


def _capitalise_word(word: str, *, first: bool) -> str:
    if _ROMAN.fullmatch(word):
        return word.upper()
    if word in _SMALL_WORDS and not first:
        return word
    return word[:1].upper() + word[1:]
