"""Answers that match a regular expression by construction: all other tokens are masked.

At each step llguidance says which tokens can still lead to a match; the scores of the others become
-inf. Rows of a batch have matchers of their own, so their patterns and states may differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import ItemError, MissingExtraError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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

    def mask_scores(self, scores: torch.Tensor, matchers: Mapping[int, Any]) -> torch.Tensor:
        """Return the scores, shape (rows, width), with -inf for tokens that no match allows.

        Args:
            scores: of all rows; changed in place.
            matchers: by row; rows without one are left as they are.
        """
        import torch

        if not matchers:
            return scores
        place = tuple(
            torch.from_numpy(index).to(scores.device)
            for index in self.find_allowed_tokens(matchers, len(scores))
        )
        kept = scores[place]
        scores.index_fill_(0, torch.tensor([*matchers], device=scores.device), float("-inf"))
        scores[place] = kept
        return scores

    def find_allowed_tokens(
        self, matchers: Mapping[int, Any], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the tokens that each matcher allows: rows below `count`, and tokens, in their order.

        They are few, so only words with a bit in them are looked into.
        """
        # a bit a token, the lowest first
        bits = np.zeros((count, (self.width + 31) // 32), np.uint32)
        self.executor.unsafe_compute_mask_ptr(
            [(matcher, row) for row, matcher in matchers.items()],
            bits.ctypes.data,
            bits.shape[1] * 4,
            len(bits),
        )
        rows, words = np.nonzero(bits)
        found, ones = np.nonzero(bits[rows, words, None] >> np.arange(32, dtype=np.uint32) & 1)
        return rows[found], words[found] * 32 + ones

    def describe_token(self, token: int) -> bytes:
        """Return the bytes that a token stands for."""
        found: bytes = self._tokenizer.decode_bytes([token])
        return found
