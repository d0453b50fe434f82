"""Small pieces of English that captioners share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def join_words(words: Sequence[str]) -> str:
    """Words as an English list: a, b and c; there is at least one."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
