"""The language of a text."""

from __future__ import annotations

_FEWEST_LETTERS = 30
"""Below that the identifier guesses."""
_READ = 1_000
"""Characters that it reads."""
_NONE = "zxx"
"""ISO 639's code of what is no language."""


def language_of(text: str) -> str | None:
    """The language of a text as ISO 639-1; None where there is too little of it to tell."""
    if sum(c.isalpha() for c in text[:_READ]) < _FEWEST_LETTERS and text.isascii():
        return None
    import py3langid  # noqa: PLC0415 - half a second, and captions may bring their language

    found = str(py3langid.classify(text[:_READ])[0])
    return None if found == _NONE else found
