"""Answers that match a regular expression by construction: all other tokens are masked.

At each step llguidance says which tokens can still lead to a match; the logits of the others become
-inf. Rows of a batch have matchers of their own, so their patterns and states may differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import ItemError, MissingExtraError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import torch
    from numpy.typing import NDArray


class PatternMatchers:
    """Matchers of patterns for one tokenizer. Each pattern is compiled once.

    Args:
        tokenizer: a fast tokenizer of transformers.
        width: how many logits the model gives; it may be more than there are tokens.
        ends: the tokens that end an answer.

    Raises:
        MissingExtraError: llguidance is not installed.
    """

    def __init__(self, tokenizer: Any, width: int, ends: Collection[int]) -> None:  # noqa: ANN401 - of transformers
        try:
            from llguidance import LLExecutor, LLMatcher  # noqa: PLC0415 - of an extra
            from llguidance.hf import from_tokenizer  # noqa: PLC0415 - of an extra
        except ImportError as error:
            raise MissingExtraError("answers by a pattern", "models") from error
        self.width = width
        self.ends = frozenset(ends)
        self.executor = LLExecutor()
        self._matcher = LLMatcher
        self._tokenizer = from_tokenizer(tokenizer, n_vocab=width, eos_token=sorted(ends))
        self._compiled: dict[str, Any] = {}

    def create_matcher(self, pattern: str, prefix: str = "") -> Any:  # noqa: ANN401 - of llguidance
        """Create a matcher of a pattern that has consumed the text so far.

        Raises:
            ItemError: `bad-pattern` if it is no regular expression, or `prefix` does not begin it.
        """
        if pattern not in self._compiled:
            grammar = self._matcher.grammar_from_regex(pattern)
            self._compiled[pattern] = self._matcher(self._tokenizer, grammar, log_level=0)
        matcher = self._compiled[pattern].deep_copy()
        if not matcher.is_error() and prefix:
            matcher.consume_tokens(self._tokenizer.tokenize_str(prefix))
        if matcher.is_error():
            lines = matcher.get_error().splitlines() or [""]
            raise ItemError(
                FailureReason.BAD_PATTERN, f"an answer cannot match {pattern!r}: {lines[0]}"
            )
        return matcher


class PatternMask:
    """A logits processor: leaves to each row with a matcher the tokens that its pattern allows.

    Args:
        patterns: what the matchers come from.
        matchers: one a row, or None where the answer is free.
    """

    def __init__(self, patterns: PatternMatchers, matchers: Sequence[Any | None]) -> None:
        self._patterns = patterns
        self._open = {row: matcher for row, matcher in enumerate(matchers) if matcher is not None}
        # a bit a token, the lowest first
        self._bits = np.zeros((len(matchers), (patterns.width + 31) // 32), np.uint32)
        self._started = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the scores, shape (rows, width), with -inf for tokens that no match allows."""
        import torch

        if self._started:
            self._consume(input_ids[:, -1].tolist())
        self._started = True
        if not self._open:
            return scores
        place = tuple(
            torch.from_numpy(index).to(scores.device) for index in self._find_allowed_tokens()
        )
        kept = scores[place]
        scores.index_fill_(0, torch.tensor([*self._open], device=scores.device), float("-inf"))
        scores[place] = kept
        return scores

    def _find_allowed_tokens(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find rows and tokens. They are few, so only words with a bit in them are looked into."""
        self._patterns.executor.unsafe_compute_mask_ptr(
            [(matcher, row) for row, matcher in self._open.items()],
            self._bits.ctypes.data,
            self._bits.shape[1] * 4,
            len(self._bits),
        )
        rows, words = np.nonzero(self._bits)
        found, bits = np.nonzero(
            self._bits[rows, words, None] >> np.arange(32, dtype=np.uint32) & 1
        )
        return rows[found], words[found] * 32 + bits

    def _consume(self, tokens: list[int]) -> None:
        for row in [row for row in self._open if tokens[row] in self._patterns.ends]:
            del self._open[row]
            self._bits[row] = 0
        if self._open:  # others of the batch may still be writing freely
            self._patterns.executor.consume_token_par(
                [(matcher, tokens[row]) for row, matcher in self._open.items()]
            )
