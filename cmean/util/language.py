"""The language of a text."""

from __future__ import annotations

from itertools import islice

_FEWEST_LETTERS = 30
"""Below that the identifier guesses."""
_READ = 200
"""Characters that it reads: more take longer and change next to nothing."""
_NONE = "zxx"
"""ISO 639's code of what is no language."""


def load() -> None:
    """Bring the identifier into memory, which takes up to a second, before the first text."""
    import py3langid  # noqa: PLC0415 - captions may bring their language

    py3langid.classify("")


def language_of(text: str) -> str | None:
    """The language of a text as ISO 639-1; None where there is too little of it to tell."""
    text = text[:_READ]
    letters = sum(1 for _ in islice(filter(str.isalpha, text), _FEWEST_LETTERS))
    if letters < _FEWEST_LETTERS and text.isascii():
        return None
    import py3langid  # noqa: PLC0415 - captions may bring their language

    found = str(py3langid.classify(text)[0])
    return None if found == _NONE else found
