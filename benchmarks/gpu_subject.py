"""A model that `first_hour.py` measures: its items, and how they are worked on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from gpu_bare import BareModel
from peers import TEXT

from cmean import torch_tools
from cmean.backends import registry
from cmean.domain import Excerpt, Kind, Picture, Prompt, Question, Role, Sound
from cmean.inference import structured_answers
from cmean.inference.batching import Batcher
from cmean.protocols import get_concurrency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpu_checkpoints import Model

STATIC_BATCH = 40
REQUEST = Prompt("Describe what you perceive, its mood and its emotions.", "You are an expert.")


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Args:
        items: of the engines.
        static: items of transformers' own generation.
        equal: captions that are compared with those of single excerpts, of `compared` tokens.
        mean: tokens of a caption, on average.
        longest: tokens of a caption, at most.
        seconds: of a sound.
        side: of a picture, in pixels.
    """

    items: int
    static: int
    equal: int
    compared: int
    mean: float
    longest: int
    seconds: float
    side: int


REAL = Scale(240, 80, 200, 16, 90, 407, 30, 448)
TINY = Scale(4, 2, 2, 2, 4, 8, 0.5, 56)


@dataclass(frozen=True)
class Row:
    """A fact: of which part and model, the result, and how it was found."""

    part: str
    model: str
    result: str
    detail: str = ""


class Subject:
    """A model in a folder, with the items that it is given; what is loaded is loaded once."""

    def __init__(self, model: Model, folder: Path, scale: Scale, title: str) -> None:
        self.model, self.folder, self.scale, self.title = model, folder, scale, title
        self.dtype = "bfloat16"

    def make_items(self, count: int) -> list[Any]:
        """Make excerpts, or questions with captions, that are all different."""
        return [self._make_item(number) for number in range(count)]

    def _make_item(self, number: int) -> Excerpt | Question:
        noise = np.random.default_rng(number)
        if self.model.role is Role.MAPPER:
            said = "\n".join(f"{n}. {TEXT[:90]}" for n in range(1, 6))
            return Question(
                Prompt(f"{number}\n{said}", REQUEST.system),
                structured_answers.limit_tokens(5),
                pattern=structured_answers.build_pattern(5),
            )
        if self.model.kind is Kind.TRACK:
            samples = noise.normal(0, 0.1, int(16_000 * self.scale.seconds)).astype(np.float32)
            return Excerpt(Kind.TRACK, 0, Sound(samples, 16_000), REQUEST)
        side = self.scale.side
        pixels = noise.integers(0, 256, (side, side, 3), dtype=np.uint8)
        return Excerpt(Kind.ARTWORK, 0, Picture(pixels), REQUEST)

    def load(self, backend: str, **parameters: Any) -> Any:  # noqa: ANN401 - a captioner or language model
        """Load a back-end with this model."""
        given: dict[str, Any] = {"model": str(self.folder), "dtype": self.dtype}
        if self.model.role is Role.CAPTIONER:
            given |= {"max_new_tokens": self.scale.longest, "temperature": 1.0}
        made: Any = registry.create_backend(backend, self.model.role, given | parameters)
        made.load()
        return made

    @cached_property
    def bare(self) -> BareModel:
        """The network alone, as transformers loads it."""
        return BareModel(self.folder, self.dtype)

    @cached_property
    def loaded(self) -> Any:  # noqa: ANN401 - as `load`
        """The back-end of cmean."""
        return self.load(self.model.backend)

    def release(self) -> None:
        """Release what is loaded."""
        vars(self).pop("bare", None)
        if (backend := vars(self).pop("loaded", None)) is not None:
            backend.unload()
        torch_tools.release_memory()


def apply_to_items(backend: Any, items: Sequence[Any], size: int = STATIC_BATCH) -> list[Any]:  # noqa: ANN401
    """Caption or answer all items as a worker does: in threads where the back-end takes several."""
    work = backend.caption if hasattr(backend, "caption") else backend.write
    threads = get_concurrency(backend)
    if threads == 1:
        return Batcher(size).apply_to_all(work, items, lambda _: 1.0)
    with ThreadPoolExecutor(threads) as pool:
        single = Batcher(1)
        return list(pool.map(lambda one: single.apply_to_batch(work, [one])[0], items))
