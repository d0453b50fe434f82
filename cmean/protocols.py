"""What a back-end must offer: one small file, with its heavy imports inside `load`.

Every method that takes a batch may raise `MemoryError`: the caller then tries halves of it, and
remembers how much fitted. Any other error makes the caller try the items one by one, so that only
the one at fault fails. A back-end that finds out which item is at fault, after work that must not
be done twice, gives an `ItemError` in place of that item's result instead of raising it. A
`CmeanError` that is no `ItemError` says that no item is to blame (a model server is away): the
caller then gives all of them back.

A captioner or language model may have the attribute `concurrency`: as many threads may then call
its `caption` or `write` at once, each with its own batch, and all are worked on together. Each
batch then has one input, so that no input waits for others. The number may change at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import RGB, Answer, Caption, Excerpt, GradedAnswer, Question
    from cmean.errors import ItemError


class Backend(Protocol):
    """Life of every back-end: built from its recipe's parameters, loaded, used, unloaded."""

    @property
    def revision(self) -> str:
        """What its results depend on besides its parameters: weights, or the version of its code.

        Known before it is loaded, since it is part of the recipe.
        """
        ...

    def load(self) -> None:
        """Bring weights and libraries into memory. Called once before the first batch."""

    def unload(self) -> None:
        """Give the memory back. The back-end may be loaded again afterwards."""


def get_concurrency(backend: Backend) -> int:
    """Return how many threads may call a loaded back-end at once."""
    return int(getattr(backend, "concurrency", 1))


@runtime_checkable
class Captioner(Backend, Protocol):
    """Writes a caption of each excerpt.

    A captioner of sound that hears only so much at once has the attribute `window_seconds`; the
    caller then cuts longer sounds into windows that cover them.
    """

    def caption(self, batch: Sequence[Excerpt]) -> Sequence[Caption | ItemError]:
        """Caption a batch; as many captions as excerpts, in their order.

        The result for an excerpt must not depend on what else is in the batch.

        Raises:
            ItemError: an excerpt cannot be captioned.
        """
        ...


@runtime_checkable
class PreparingCaptioner(Captioner, Protocol):
    """A captioner whose preprocessing can run ahead of its model, in another thread.

    `caption(batch)` equals `generate(prepare(batch))`.
    """

    def prepare(self, batch: Sequence[Excerpt]) -> Any:  # noqa: ANN401 - whatever its model takes
        """Prepare the model's input in main memory; after `load`, maybe in another thread."""

    def generate(
        self,
        prepared: Any,  # noqa: ANN401 - from `prepare`
    ) -> Sequence[Caption | ItemError]:
        """Caption what was prepared."""
        ...


@runtime_checkable
class EmotionMapper(Backend, Protocol):
    """Maps captions to emotion triples."""

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Map a batch of captions; as many triples as texts, in their order.

        Raises:
            ItemError: a text cannot be mapped. Never a default colour.
        """
        ...


@runtime_checkable
class LanguageModel(Backend, Protocol):
    """Answers questions: maps captions by a prompt, and joins captions of windows."""

    @property
    def constrains(self) -> bool:
        """Whether answers match a question's pattern by construction."""
        ...

    def write(self, batch: Sequence[Question]) -> Sequence[Answer | ItemError]:
        """Answer a batch; as many answers as questions, in their order.

        The answer to a question must not depend on what else is in the batch.

        Raises:
            ItemError: a question cannot be answered.
        """
        ...


@runtime_checkable
class GradingLanguageModel(LanguageModel, Protocol):
    """A language model that can tell how probable the numbers of an answer are."""

    def grade(self, batch: Sequence[Question]) -> Sequence[GradedAnswer | ItemError]:
        """Answer a batch greedily and grade the numbers of the answers; each has a pattern.

        Raises:
            ItemError: a question cannot be answered.
        """
        ...


@runtime_checkable
class Embedder(Backend, Protocol):
    """Gives vectors, float32 of shape (width,) and of length 1, that can be compared by cosine.

    All of a text and all of a sound is covered, however long.
    """

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Embed pictures or sounds; as many vectors as excerpts, in their order.

        Raises:
            ItemError: an excerpt cannot be embedded, e.g. a sound by an embedder of pictures.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embed texts into the same space; as many vectors as texts, in their order."""
        ...
