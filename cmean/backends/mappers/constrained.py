"""Answers that match a regular expression by construction: all other tokens are masked.

At each step llguidance says which tokens can still lead to a match; the logits of the others become
-inf. Rows of a batch have matchers of their own, so their patterns and states may differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.errors import ItemError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import torch


class Patterns:
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

    def matcher(self, pattern: str, said: str = "") -> Any:  # noqa: ANN401 - of llguidance
        """A fresh matcher of a pattern, after what is said already.

        Raises:
            ItemError: `bad-pattern` if it is no regular expression, or `said` does not begin it.
        """
        if pattern not in self._compiled:
            grammar = self._matcher.grammar_from_regex(pattern)
            self._compiled[pattern] = self._matcher(self._tokenizer, grammar, log_level=0)
        matcher = self._compiled[pattern].deep_copy()
        if not matcher.is_error() and said:
            matcher.consume_tokens(self._tokenizer.tokenize_str(said))
        if matcher.is_error():
            lines = matcher.get_error().splitlines() or [""]
            raise ItemError("bad-pattern", f"an answer cannot match {pattern!r}: {lines[0]}")
        return matcher


class Mask:
    """A logits processor: leaves to each row with a matcher the tokens that its pattern allows.

    Args:
        patterns: what the matchers come from.
        matchers: one a row, or None where the answer is free.
    """

    def __init__(self, patterns: Patterns, matchers: Sequence[Any | None]) -> None:
        import torch

        self._patterns = patterns
        self._open = {row: matcher for row, matcher in enumerate(matchers) if matcher is not None}
        # a bit a token; a row that is not filled in stays free
        words = (patterns.width + 31) // 32
        self._bits = torch.full((len(matchers), words), -1, dtype=torch.int32)
        self._started = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores, of shape (rows, width), with -inf for what no match can go on with."""
        if self._started:
            self._consume(input_ids[:, -1].tolist())
        self._started = True
        if not self._open:
            return scores
        self._patterns.executor.unsafe_compute_mask_ptr(
            [(matcher, row) for row, matcher in self._open.items()],
            self._bits.data_ptr(),
            self._bits.shape[1] * 4,
            len(self._bits),
        )
        return scores.masked_fill_(
            _unset(self._bits.to(scores.device), scores.shape[1]), float("-inf")
        )

    def _consume(self, tokens: list[int]) -> None:
        for row in [row for row in self._open if tokens[row] in self._patterns.ends]:
            del self._open[row]
            self._bits[row] = -1
        self._patterns.executor.consume_token_par(
            [(matcher, tokens[row]) for row, matcher in self._open.items()]
        )


def _unset(bits: torch.Tensor, width: int) -> torch.Tensor:
    """Which of the first `width` bits of each row are 0, as booleans of shape (rows, width)."""
    import torch

    place = torch.arange(8, dtype=torch.uint8, device=bits.device)
    spread = (bits.view(torch.uint8).unsqueeze(-1) >> place) & 1
    return spread.flatten(1)[:, :width] == 0
