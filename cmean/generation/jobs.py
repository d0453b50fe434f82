"""What is to be generated: the input of one row, how its tokens are drawn, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from cmean.generation.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

_OF_EACH_TOKEN = {
    *("input_ids", "attention_mask"),
    *("token_type_ids", "mm_token_type_ids", "moe_mm_token_type_ids"),
}
"""Inputs of shape (1, length of the text)."""


@dataclass(frozen=True, slots=True, eq=False)
class GenerationJob:
    """The input of one row.

    Args:
        inputs: what the network's `forward` takes, by name, of this row alone: `input_ids` of
            shape (1, length), what is said of each of its tokens, and media.
        max_tokens: the row is cut there.
        sampling: how its tokens are drawn.
        matcher: of `patterns.PatternMatchers`; None: any text.
    """

    inputs: Mapping[str, Tensor]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    matcher: Any = None


@dataclass(frozen=True, slots=True)
class GeneratedTokens:
    """The tokens of a row, without the one that ended it; `ended`: it was not cut."""

    tokens: list[int]
    ended: bool


class Row:
    """A job that is being generated.

    Args:
        number: of the job.
        job: what is to be generated.
    """

    def __init__(self, number: int, job: GenerationJob) -> None:
        self.number = number
        self.job = job
        self.tokens: list[int] = []
        self.pending: list[int] = []
        """Tokens that the network has not read yet."""
        self._random = Random(job.sampling.seed)  # noqa: S311 - no secret
        self._draws: list[float] = []
        self.result: GeneratedTokens | Exception | None = None

    def get_draw(self) -> float:
        """Return the random number of the next token, 0 to below 1: the same however often."""
        while len(self._draws) <= len(self.tokens):
            # 32 bits, so that a product with a total stays under the total
            self._draws.append(self._random.getrandbits(32) / 2**32)
        return self._draws[len(self.tokens)]

    def go_on(self, token: int, ends: frozenset[int], *, may_force: bool) -> int:
        """Add a drawn token and those that are forced then, and end the row where it ends.

        Returns:
            The number of forced tokens.
        """
        self.add_drawn_token(token, ends)
        forced = self.add_forced_tokens() if may_force else 0
        self.end_where_nothing_can_follow()
        return forced

    def add_forced_tokens(self) -> int:
        """Add the tokens that the pattern leaves no choice about, and return their number."""
        matcher = self.job.matcher
        room = self.job.max_tokens - len(self.tokens)
        if self.result is not None or matcher is None or room < 1 or matcher.is_stopped():
            return 0
        forced = matcher.compute_ff_tokens()[:room]
        if forced:
            matcher.consume_tokens(forced)
            self.tokens += forced
            self.pending += forced
        return len(forced)

    def add_drawn_token(self, token: int, ends: frozenset[int]) -> None:
        """Add a token, or end the row where it is one of `ends`."""
        if token in ends:
            self.result = GeneratedTokens(self.tokens, ended=True)
            return
        self.tokens.append(token)
        self.pending = [token]
        if self.job.matcher is not None:
            self.job.matcher.consume_token(token)

    def end_where_nothing_can_follow(self) -> None:
        """End the row where its pattern is complete or its cap is reached."""
        if self.result is None:
            matcher = self.job.matcher
            is_complete = matcher is not None and matcher.is_stopped()
            if is_complete or len(self.tokens) >= self.job.max_tokens:
                self.result = GeneratedTokens(self.tokens, ended=is_complete)


def collate_inputs(rows: Sequence[Row], padding: int) -> dict[str, Tensor]:
    """Join the inputs of rows, with the tokens that they have written already.

    What is said of each token is padded on the left, so that all rows go on from the same column;
    media are padded at the end, as processors do.

    Args:
        rows: at least one.
        padding: the token that `input_ids` are padded with.
    """
    import torch
    from torch.nn.functional import pad

    given: dict[str, list[Tensor]] = {}
    columns = max(row.job.inputs["input_ids"].shape[1] + len(row.tokens) for row in rows)
    for row in rows:
        shape = row.job.inputs["input_ids"].shape
        for name, tensor in row.job.inputs.items():
            joined = tensor
            if name in _OF_EACH_TOKEN:
                # further tokens are attended to, and are no media
                filled = {"input_ids": padding, "attention_mask": 1}.get(name, 0)
                joined = pad(tensor, (0, len(row.tokens)), value=filled)
                if name == "input_ids" and row.tokens:
                    joined[:, shape[1] :] = torch.tensor(row.tokens)
                filled = padding if name == "input_ids" else 0
                joined = pad(joined, (columns - joined.shape[1], 0), value=filled)
            given.setdefault(name, []).append(joined)
    return {name: _concatenate(tensors) for name, tensors in given.items()}


def _concatenate(tensors: Sequence[Tensor]) -> Tensor:
    """Concatenate along the first axis, the others padded with zeros at their ends."""
    import torch
    from torch.nn.functional import pad

    sizes = [max(axis) for axis in zip(*(one.shape[1:] for one in tensors), strict=True)]
    padded = []
    for one in tensors:
        lacking = [size - have for size, have in zip(sizes, one.shape[1:], strict=True)]
        ends = [side for lack in reversed(lacking) for side in (0, lack)]
        padded.append(pad(one, ends) if any(lacking) else one)
    return torch.cat(padded)
