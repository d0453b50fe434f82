"""Texts that are one character or token, repeated: what a model writes whose numbers overflow."""

from __future__ import annotations

import re

_REPEATED = re.compile(r"(?P<unit>\S.{0,15}?)(?P=unit){7,}(?P<rest>.{0,15})", re.DOTALL)


def is_repeated_token(text: str) -> bool:
    """Tell whether a text is nothing but at least eight times the same token.

    >>> is_repeated_token("!!!!!!!!!!"), is_repeated_token("the the the the the the the the the th")
    (True, True)
    >>> is_repeated_token("ha ha ha, said the sea")
    False
    """
    found = _REPEATED.fullmatch(text.strip())
    return found is not None and found["unit"].startswith(found["rest"])
