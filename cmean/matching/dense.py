"""Matching over a matrix of all n·m combinations: float vectors of any width, and small inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmean.matching.groups import Progress
    from cmean.matching.vectors import Floats, Indices, Metric

_Cost = TypeVar("_Cost", np.float64, np.int64)

_DECIMALS: Final = 12
"""Similarities of float vectors are rounded to this, so that equal vectors stay equal in sums
that were added up in another order."""

_BLOCK: Final = 1024
_OFTEN: Final = 256
_BYTES: Final = {"greedy": 9, "sequential": 9, "optimal": 18}  # a combination, measured
_BYTES_PER_NUMBER: Final = 32  # as given, as float64, scaled, of length 1
_SETTLED: Final = 1e-13


def predicted_bytes(method: str, tracks: int, artworks: int, width: int) -> int:
    """An upper estimate of the memory that a method takes, in bytes."""
    blocks = 3 * 8 * min(_BLOCK, tracks, artworks) * max(tracks, artworks)
    numbers = _BYTES_PER_NUMBER * width * (tracks + artworks)
    return _BYTES[method] * tracks * artworks + blocks + numbers


def ranks(metric: Metric) -> NDArray[np.int64]:
    """The place of each combination in the exact order of all, shape (n, m)."""
    n, m = metric.shape
    order = metric.order(*np.divmod(np.arange(n * m), m))
    result = np.empty(n * m, dtype=np.int64)
    result[order] = np.arange(n * m)
    return result.reshape(n, m)


def cosines(tracks: Floats, artworks: Floats) -> Floats:
    """The cosines of all combinations, shape (n, m); 0 where a vector is zero."""
    result = np.empty((len(tracks), len(artworks)))
    tracks, artworks = units(tracks), units(artworks).T
    for first in range(0, len(tracks), _BLOCK):
        block = result[first : first + _BLOCK]
        np.matmul(tracks[first : first + _BLOCK], artworks, out=block)
        np.clip(block, -1.0, 1.0, out=block)
        np.round(block, _DECIMALS, out=block)
    return result


def units(vectors: Floats) -> Floats:
    """Each row divided by its length; zero rows stay."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)  # lest squares overflow or vanish
    scaled: Floats = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest > 0)
    lengths: Floats = np.sqrt(np.einsum("nd,nd->n", scaled, scaled))[:, np.newaxis]
    np.divide(scaled, lengths, out=scaled, where=lengths > 0)
    return scaled


class FloatCosine:
    """The cosine of float vectors, for single pairs; 0 where a vector is zero.

    Args:
        tracks: shape (n, d), finite.
        artworks: shape (m, d), finite.
    """

    def __init__(self, tracks: Floats, artworks: Floats) -> None:
        self._sides = units(tracks), units(artworks)

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        return len(self._sides[0]), len(self._sides[1])

    def similarity(self, track: Indices, artwork: Indices) -> Floats:
        """Similarities of tracks with artworks, index by index, of the shape of the indices."""
        result = np.empty(len(track))
        for first in range(0, len(track), _BLOCK):
            part = slice(first, first + _BLOCK)
            sides = self._sides[0][track[part]], self._sides[1][artwork[part]]
            np.einsum("nd,nd->n", *sides, out=result[part])
        np.clip(result, -1.0, 1.0, out=result)
        return np.round(result, _DECIMALS, out=result)


def greedy(cost: NDArray[_Cost], on_progress: Progress) -> tuple[Indices, Indices, NDArray[_Cost]]:
    """Best remaining pair first, ties by row, then column; by chains of nearest neighbours.

    See `cmean.matching.compiled.nearest.chain`, which does the same without a matrix.

    Args:
        cost: shape (n, m), of numbers below the largest of their type; overwritten.

    Returns:
        Rows, columns and costs of the min(n, m) pairs, best first.
    """
    never = _never(cost)
    swapped = cost.shape[0] > cost.shape[1]
    across = cost.T if swapped else cost  # chains begin on the smaller side
    size = len(across)
    pairs: list[tuple[int, int]] = []
    costs = np.empty(size, dtype=cost.dtype)
    links: list[int] = []
    waiting = iter(range(size))
    used = np.zeros(across.shape[0], dtype=np.bool_)
    while len(pairs) < size:
        if not links:
            links.append(next(index for index in waiting if not used[index]))
        last, forth = links[-1], len(links) % 2 == 1
        found = int((across[last] if forth else across[:, last]).argmin())
        if len(links) > 1 and links[-2] == found:
            row, column = (last, found) if forth else (found, last)
            costs[len(pairs)] = across[row, column]
            pairs.append((column, row) if swapped else (row, column))
            across[row], across[:, column], used[row] = never, never, True
            del links[-2:]
            if len(pairs) % _OFTEN == 0:
                on_progress(len(pairs), size)
        else:
            links.append(found)
    on_progress(size, size)
    rows, columns = np.array(pairs, dtype=np.intp).T
    order = np.lexsort((columns, rows, costs))
    return rows[order], columns[order], costs[order]


def sequential(
    cost: NDArray[_Cost],
    on_progress: Progress,
    accepts: Callable[[int, int], bool] = lambda _row, _column: True,
) -> tuple[Indices, Indices, NDArray[_Cost]]:
    """Each row in turn takes the free column of least cost, ties by column.

    Args:
        cost: as of `greedy`; overwritten.
        on_progress: called now and then with how much is done, and of how much.
        accepts: whether a row takes this column; if not, the row stays unpaired and the column
            free.

    Returns:
        Rows, columns and costs of the pairs, in turn: min(n, m) where all are accepted.
    """
    never = _never(cost)
    size = min(cost.shape)
    pairs: list[tuple[int, int]] = []
    costs = np.empty(size, dtype=cost.dtype)
    for row in range(len(cost)):
        if len(pairs) == size:
            break
        column = int(cost[row].argmin())
        if accepts(row, column):
            costs[len(pairs)] = cost[row, column]
            pairs.append((row, column))
            cost[:, column] = never
        if row % _OFTEN == 0:
            on_progress(len(pairs), size)
    on_progress(size, size)
    rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return rows, columns, costs[: len(pairs)]


def optimal(similarity: Floats) -> tuple[Indices, Indices, float]:
    """The largest total similarity, by scipy's Jonker-Volgenant algorithm, with its certificate.

    Returns:
        Rows and columns of the min(n, m) pairs, and by how much the total could at most be larger.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return rows, columns, _gap(similarity, rows, columns)


def _gap(similarity: Floats, rows: Indices, columns: Indices) -> float:
    """The dual's value less the total of a matching.

    Prices of columns are raised from 0 until nobody would rather have another's at its price:
    longest paths in the graph of who envies whom (Bellman 1958, Ford 1956), looked at again only
    from rows whose own price has risen. For an optimal matching this settles, with unmatched
    columns (or rows) at 0: in a few rounds, or where envy runs along a line in up to n.
    """
    if similarity.shape[0] > similarity.shape[1]:
        similarity, rows, columns = similarity.T, columns, rows
    order = np.argsort(rows)
    columns = columns[order]
    own = similarity[rows[order], columns]
    prices = np.zeros(similarity.shape[1])
    envious = np.arange(len(similarity))
    for _ in range(len(prices)):
        raised = prices.copy()
        for part in np.split(envious, range(_BLOCK, len(envious), _BLOCK)):
            kept = own[part] - prices[columns[part]]
            np.maximum(raised, (similarity[part] - kept[:, np.newaxis]).max(axis=0), out=raised)
        envious = np.flatnonzero(raised[columns] - prices[columns] > _SETTLED)
        prices = raised
        if len(envious) == 0:
            break
    blocks = range(0, len(similarity), _BLOCK)
    best = [(similarity[first : first + _BLOCK] - prices).max(axis=1) for first in blocks]
    return max(0.0, float(np.concatenate(best).sum() + prices.sum() - own.sum()))


def _never(cost: NDArray[_Cost]) -> float | int:
    """More than any cost."""
    return np.inf if cost.dtype.kind == "f" else int(np.iinfo(np.int64).max)
