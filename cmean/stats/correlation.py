"""How one column of numbers goes with another, or tells two classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.stats.estimate import Estimate, finite, same_length, undefined
from cmean.stats.intervals import LEVEL, bootstrap, with_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmean.stats.estimate import Flags, Floats, Indices

_CONSTANT = "one of the two does not vary"


def pearson(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Pearson's product-moment correlation of two columns of finite numbers, shape (n,).

    Undefined for n < 2, and where a column does not vary.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    one, other = _columns(x, y)
    if one.size < 2:  # noqa: PLR2004 - one point has no slope
        return undefined(one.size, "a correlation needs two values or more")
    value = _pearson(one, other)
    return undefined(one.size, _CONSTANT) if value is None else Estimate(value, one.size)


def pearson_interval(
    x: ArrayLike, y: ArrayLike, resamples: int = 1000, seed: int = 0, level: float = LEVEL
) -> Estimate:
    """`pearson` with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    interval = bootstrap(_pearson, *_columns(x, y), resamples=resamples, level=level, seed=seed)
    return with_interval(pearson(x, y), interval)


def spearman(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank.

    Undefined for n < 2, and where a column does not vary.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    one, other = _columns(x, y)
    return pearson(_ranks(_codes(one)), _ranks(_codes(other)))


def spearman_of_codes(x: Indices, y: Indices) -> float | None:
    """`spearman` of values that are given by whole numbers from 0 in their order; without sorting.

    None where it is undefined.
    """
    return None if len(x) < 2 else _spearman(x, y)  # noqa: PLR2004 - one point has no slope


def spearman_interval(
    x: ArrayLike, y: ArrayLike, resamples: int = 1000, seed: int = 0, level: float = LEVEL
) -> Estimate:
    """`spearman` with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    codes = [_codes(column) for column in _columns(x, y)]
    interval = bootstrap(_spearman, *codes, resamples=resamples, level=level, seed=seed)
    return with_interval(spearman(x, y), interval)


def auc(scores: ArrayLike, positive: ArrayLike) -> Estimate:
    """The probability that a positive scores higher than a negative, equal scores counting half.

    That is the area under the ROC curve, and U / (n₁·n₂) of Mann and Whitney (1947). Undefined
    where one of the two classes is empty.

    Args:
        scores: finite numbers, shape (n,).
        positive: which are positives, shape (n,).

    Raises:
        InputError: the columns differ in length, or a score is not finite.
    """
    codes, flags = _classes(scores, positive)
    value = _auc(codes, flags)
    if value is None:
        return undefined(len(codes), "one of the two classes is empty")
    return Estimate(value, len(codes))


def auc_interval(
    scores: ArrayLike,
    positive: ArrayLike,
    resamples: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate:
    """`auc` with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a score is not finite.
    """
    columns = _classes(scores, positive)
    interval = bootstrap(_auc, *columns, resamples=resamples, level=level, seed=seed)
    return with_interval(auc(scores, positive), interval)


def _columns(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    one, other = finite(x, "correlated values"), finite(y, "correlated values")
    same_length(one.size, other.size, "correlated values")
    return one, other


def _classes(scores: ArrayLike, positive: ArrayLike) -> tuple[Indices, Flags]:
    codes = _codes(finite(scores, "scores"))
    flags = np.asarray(positive, dtype=np.bool_)
    same_length(len(codes), len(flags), "scores and classes")
    return codes, flags


def _codes(values: Floats) -> Indices:
    """Each value's place among the distinct ones: what ranks need, without sorting again."""
    codes: Indices = np.unique(values, return_inverse=True)[1].ravel()
    return codes


def _ranks(codes: Indices) -> Floats:
    """Ranks 1..n of values given by their codes; equal ones share their mean rank."""
    counts = np.bincount(codes)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return ranks


def _pearson(x: NDArray[Any], y: NDArray[Any]) -> float | None:
    if x.min() == x.max() or y.min() == y.max():
        return None
    moved = [column - column.mean() for column in (_rescaled(x), _rescaled(y))]
    scaled = [column / np.abs(column).max() for column in moved]  # lest squares vanish or overflow
    value = scaled[0] @ scaled[1] / (np.linalg.norm(scaled[0]) * np.linalg.norm(scaled[1]))
    return float(np.clip(value, -1.0, 1.0))


def _rescaled(column: NDArray[Any]) -> NDArray[np.float64]:
    """A column times a power of two, which is exact, so that its largest number is about 1.

    Numbers next to zero have few digits: the mean of 0 and the least of them would be 0.
    """
    values = column.astype(np.float64)
    _, exponent = np.frexp(np.abs(values).max())
    scaled: NDArray[np.float64] = np.ldexp(values, -exponent)
    return scaled


def _spearman(x: Indices, y: Indices) -> float | None:
    return _pearson(_ranks(x), _ranks(y))


def _auc(codes: Indices, positive: Flags) -> float | None:
    positives = int(positive.sum())
    negatives = len(codes) - positives
    if positives == 0 or negatives == 0:
        return None
    above = float(_ranks(codes)[positive].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)
