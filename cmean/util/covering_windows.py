"""Windows over inputs that are longer than a model takes, and their mean vector."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import EmbeddingError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    P = TypeVar("P")


def cover_with_windows(length: int, size: int, step: int | None = None) -> list[tuple[int, int]]:
    """Choose windows of at most `size` that cover `length` samples or tokens.

    Args:
        length: of the input.
        size: of a window.
        step: from one window's start to the next, at most `size`; None: `size`.

    Returns:
        Start and end (exclusive) of each, in order, without a gap between them. The last ends at
        the end and reaches back over the one before it, so that all have the full size wherever
        there is that much.
    """
    starts = [*range(0, length - size, step or size), max(0, length - size)]
    return [(start, min(start + size, length)) for start in starts]


def normalise_vector(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a vector scaled to length 1, as float32.

    Raises:
        EmbeddingError: `no-vector`: its length is 0 or not finite.
    """
    wide = vector.astype(np.float64)
    length = float(np.linalg.norm(wide))
    if not np.isfinite(length) or length == 0:
        detail = f"the embedder gave a vector of length {length}: use dtype float32"
        raise EmbeddingError(FailureReason.NO_VECTOR, detail)
    return (wide / length).astype(np.float32)


def average_unit_vectors(vectors: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Return the mean of the unit vectors of all windows of one input, scaled to length 1.

    Raises:
        EmbeddingError: as `normalise_vector`.
    """
    return normalise_vector(
        np.mean([normalise_vector(vector).astype(np.float64) for vector in vectors], axis=0)
    )


def embed_windows(
    things: Iterable[Iterable[P]],
    embed: Callable[[Sequence[P]], NDArray[np.floating]],
    at_once: int,
) -> list[NDArray[np.float32]]:
    """Return one vector for each input, which is given as its windows, at least one.

    Args:
        things: the windows of each input, made lazily.
        embed: windows in, an array of shape (windows, width) out.
        at_once: how many windows are embedded at once, so that a long input needs no more memory
            than a short one.

    Raises:
        EmbeddingError: as `normalise_vector`.
    """
    numbered = ((thing, window) for thing, windows in enumerate(things) for window in windows)
    found: dict[int, list[NDArray[np.floating]]] = {}
    while group := list(islice(numbered, at_once)):
        rows = embed([window for _, window in group])
        for (thing, _), row in zip(group, rows, strict=True):
            found.setdefault(thing, []).append(row)
    return [average_unit_vectors(rows) for rows in found.values()]
