"""Draws of a statistic over random one-to-one pairings of the same items, for permutation tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.errors import InputError
from cmean.stats.permutation_sums import CentredRows, DistanceSums, ProductSums

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from cmean.stats.estimate import Floats, Indices
    from cmean.stats.permutation_sums import PairingSums

_SINGLE: Final = 2048
"""Up to this number of items random pairings are drawn independently."""

_GROUP: Final = 1024
"""Maximum number of pairings from one random order."""

_SHARE: Final = 10
"""Minimum number of items per pairing from one random order. With as many pairings as items, the
variance within an order would be biased; with so few the bias is negligible (see the tests)."""


def draw_product_means(
    one: ArrayLike, other: ArrayLike, permutations: int = 1000, seed: int = 0
) -> Floats:
    """Draw means of the products of paired rows, Σ one[i]·other[π(i)] / min(n, m), for random π.

    With rows of length 1 these are mean cosines; with 0/1 indicators, a column a label, they are
    the shares of pairs that agree. Each π is a uniformly random one-to-one pairing of min(n, m)
    pairs. Up to 2,048 items on the larger side they are independent. With more, up to 1,024 come
    from one random order of the items (see `cmean.stats.permutation_sums`): two of one order
    correlate by less than the reciprocal of the number of items.

    Args:
        one: finite numbers, shape (n, d); float32 stays, all else becomes float64.
        other: the same, shape (m, d).
        permutations: how many, at least 1.
        seed: the same seed gives the same values.

    Returns:
        Shape (permutations,); empty where a side has no rows.

    Raises:
        InputError: sides of another shape or type, or fewer than 1 permutation.
    """
    arrays = [_require_rows(side) for side in (one, other)]
    if arrays[0].shape[1] != arrays[1].shape[1]:
        widths = f"{arrays[0].shape[1]} and {arrays[1].shape[1]}"
        raise InputError(f"both sides of a pairing need vectors of the same width, not {widths}")
    _require_permutations(permutations)
    size, pairs = max(map(len, arrays)), min(map(len, arrays))
    if pairs == 0:
        return np.empty(0)
    sums = ProductSums(*(CentredRows(array, _sum_rows(array), size) for array in arrays))
    means: Floats = _draw_sums(sums, permutations, seed) / pairs
    return means


def draw_distance_means(
    one: ArrayLike, other: ArrayLike, permutations: int = 1000, seed: int = 0
) -> Floats:
    """Draw means of the Euclidean distances of paired rows, over random pairings.

    The pairings are drawn as those of `draw_product_means`.

    Args:
        one: integers of shape (n, d), or (n, p, d) for p rows an item: the distance of two items
            is then the mean over p of the distances of their rows at the same place.
        other: the same, m of them.
        permutations: how many, at least 1.
        seed: the same seed gives the same values.

    Returns:
        Shape (permutations,); empty where a side has no rows.

    Raises:
        InputError: sides of another shape or type, or fewer than 1 permutation.
    """
    arrays = [_require_integer_rows(side) for side in (one, other)]
    if arrays[0].shape[1:] != arrays[1].shape[1:]:
        shapes = f"{arrays[0].shape[1:]} and {arrays[1].shape[1:]}"
        raise InputError(f"both sides of a pairing need items of the same shape, not {shapes}")
    _require_permutations(permutations)
    pairs = min(map(len, arrays))
    if pairs == 0:
        return np.empty(0)
    means: Floats = _draw_sums(DistanceSums(*arrays), permutations, seed) / (
        pairs * arrays[0].shape[1]
    )
    return means


def _draw_sums(sums: PairingSums, permutations: int, seed: int) -> Floats:
    """Draw sums over random pairings, independently or in groups of one random order."""
    random = np.random.default_rng(seed)
    if sums.size <= _SINGLE:
        return sums.draw_independent(permutations, random)
    group = min(_round_to_power_of_two(sums.size // _SHARE), _GROUP)
    orders = -(-permutations // group)
    drawn: Floats = np.concatenate([sums.draw_group(group, random) for _ in range(orders)])
    return drawn[:permutations]


def draw_statistics(
    statistic: Callable[[Indices, Indices], float],
    n: int,
    m: int,
    permutations: int = 1000,
    seed: int = 0,
) -> Floats:
    """Draw any statistic of random one-to-one pairings, each drawn independently.

    Args:
        statistic: of the row numbers of either side, pair by pair, min(n, m) of each; NaN where
            it is undefined.
        n: rows of the one side.
        m: rows of the other.
        permutations: how many, at least 1.
        seed: the same seed gives the same values.

    Returns:
        Shape (permutations,); empty where a side has no rows.

    Raises:
        InputError: fewer than 1 permutation.
    """
    _require_permutations(permutations)
    if min(n, m) == 0:
        return np.empty(0)
    random = np.random.default_rng(seed)
    places = np.arange(min(n, m))
    drawn = np.empty(permutations)
    for number in range(permutations):
        partners = random.permutation(max(n, m))[: len(places)]
        pairs = (places, partners) if n <= m else (partners, places)
        drawn[number] = statistic(*pairs)
    return drawn


def _require_rows(side: ArrayLike) -> NDArray[Any]:
    array = np.asarray(side)
    if array.ndim != 2:  # noqa: PLR2004 - rows, columns
        raise InputError(f"a side of a pairing has the shape (items, numbers), not {array.shape}")
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)


def _require_integer_rows(side: ArrayLike) -> NDArray[Any]:
    array = np.asarray(side)
    if array.ndim == 2:  # noqa: PLR2004 - rows, columns
        array = array[:, np.newaxis]
    if array.ndim != 3 or array.dtype.kind not in "iu":  # noqa: PLR2004 - items, rows, columns
        raise InputError(
            "distances are of integers of the shape (items, numbers) or (items, rows, numbers), "
            f"not of {array.dtype} of the shape {np.shape(side)}"
        )
    return array


def _sum_rows(rows: NDArray[Any]) -> Floats:
    total: Floats = rows.sum(axis=0, dtype=np.float64)
    if not np.isfinite(total).all():
        raise InputError("the vectors of a pairing must be finite numbers")
    return total


def _require_permutations(permutations: int) -> None:
    if permutations < 1:
        raise InputError(f"a permutation test needs at least 1 permutation, not {permutations}")


def _round_to_power_of_two(at_most: int) -> int:
    return 1 << (at_most.bit_length() - 1)
