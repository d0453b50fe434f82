"""How a chat captioner picks tokens and ends, so that a caption depends on its own excerpt only.

`RepetitionPenalty` is a logits processor as transformers calls them: `input_ids` of shape (batch,
length) and `scores` of shape (batch, vocabulary) in, scores of the same shape out; the token of the
largest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean.backends.writing import SamplingProcessor, decode_continuation, decode_tokens
from cmean.domain import Caption, FinishReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, device


@dataclass(frozen=True, slots=True)
class RepetitionPenalty:
    """Tokens that the conversation holds already are made less likely (Keskar et al. 2019).

    Their scores are divided by `penalty`, negative ones multiplied. transformers' own takes padding
    for said, so that a caption would depend on the rest of its batch; here `padding` never is.
    """

    penalty: float
    padding: int

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores, with those of tokens already in the text reduced."""
        import torch

        used = scores.gather(1, input_ids)
        used = torch.where(used > 0, used / self.penalty, used * self.penalty)
        penalised = scores.scatter(1, input_ids, used)
        penalised[:, self.padding] = scores[:, self.padding]
        return penalised


class Decoder:
    """From a model's scores to tokens, and from tokens to captions.

    Of the checkpoint's generation settings it keeps the tokens that end a turn and the repetition
    penalty; top-k, top-p, temperature, beams and bans of n-grams are not used.

    Args:
        tokenizer: of transformers.
        published: the checkpoint's GenerationConfig.
        temperature: 0 is greedy.
    """

    def __init__(self, tokenizer: Any, published: Any, temperature: float) -> None:  # noqa: ANN401
        ends = published.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        self._ends = sorted(ends) if isinstance(ends, list) else [ends]
        padding = tokenizer.pad_token_id
        self._padding: int = self._ends[0] if padding is None else padding
        self._penalty: float = published.repetition_penalty or 1.0
        self._temperature = temperature
        self._tokenizer = tokenizer

    def get_settings(self) -> Any:  # noqa: ANN401 - a GenerationConfig
        """Return the options of transformers' `generate`: decoding is greedy."""
        import transformers

        make: Any = transformers.GenerationConfig
        return make(do_sample=False, eos_token_id=self._ends, pad_token_id=self._padding)

    def make_processors(
        self, seeds: Sequence[int], where: device
    ) -> list[RepetitionPenalty | SamplingProcessor]:
        """Make the processors of the scores of a batch; `seeds` is one a row where it samples."""
        steps: list[RepetitionPenalty | SamplingProcessor] = []
        if self._penalty != 1:
            steps.append(RepetitionPenalty(self._penalty, self._padding))
        if self._temperature:
            steps.append(SamplingProcessor([self._temperature] * len(seeds), seeds, where))
        return steps

    def caption(self, tokens: list[int], before: list[int], prefix: str) -> Caption:
        """Decode the caption of one row.

        Args:
            tokens: what was written, with padding after the token that ends the turn.
            before: the conversation up to there, `prefix` included.
            prefix: what the caption begins with.
        """
        ended = [place for place, token in enumerate(tokens) if token in self._ends]
        tokens = tokens[: ended[0]] if ended else tokens
        if prefix:
            text = prefix + decode_continuation(self._tokenizer, before, tokens)
        else:
            text = decode_tokens(self._tokenizer, tokens)
        if ended:
            return Caption(text, FinishReason.STOP, tokens=len(tokens))
        # the cap may have cut a character of several bytes
        return Caption(text.rstrip("\ufffd"), FinishReason.LENGTH, tokens=len(tokens))
