"""Covering what is longer than a model takes: windows over all of it, and their mean vector."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from cmean.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    P = TypeVar("P")


def cover(length: int, size: int, step: int | None = None) -> list[tuple[int, int]]:
    """Which windows of at most `size` cover `length` samples or tokens.

    Args:
        length: of what is covered.
        size: of a window.
        step: from one window's start to the next, at most `size`; None: as much as that.

    Returns:
        Start and end (exclusive) of each, in order, without a gap between them. The last ends at
        the end and reaches back over the one before it, so that all have the full size wherever
        there is that much.
    """
    starts = [*range(0, length - size, step or size), max(0, length - size)]
    return [(start, min(start + size, length)) for start in starts]


def unit(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """A vector scaled to length 1, as float32.

    Raises:
        EmbeddingError: `no-vector`: it has no direction, or a number in it is not finite.
    """
    wide = vector.astype(np.float64)
    length = float(np.linalg.norm(wide))
    if not np.isfinite(length) or length == 0:
        said = f"the embedder gave a vector of length {length}: use dtype float32"
        raise EmbeddingError("no-vector", said)
    return (wide / length).astype(np.float32)


def mean(vectors: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """The mean of the unit vectors of all windows of one thing, again of length 1.

    Raises:
        EmbeddingError: as `unit`.
    """
    return unit(np.mean([unit(vector).astype(np.float64) for vector in vectors], axis=0))


def embed_windows(
    things: Iterable[Iterable[P]],
    embed: Callable[[Sequence[P]], NDArray[np.floating]],
    at_once: int,
) -> list[NDArray[np.float32]]:
    """One vector for each thing, of which all windows are given, at least one each.

    Args:
        things: the windows of each thing, made no sooner than they are embedded.
        embed: windows in, an array of shape (windows, width) out.
        at_once: how many windows are embedded at once, so that a long thing needs no more memory
            than a short one.

    Raises:
        EmbeddingError: as `unit`.
    """
    numbered = ((thing, window) for thing, windows in enumerate(things) for window in windows)
    found: dict[int, list[NDArray[np.floating]]] = {}
    while group := list(islice(numbered, at_once)):
        rows = embed([window for _, window in group])
        for (thing, _), row in zip(group, rows, strict=True):
            found.setdefault(thing, []).append(row)
    return [mean(rows) for rows in found.values()]
