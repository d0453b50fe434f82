"""Texts as windows of tokens, for embedders whose text model takes only so many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.backends.embedders.windows import cover

if TYPE_CHECKING:
    from collections.abc import Sequence

SPECIAL = 2
"""A window begins with the token of the beginning, and ends with that of the end."""


def token_windows(tokenizer: Any, text: str, longest: int) -> list[list[int]]:  # noqa: ANN401 - of transformers
    """The token ids of windows that cover all of a text, each of at most `longest` tokens."""
    # a text that spells a special token is no more than text; and no warning of its length
    plain = {"add_special_tokens": False, "split_special_tokens": True, "verbose": False}
    ids = tokenizer(text, **plain)["input_ids"]
    parts = (ids[start:end] for start, end in cover(len(ids), longest - SPECIAL))
    return [[tokenizer.bos_token_id, *part, tokenizer.eos_token_id] for part in parts]


def padded(tokenizer: Any, windows: Sequence[Sequence[int]]) -> Any:  # noqa: ANN401 - of transformers
    """Windows as tensors `input_ids` and `attention_mask`, of shape (windows, longest)."""
    return tokenizer.pad({"input_ids": list(windows)}, padding_side="right", return_tensors="pt")
