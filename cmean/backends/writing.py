"""What all models that write text share: text becomes tokens, and tokens text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cmean.errors import WeightsError
from cmean.util.hashing import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cmean.domain import Question

_ANCHOR = 16
"""Tokens before an answer that it is decoded with, see `decode_continuation`."""


def make_template_options(template: object) -> dict[str, bool]:
    """Make the options of a chat template that turn thinking off, where it knows them."""
    return {"enable_thinking": False} if "enable_thinking" in str(template) else {}


def refuse_thinking(text: str, folder: Path) -> None:
    """Check that a formatted conversation does not make the model think before it answers.

    Args:
        text: the conversation, up to where the model continues.
        folder: of the checkpoint.

    Raises:
        WeightsError: it does.
    """
    if text.rstrip().endswith("<think>"):
        raise WeightsError(
            f"{folder} holds a model that always thinks before it answers: name one that need not"
        )


def list_control_tokens(tokenizer: Any) -> re.Pattern[str]:  # noqa: ANN401 - of transformers
    """List the tokens that structure a conversation, which a text must not become."""
    added = tokenizer.added_tokens_decoder.values()
    marks = {str(token) for token in added if token.special or str(token).startswith("<")}
    longest_first = sorted(marks - {""}, key=lambda mark: (-len(mark), mark))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def break_control_tokens(text: str, control: re.Pattern[str]) -> str:
    """Break up control tokens in a text by a space, so that it is never an instruction."""
    safe = text.encode(errors="replace").decode()
    while (broken := control.sub(lambda m: f"{m[0][0]} {m[0][1:]}", safe)) != safe:
        safe = broken
    return safe


def decode_tokens(tokenizer: Any, tokens: Sequence[int]) -> str:  # noqa: ANN401 - of transformers
    """Decode tokens to text, without control tokens."""
    text: str = tokenizer.decode(
        list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return text


def decode_continuation(tokenizer: Any, before: Sequence[int], tokens: Sequence[int]) -> str:  # noqa: ANN401 - of transformers
    """Decode tokens to text, as they continue those before them.

    Some tokenizers drop the space before the first word, so the end of what is before is decoded
    with it.
    """
    anchor = list(before[-_ANCHOR:])
    return decode_tokens(tokenizer, [*anchor, *tokens])[len(decode_tokens(tokenizer, anchor)) :]


def derive_question_seed(question: Question) -> int:
    """Compute 63 bits that any part of the question changes which is represented in it."""
    return derive_seed([repr(question)])
