"""Texts as windows of tokens, for embedders whose text model takes only so many."""

from __future__ import annotations

from typing import Any

from cmean.backends import inputs
from cmean.errors import EmbeddingError
from cmean.util.covering_windows import cover_with_windows


def cut_token_windows(
    tokenizer: Any,  # noqa: ANN401 - of transformers
    text: str,
    longest: int,
    *,
    begins: bool = True,
) -> list[list[int]]:
    """Cut a text into the token ids of windows that cover it, each of at most `longest` tokens.

    Args:
        tokenizer: of the text model.
        text: of any length.
        longest: how many tokens the text model takes.
        begins: whether a window begins with the token of the beginning; each ends with that of the
            end.

    Raises:
        EmbeddingError: `empty-text`.
    """
    given = inputs.check_text(text, EmbeddingError)
    # a text that spells a special token is no more than text
    ids = tokenizer(given, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    first, last = (
        tokenizer.convert_tokens_to_ids(token or other)
        for token, other in (
            (tokenizer.bos_token, tokenizer.cls_token),
            (tokenizer.eos_token, tokenizer.sep_token),
        )
    )
    before = [first] if begins else []
    spans = cover_with_windows(len(ids), longest - len(before) - 1)
    return [[*before, *ids[start:end], last] for start, end in spans]
