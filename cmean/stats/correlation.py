"""Correlation of two columns of numbers, and separation of two classes by a score (AUC).

The point estimates equal those of scipy.stats; own code computes them on encoded ranks, so that a
bootstrap of 1,000 resamples need not sort each of them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.stats.estimate import Estimate, require_finite, require_same_length
from cmean.stats.intervals import LEVEL, attach_interval, bootstrap_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cmean.stats.estimate import Flags, Floats, Indices

_CONSTANT = "one of the two does not vary"


def compute_pearson(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Compute Pearson's product-moment correlation of two columns of finite numbers, shape (n,).

    Undefined for n < 2, and where a column does not vary.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    one, other = _require_columns(x, y)
    if one.size < 2:  # noqa: PLR2004 - one point has no slope
        return Estimate.undefined(one.size, "a correlation needs two values or more")
    value = _correlate(one, other)
    return Estimate.undefined(one.size, _CONSTANT) if value is None else Estimate(value, one.size)


def bootstrap_pearson(
    x: ArrayLike, y: ArrayLike, resamples: int = 1000, seed: int = 0, level: float = LEVEL
) -> Estimate:
    """Compute Pearson's correlation with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    interval = bootstrap_interval(
        _correlate, *_require_columns(x, y), resamples=resamples, level=level, seed=seed
    )
    return attach_interval(compute_pearson(x, y), interval)


def compute_spearman(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Compute Spearman's rank correlation: Pearson's of the ranks; ties have their mean rank.

    Undefined for n < 2, and where a column does not vary.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    one, other = _require_columns(x, y)
    return compute_pearson(_rank_codes(_encode_order(one)), _rank_codes(_encode_order(other)))


def compute_spearman_of_codes(x: Indices, y: Indices) -> float | None:
    """Compute Spearman's correlation of values encoded by their order as 0, 1, …; without sorting.

    None where it is undefined.
    """
    return None if len(x) < 2 else _correlate_ranks(x, y)  # noqa: PLR2004 - one point has no slope


def bootstrap_spearman(
    x: ArrayLike, y: ArrayLike, resamples: int = 1000, seed: int = 0, level: float = LEVEL
) -> Estimate:
    """Compute Spearman's correlation with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a value is not finite.
    """
    codes = [_encode_order(column) for column in _require_columns(x, y)]
    interval = bootstrap_interval(
        _correlate_ranks, *codes, resamples=resamples, level=level, seed=seed
    )
    return attach_interval(compute_spearman(x, y), interval)


def compute_auc(scores: ArrayLike, positive: ArrayLike) -> Estimate:
    """Compute the probability that a positive scores above a negative; ties count half.

    That is the area under the ROC curve, and U / (n₁·n₂) of Mann and Whitney (1947). Undefined
    where one of the two classes is empty.

    Args:
        scores: finite numbers, shape (n,).
        positive: which are positives, shape (n,).

    Raises:
        InputError: the columns differ in length, or a score is not finite.
    """
    codes, flags = _require_classes(scores, positive)
    value = _compute_auc_of_codes(codes, flags)
    if value is None:
        return Estimate.undefined(len(codes), "one of the two classes is empty")
    return Estimate(value, len(codes))


def bootstrap_auc(
    scores: ArrayLike,
    positive: ArrayLike,
    resamples: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate:
    """Compute the AUC with its percentile bootstrap interval over rows.

    Raises:
        InputError: the columns differ in length, or a score is not finite.
    """
    columns = _require_classes(scores, positive)
    interval = bootstrap_interval(
        _compute_auc_of_codes, *columns, resamples=resamples, level=level, seed=seed
    )
    return attach_interval(compute_auc(scores, positive), interval)


def _require_columns(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    one, other = require_finite(x, "correlated values"), require_finite(y, "correlated values")
    require_same_length(one.size, other.size, "correlated values")
    return one, other


def _require_classes(scores: ArrayLike, positive: ArrayLike) -> tuple[Indices, Flags]:
    codes = _encode_order(require_finite(scores, "scores"))
    flags = np.asarray(positive, dtype=np.bool_)
    require_same_length(len(codes), len(flags), "scores and classes")
    return codes, flags


def _encode_order(values: Floats) -> Indices:
    """Encode each value by its place among the distinct ones: ranks follow without sorting."""
    codes: Indices = np.unique(values, return_inverse=True)[1].ravel()
    return codes


def _rank_codes(codes: Indices) -> Floats:
    """Rank values 1..n by their codes; equal ones share their mean rank."""
    counts = np.bincount(codes)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return ranks


def _correlate(x: NDArray[Any], y: NDArray[Any]) -> float | None:
    if x.min() == x.max() or y.min() == y.max():
        return None
    moved = [column - column.mean() for column in (_rescale(x), _rescale(y))]
    scaled = [
        column / np.abs(column).max() for column in moved
    ]  # squares would underflow or overflow
    value = scaled[0] @ scaled[1] / (np.linalg.norm(scaled[0]) * np.linalg.norm(scaled[1]))
    return float(np.clip(value, -1.0, 1.0))


def _rescale(column: NDArray[Any]) -> NDArray[np.float64]:
    """Multiply a column by a power of two, which is exact, so that its largest number is about 1.

    Subnormal numbers have few digits: the mean of 0 and the smallest of them would be 0.
    """
    values = column.astype(np.float64)
    _, exponent = np.frexp(np.abs(values).max())
    scaled: NDArray[np.float64] = np.ldexp(values, -exponent)
    return scaled


def _correlate_ranks(x: Indices, y: Indices) -> float | None:
    return _correlate(_rank_codes(x), _rank_codes(y))


def _compute_auc_of_codes(codes: Indices, positive: Flags) -> float | None:
    positives = int(positive.sum())
    negatives = len(codes) - positives
    if positives == 0 or negatives == 0:
        return None
    above = float(_rank_codes(codes)[positive].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)
