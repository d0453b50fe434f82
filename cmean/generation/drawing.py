"""How the next token of each row is drawn from its scores; no row knows of another.

Scores have shape (rows, width), float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from cmean.generation.sampling import Sampling


def penalise_repetition(scores: Tensor, seen: Tensor, samplings: Sequence[Sampling]) -> Tensor:
    """Make tokens that the text of a row holds already less likely.

    Args:
        scores: of all tokens.
        seen: booleans of the same shape: which tokens the text of each row holds.
        samplings: of the rows.
    """
    import torch

    penalties = [sampling.penalty for sampling in samplings]
    if all(penalty == 1 for penalty in penalties):
        return scores
    factors = torch.tensor(penalties, device=scores.device)[:, None]
    reduced = torch.where(scores > 0, scores / factors, scores * factors)
    return torch.where(seen, reduced, scores)


def draw_tokens(
    scores: Tensor, samplings: Sequence[Sampling], draws: Sequence[Callable[[], float]]
) -> list[int]:
    """Draw a token of each row; that of the highest score where the temperature is 0.

    Row and step have one random number, which `draws` gives; the token is where it falls
    among the cumulated softmax(scores / temperature) of the tokens that top_k and top_p leave. So
    what else is in the batch changes nothing, and it is the same on a CPU and on a GPU.
    """
    import torch

    tokens = scores.argmax(-1)
    rows = [row for row, sampling in enumerate(samplings) if sampling.temperature]
    if rows:
        chosen = [samplings[row] for row in rows]
        numbers = [[draws[row]()] for row in rows]
        place = torch.tensor(rows, device=scores.device)
        temperatures = torch.tensor([[one.temperature] for one in chosen], device=scores.device)
        kept = _keep_most_probable(scores[place] / temperatures, chosen)
        reached = torch.softmax(kept, -1).cumsum(-1, dtype=torch.float64)
        target = reached[:, -1:] * torch.tensor(numbers, dtype=torch.float64, device=scores.device)
        tokens[place] = (reached <= target).sum(-1)
    found: list[int] = tokens.tolist()
    return found


def _keep_most_probable(scores: Tensor, samplings: Sequence[Sampling]) -> Tensor:
    """Return the scores with -inf for those outside of top_k and top_p (Holtzman et al. 2020)."""
    import torch

    if all(sampling.top_k == 0 and sampling.top_p == 1 for sampling in samplings):
        return scores
    width = scores.shape[1]
    most = torch.tensor([[one.top_k or width] for one in samplings], device=scores.device)
    share = torch.tensor([[one.top_p] for one in samplings], device=scores.device)
    ordered, order = scores.sort(dim=-1, descending=True, stable=True)
    ordered[torch.arange(width, device=scores.device) >= most] = float("-inf")
    chances = torch.softmax(ordered, -1)
    # a token is kept while those before it have not reached the share: always the first
    before = chances.cumsum(-1) - chances
    ordered[(before >= share) & (share < 1)] = float("-inf")
    return torch.empty_like(scores).scatter_(-1, order, ordered)
