"""Covering what is longer than a model takes: windows over all of it, and their mean vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    P = TypeVar("P")


def cover(length: int, size: int) -> list[tuple[int, int]]:
    """Which windows of at most `size` cover `length` samples or tokens.

    Returns:
        Start and end (exclusive) of each, in order. They follow each other without a gap; the last
        ends at the end and reaches back over the one before it, so that all have the full size
        wherever there is that much.
    """
    if length <= size:
        return [(0, length)]
    starts = [*range(0, length - size, size), length - size]
    return [(start, start + size) for start in starts]


def unit(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """A vector scaled to length 1, as float32.

    Raises:
        EmbeddingError: it has no direction, or a number in it is not finite.
    """
    wide = vector.astype(np.float64)
    length = float(np.linalg.norm(wide))
    if not np.isfinite(length) or length == 0:
        raise EmbeddingError("no-vector", f"the embedder gave a vector of length {length}")
    return (wide / length).astype(np.float32)


def mean(vectors: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """The mean of the unit vectors of all windows of one thing, again of length 1.

    Raises:
        EmbeddingError: as `unit`.
    """
    return unit(np.mean([unit(vector).astype(np.float64) for vector in vectors], axis=0))


def embed_windows(
    things: Sequence[Sequence[P]],
    embed: Callable[[Sequence[P]], NDArray[np.floating]],
    at_once: int,
) -> list[NDArray[np.float32]]:
    """One vector for each thing, of which all windows are given, at least one each.

    Args:
        things: the windows of each thing.
        embed: windows in, an array of shape (windows, width) out.
        at_once: how many windows are embedded at once, so that a long thing needs no more memory
            than a short one.

    Raises:
        EmbeddingError: as `unit`.
    """
    flat = [window for windows in things for window in windows]
    parts = [embed(flat[start : start + at_once]) for start in range(0, len(flat), at_once)]
    rows = iter(np.concatenate(parts) if parts else ())
    return [mean([next(rows) for _ in windows]) for windows in things]
