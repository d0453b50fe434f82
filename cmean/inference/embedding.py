"""Embedding: excerpts or texts to checked unit vectors or typed errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.domain import Picture
from cmean.errors import EmbeddingError, ItemError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.domain import Excerpt
    from cmean.inference.batching import Batcher
    from cmean.protocols import Embedder

_TOLERANCE = 1e-3
"""How far from 1 the length of a vector may be: the precision of float16."""


def embed_excerpts(
    embedder: Embedder, batcher: Batcher, excerpts: Sequence[Excerpt]
) -> list[NDArray[np.float32] | ItemError]:
    """Embed media. An excerpt that fails affects no other."""
    return [
        check_vector(found)
        for found in batcher.apply_to_all(embedder.embed, excerpts, _measure_excerpt)
    ]


def embed_texts(
    embedder: Embedder, batcher: Batcher, texts: Sequence[str]
) -> list[NDArray[np.float32] | ItemError]:
    """Embed texts. A text that fails affects no other."""
    return [check_vector(found) for found in batcher.apply_to_all(embedder.embed_texts, texts, len)]


def _measure_excerpt(excerpt: Excerpt) -> int:
    media = excerpt.media
    return int(media.pixels.size if isinstance(media, Picture) else len(media.samples))


def check_vector(found: object) -> NDArray[np.float32] | ItemError:
    """Return a back-end's result as a float32 unit vector, or an error if it is not one."""
    if isinstance(found, ItemError):
        return found
    try:
        vector = np.asarray(found, dtype=np.float32)
    except (TypeError, ValueError):
        return _make_error(f"a {type(found).__name__} instead of a vector")
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        return _make_error(f"numbers of shape {vector.shape} that are no vector, or are not finite")
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > _TOLERANCE:
        return _make_error(f"a vector of length {length:.4g}, not 1")
    return vector


def _make_error(what: str) -> EmbeddingError:
    return EmbeddingError(FailureReason.BACKEND_ERROR, f"the embedder gave {what}", retryable=True)
