"""Matching over a matrix of all n·m combinations: float vectors of any width, and small inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from cmean.stats.cosines import normalise_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmean.matching.vectors import Floats, Indices, Metric
    from cmean.util.progress import ProgressCallback

_Cost = TypeVar("_Cost", np.float64, np.int64)

_DECIMALS: Final = 12
"""Similarities of float vectors are rounded to this, so that equal vectors stay equal in sums
that were added up in another order."""

_BLOCK: Final = 1024
_OFTEN: Final = 256
_BYTES: Final = {"greedy": 9, "sequential": 9, "optimal": 18}  # a combination, measured
_BYTES_PER_NUMBER: Final = 32  # as given, as float64, scaled, of length 1
_SETTLED: Final = 1e-13


def predict_dense_bytes(method: str, tracks: int, artworks: int, width: int) -> int:
    """Predict an upper bound of the memory that a method takes, in bytes."""
    blocks = 3 * 8 * min(_BLOCK, tracks, artworks) * max(tracks, artworks)
    numbers = _BYTES_PER_NUMBER * width * (tracks + artworks)
    return _BYTES[method] * tracks * artworks + blocks + numbers


def rank_combinations(metric: Metric) -> NDArray[np.int64]:
    """Rank all combinations in their exact order, shape (n, m)."""
    n, m = metric.shape
    order = metric.compute_order(*np.divmod(np.arange(n * m), m))
    result = np.empty(n * m, dtype=np.int64)
    result[order] = np.arange(n * m)
    return result.reshape(n, m)


def compute_cosines(tracks: Floats, artworks: Floats) -> Floats:
    """Compute the cosines of all combinations, shape (n, m); 0 where a vector is zero."""
    result = np.empty((len(tracks), len(artworks)))
    tracks, artworks = normalise_rows(tracks), normalise_rows(artworks).T
    for first in range(0, len(tracks), _BLOCK):
        block = result[first : first + _BLOCK]
        np.matmul(tracks[first : first + _BLOCK], artworks, out=block)
        np.clip(block, -1.0, 1.0, out=block)
        np.round(block, _DECIMALS, out=block)
    return result


class FloatCosine:
    """The cosine of float vectors, for single pairs; 0 where a vector is zero.

    Args:
        tracks: shape (n, d), finite.
        artworks: shape (m, d), finite.
    """

    def __init__(self, tracks: Floats, artworks: Floats) -> None:
        self._sides = normalise_rows(tracks), normalise_rows(artworks)

    @property
    def shape(self) -> tuple[int, int]:
        """n and m."""
        return len(self._sides[0]), len(self._sides[1])

    def compute_similarity(self, track: Indices, artwork: Indices) -> Floats:
        """Compute the similarities of tracks with artworks, index by index."""
        result = np.empty(len(track))
        for first in range(0, len(track), _BLOCK):
            part = slice(first, first + _BLOCK)
            sides = self._sides[0][track[part]], self._sides[1][artwork[part]]
            np.einsum("nd,nd->n", *sides, out=result[part])
        np.clip(result, -1.0, 1.0, out=result)
        return np.round(result, _DECIMALS, out=result)


def match_greedy_dense(
    cost: NDArray[_Cost], on_progress: ProgressCallback
) -> tuple[Indices, Indices, NDArray[_Cost]]:
    """Match the best remaining pair first, ties by row, then column, by nearest-neighbour chains.

    See `cmean.matching.compiled.nearest.advance_greedy`, which does the same without a matrix.

    Args:
        cost: shape (n, m), of numbers below the largest of their type; overwritten.

    Returns:
        Rows, columns and costs of the min(n, m) pairs, best first.
    """
    never = _get_sentinel(cost)
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


def match_sequential_dense(
    cost: NDArray[_Cost],
    on_progress: ProgressCallback,
    accepts: Callable[[int, int], bool] = lambda _row, _column: True,
) -> tuple[Indices, Indices, NDArray[_Cost]]:
    """Give each row in turn the free column of least cost, ties by column.

    Args:
        cost: as of `match_greedy_dense`; overwritten.
        on_progress: called now and then with how much is done, and of how much.
        accepts: whether a row takes this column; if not, the row stays unpaired and the column
            free.

    Returns:
        Rows, columns and costs of the pairs, in turn: min(n, m) where all are accepted.
    """
    never = _get_sentinel(cost)
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


def match_optimal_dense(similarity: Floats) -> tuple[Indices, Indices, float]:
    """Match by the largest total similarity: scipy's Jonker-Volgenant algorithm, and a bound.

    Returns:
        Rows and columns of the min(n, m) pairs, and by how much the total could at most be larger.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return rows, columns, _compute_gap(similarity, rows, columns)


def _compute_gap(similarity: Floats, rows: Indices, columns: Indices) -> float:
    """Compute the value of the dual problem less the total of a matching.

    Prices of columns are raised from 0 until no row would gain by another's column at its price:
    longest paths in the graph of preferred columns (Bellman 1958, Ford 1956), revisited only from
    rows whose own price has risen. For an optimal matching this converges, with unmatched columns
    (or rows) at 0: in a few rounds, or in up to n where preferences form a line.
    """
    if similarity.shape[0] > similarity.shape[1]:
        similarity, rows, columns = similarity.T, columns, rows
    order = np.argsort(rows)
    columns = columns[order]
    own = similarity[rows[order], columns]
    prices = np.zeros(similarity.shape[1])
    unsettled = np.arange(len(similarity))
    for _ in range(len(prices)):
        raised = prices.copy()
        for part in np.split(unsettled, range(_BLOCK, len(unsettled), _BLOCK)):
            kept = own[part] - prices[columns[part]]
            np.maximum(raised, (similarity[part] - kept[:, np.newaxis]).max(axis=0), out=raised)
        unsettled = np.flatnonzero(raised[columns] - prices[columns] > _SETTLED)
        prices = raised
        if len(unsettled) == 0:
            break
    blocks = range(0, len(similarity), _BLOCK)
    best = [(similarity[first : first + _BLOCK] - prices).max(axis=1) for first in blocks]
    return max(0.0, float(np.concatenate(best).sum() + prices.sum() - own.sum()))


def _get_sentinel(cost: NDArray[_Cost]) -> float | int:
    """Return a value above any cost, which marks what is taken."""
    return np.inf if cost.dtype.kind == "f" else int(np.iinfo(np.int64).max)
