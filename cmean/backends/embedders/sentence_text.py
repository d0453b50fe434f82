"""Texts embedded by a sentence encoder: see `cmean.perception.networks.sentence_encoder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.backends import inputs
from cmean.errors import EmbeddingError
from cmean.failure_reasons import FailureReason
from cmean.perception.networks.sentence_encoder import MODEL_DIGEST, SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Excerpt


class SentenceTextEmbedder:
    """Embeds texts by their meaning; all of a text, however long.

    Implements `cmean.protocols.Embedder`, but for media, which it does not take.

    Args:
        encoder: None: the one whose weights are in the store.
    """

    revision = f"{MODEL_DIGEST[:12]}/1"

    def __init__(self, encoder: SentenceEncoder | None = None) -> None:
        self._encoder = encoder or SentenceEncoder()

    def load(self) -> None:
        """Bring the encoder into memory.

        Raises:
            WeightsError: as `SentenceEncoder.load`.
        """
        self._encoder.load()

    def unload(self) -> None:
        """Give its memory back."""
        self._encoder.unload()

    def embed(self, batch: Sequence[Excerpt]) -> list[NDArray[np.float32]]:
        """Refuse media.

        Raises:
            EmbeddingError: `not-a-text`.
        """
        if batch:
            raise EmbeddingError(FailureReason.NOT_A_TEXT, "sentence-text takes captions, no media")
        return []

    def embed_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Compute a vector of length 1, float32 of shape (384,), for each text.

        Raises:
            EmbeddingError: `empty-text` without a visible character.
        """
        given = [inputs.check_text(text, EmbeddingError) for text in texts]
        return [self._encoder.encode(text) for text in given]
