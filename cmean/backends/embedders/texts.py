"""Texts as windows of tokens, for embedders whose text model takes only so many."""

from __future__ import annotations

from typing import Any

from cmean.backends import inputs
from cmean.errors import EmbeddingError
from cmean.util.covering_windows import cover_with_windows

SPECIAL = 2
"""A window begins with the token of the beginning, and ends with that of the end."""


def cut_token_windows(tokenizer: Any, text: str, longest: int) -> list[list[int]]:  # noqa: ANN401 - of transformers
    """Cut a text into the token ids of windows that cover it, each of at most `longest` tokens.

    Raises:
        EmbeddingError: `empty-text`.
    """
    given = inputs.check_text(text, EmbeddingError)
    # a text that spells a special token is no more than text
    ids = tokenizer(given, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    parts = (ids[start:end] for start, end in cover_with_windows(len(ids), longest - SPECIAL))
    return [[tokenizer.bos_token_id, *part, tokenizer.eos_token_id] for part in parts]
