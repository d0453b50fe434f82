"""Detection of a text's language."""

from __future__ import annotations

from itertools import islice

_FEWEST_LETTERS = 30
"""Shorter ASCII texts have no language: identification is unreliable."""
_READ = 200
"""Characters that are examined: more take longer and hardly change the result."""
_NONE = "zxx"
"""ISO 639's code for no linguistic content."""


def load_language_identifier() -> None:
    """Load the language identifier, which takes up to a second, before the first text."""
    import py3langid  # noqa: PLC0415 - captions may bring their language

    py3langid.classify("")


def detect_language(text: str) -> str | None:
    """Return the language of a text as ISO 639-1; None where the text is too short to tell."""
    text = text[:_READ]
    letters = sum(1 for _ in islice(filter(str.isalpha, text), _FEWEST_LETTERS))
    if letters < _FEWEST_LETTERS and text.isascii():
        return None
    import py3langid  # noqa: PLC0415 - captions may bring their language

    found = str(py3langid.classify(text)[0])
    return None if found == _NONE else found
