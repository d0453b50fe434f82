"""How the tokens of a request are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .exceptions import VLLMValidationError


class RequestOutputKind(Enum):
    """What a step returns of a request that has not ended."""

    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass
class StructuredOutputsParams:
    """What an answer must match."""

    regex: str | None = None


@dataclass
class SamplingParams:
    """Fields as of the real class, where cmean sets them."""

    repetition_penalty: float = 1.0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int | None = 16
    detokenize: bool = True
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE
    structured_outputs: StructuredOutputsParams | None = None

    def __post_init__(self):
        if not 0 <= self.temperature <= 2:
            raise VLLMValidationError(
                f"temperature must be in [0, 2], got {self.temperature}.", parameter="temperature"
            )
        if not 0 < self.top_p <= 1:
            raise VLLMValidationError(f"top_p must be in (0, 1], got {self.top_p}.")
