"""Sampling and token caps a row, so that an answer does not depend on what else is in its batch."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from cmean.domain import Question


class Draws:
    """A logits processor that draws a token of each row with a temperature: all others get -inf.

    Row and step have one random number, from a generator of the row's own that is seeded by all of
    its question; the token is where it falls among the cumulated softmax(logits / temperature). It
    is the same on a CPU and on a GPU. Rows of temperature 0 are left as they are: they are decoded
    greedily.
    """

    def __init__(self, questions: Sequence[Question], device: torch.device) -> None:
        import torch

        sampled = [(i, question) for i, question in enumerate(questions) if question.temperature]
        self._rows = torch.tensor([row for row, _ in sampled], device=device, dtype=torch.int64)
        self._temperatures = torch.tensor(
            [[question.temperature] for _, question in sampled], device=device
        )
        self._generators = [Random(_seed(question)) for _, question in sampled]  # noqa: S311 - no secret

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - the form of a logits processor
        """The scores, of shape (rows, width)."""
        import torch

        if not self._generators:
            return scores
        # 32 bits, so that the product below stays under the total
        draws = [[generator.getrandbits(32) / 2**32] for generator in self._generators]
        chances = torch.softmax(scores[self._rows] / self._temperatures, dim=-1)
        reached = chances.cumsum(-1, dtype=torch.float64)
        target = reached[:, -1:] * torch.tensor(draws, dtype=torch.float64, device=scores.device)
        drawn = (reached <= target).sum(-1)
        scores[self._rows] = float("-inf")
        scores[self._rows, drawn] = 0
        return scores


class Caps:
    """A stopping criterion: each row ends at its own number of new tokens.

    Args:
        caps: how many tokens each row may write.
        start: how many its prompt has, with padding.
    """

    def __init__(self, caps: Sequence[int], start: int, device: torch.device) -> None:
        import torch

        self._ends = torch.tensor(caps, device=device) + start

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:  # noqa: ARG002 - the form of a criterion
        """Which rows are at their end, as booleans of shape (rows,)."""
        return self._ends <= input_ids.shape[1]


def _seed(question: Question) -> int:
    """63 bits that any part of the question changes."""
    return int.from_bytes(hashlib.sha256(repr(question).encode()).digest()[:8], "big") >> 1
