"""Similarities of given pairs of items, of one vector or several vectors an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.errors import InputError
from cmean.matching import dense
from cmean.matching.vectors import make_metric, require_array, require_comparable
from cmean.stats.cosines import normalise_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

from cmean.matching.vectors import Floats, Indices, Metric


class PairSimilarity:
    """The similarity of tracks with artworks by index, averaged over the p vectors of an item.

    Args:
        tracks: integers 0..255 or, by cosine, floats, shape (n, d), or (n, p, d) for p vectors an
            item: the similarity of two items is then the mean over p of the similarities of their
            vectors at the same place.
        artworks: the same, shape (m, d) or (m, p, d).
        metric: a name of `cmean.matching.vectors.METRICS`.

    Raises:
        InputError: invalid vectors, or an unknown metric.
    """

    def __init__(self, tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine") -> None:
        self._metrics = [_make_metric(metric, *place) for place in split_places(tracks, artworks)]

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        return self._metrics[0].shape

    def __call__(self, track: Indices, artwork: Indices) -> Floats:
        """Return the similarities, float64 of the shape of the indices."""
        parts = (metric.compute_similarity(track, artwork) for metric in self._metrics)
        return np.divide(sum(parts, np.zeros(len(track))), len(self._metrics))


def compute_similarities(tracks: ArrayLike, artworks: ArrayLike, metric: str = "cosine") -> Floats:
    """Compute the similarities of the first track with the first artwork, and so on.

    With the four fragments' triples (p = 4, d = 3) these are the aggregated similarities.

    Args:
        tracks: as of `PairSimilarity`.
        artworks: the same shape.
        metric: a name of `cmean.matching.vectors.METRICS`.

    Returns:
        float64 of shape (n,).

    Raises:
        InputError: invalid vectors, an unknown metric, or not as many of both.
    """
    similarity = PairSimilarity(tracks, artworks, metric)
    n, m = similarity.shape
    if n != m:
        raise InputError(f"pairs need as many tracks as artworks, not {n} and {m}")
    return similarity(np.arange(n), np.arange(n))


def build_unit_rows(vectors: ArrayLike) -> Floats:
    """Build rows whose products are the cosine similarities of items.

    Args:
        vectors: shape (n, d), or (n, p, d) for p vectors an item.

    Returns:
        float64 of shape (n, d) or (n, p·d).

    Raises:
        InputError: invalid vectors.
    """
    return join_unit_vectors(_split_side(vectors, "vectors"))


def join_unit_vectors(places: Sequence[NDArray[Any]]) -> Floats:
    """Join the unit vectors of an item, over √p, to one row: shape (n, p·d)."""
    units = [normalise_rows(place.astype(np.float64)) for place in places]
    joined: Floats = np.concatenate(units, axis=1) / np.sqrt(len(units))
    return joined


def split_places(tracks: ArrayLike, artworks: ArrayLike) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Split both sides by the p places of an item: arrays of shapes (n, d) and (m, d).

    Raises:
        InputError: invalid vectors, or sides with different numbers of vectors an item.
    """
    sides = [_split_side(tracks, "tracks"), _split_side(artworks, "artworks")]
    if len(sides[0]) != len(sides[1]):
        raise InputError(
            f"tracks have {len(sides[0])} vectors each, but artworks have {len(sides[1])}"
        )
    return [require_comparable(*place) for place in zip(*sides, strict=True)]


def _split_side(vectors: ArrayLike, what: str) -> list[NDArray[Any]]:
    array = np.asarray(vectors)
    if array.ndim == 3 and array.size:  # noqa: PLR2004 - n, p, d
        return [*array.transpose(1, 0, 2)]
    return [require_array(vectors, what)]


def _make_metric(
    name: str, tracks: NDArray[Any], artworks: NDArray[Any]
) -> Metric | dense.FloatCosine:
    if name == "cosine" and "f" in {tracks.dtype.kind, artworks.dtype.kind}:
        return dense.FloatCosine(tracks.astype(np.float64), artworks.astype(np.float64))
    return make_metric(name, tracks, artworks)
