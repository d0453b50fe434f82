"""Seeds and token caps a row, so that an answer does not depend on what else is in its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.util.hashing import derive_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from cmean.domain import Question


class RowTokenCaps:
    """A stopping criterion: each row ends at its own number of new tokens.

    Args:
        caps: how many tokens each row may write.
        start: how many its prompt has, with padding.
    """

    def __init__(self, caps: Sequence[int], start: int, device: torch.device) -> None:
        import torch

        self._ends = torch.tensor(caps, device=device) + start

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:  # noqa: ARG002 - the form of a criterion
        """Tell which rows have ended, as booleans of shape (rows,)."""
        return self._ends <= input_ids.shape[1]


def derive_question_seed(question: Question) -> int:
    """Compute 63 bits that any part of the question changes, but for `top_k` and `top_p`."""
    return derive_seed([repr(question)])
