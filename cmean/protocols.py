"""What a back-end must offer: one small file, with its heavy imports inside `load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.domain import RGB, Caption, Excerpt


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


class Captioner(Backend, Protocol):
    """Writes a caption of each excerpt."""

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption a batch; as many captions as excerpts, in their order.

        The result for an excerpt must not depend on what else is in the batch.

        Raises:
            ItemError: an excerpt cannot be captioned. The caller then tries the excerpts one by
                one, so that only the one at fault fails.
        """
        ...


class EmotionMapper(Backend, Protocol):
    """Maps captions to emotion triples."""

    def map(self, texts: Sequence[str]) -> list[RGB]:
        """Map a batch of captions; as many triples as texts, in their order.

        Raises:
            ItemError: a text cannot be mapped. Never a default colour.
        """
        ...
