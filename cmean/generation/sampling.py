"""How tokens are drawn: by numbers that are given, or by those that a checkpoint publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cmean.errors import ConfigError
from cmean.parameter_types import check_fields

_SOURCES = ("own", "checkpoint")
_COLDEST = 1e-6
"""A lower temperature would be 0 as a number of 32 bits, by which no score can be divided."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the tokens of a row are drawn.

    Args:
        temperature: 0 is greedy.
        top_k: only so many of the most probable tokens are drawn from; 0: all.
        top_p: only the most probable tokens whose probabilities reach that sum; 1: all.
        penalty: scores of tokens that are in the text already are divided by it, negative ones
            multiplied (Keskar et al. 2019); 1: they are left as they are.
        seed: the draws of a row depend on this and on its own scores only.

    Raises:
        ConfigError: a value is out of its range.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    penalty: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.temperature == 0 or _COLDEST <= self.temperature < float("inf")):
            raise ConfigError(f"temperature is 0, or {_COLDEST:g} or more, not {self.temperature}")
        if self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ConfigError("top_k is 0 or more, and top_p above 0 and at most 1")
        if not 0 < self.penalty < float("inf"):
            raise ConfigError(f"repetition_penalty is above 0, not {self.penalty}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingChoice:
    """How tokens are to be drawn, as a user says it.

    Args:
        temperature: 0 is greedy.
        seed: of the sampling.
        sampling: ``"own"``: `top_k` and `top_p` are as given here; ``"checkpoint"``: where they
            are not given, they are as the checkpoint publishes them.
        top_k: None or 0: all tokens are drawn from.
        top_p: None or 1: all tokens are drawn from.
        repetition_penalty: None: as the checkpoint publishes it.

    Raises:
        ConfigError: a value is out of its range.
    """

    temperature: float = 0.0
    seed: int = 0
    sampling: str = "own"
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.sampling not in _SOURCES:
            raise ConfigError(f"sampling is 'own' or 'checkpoint', not {self.sampling!r}")
        self.complete(None)

    def complete(self, published: Any) -> Sampling:  # noqa: ANN401 - of transformers
        """Complete it by a checkpoint's GenerationConfig; None: nothing is published."""
        follows = self.sampling == "checkpoint"
        values = {
            "top_k": (self.top_k, getattr(published, "top_k", None) if follows else None),
            "top_p": (self.top_p, getattr(published, "top_p", None) if follows else None),
            "penalty": (self.repetition_penalty, getattr(published, "repetition_penalty", None)),
        }
        # the first that is known; where none is, the neutral value of `Sampling`
        known: dict[str, Any] = {
            name: next(value for value in pair if value is not None)
            for name, pair in values.items()
            if any(value is not None for value in pair)
        }
        return Sampling(self.temperature, seed=self.seed, **known)
