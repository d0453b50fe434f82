"""Statistics of scores held against labels: intervals over groups, a ridge, percentiles, shares.

Pure functions of arrays. A label's values are in its channel's sense (`truth_labels.Label`), so
that a positive correlation, or an AUC above 0.5, is what is hoped for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.stats.correlation import compute_auc, compute_spearman, compute_spearman_of_codes
from cmean.stats.estimate import Estimate
from cmean.stats.intervals import attach_interval, bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Statistic = Callable[[Indices], float | None]

FOLDS: Final = 5
REPEATS: Final = 4
"""Cross-validations of a ridge, each with folds of its own; the mean of their figures is given."""

_FEWEST: Final = 10
"""Items that a ridge needs."""

_STRENGTHS: Final = 10.0 ** np.arange(-1, 4.5, 0.5)

_OWN_CONCLUSIONS: Final = frozenset(
    {"excitement", "calm", "calmness", "sadness", "valence", "arousal", "tension"}
)
"""What the captioner concluded from its measurements; no measurements themselves."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw: resamples of a bootstrap, and the seed of all draws."""

    resamples: int = 1000
    seed: int = 0


def statistic_of(scores: Floats, values: Floats, *, two_valued: bool) -> Statistic:
    """Spearman's correlation of scores and values, or the AUC of two-valued ones, of chosen rows.

    Args:
        scores: shape (n,).
        values: shape (n,); of two-valued ones the larger is the positive class.
        two_valued: which of the two it is.

    Returns:
        A function of row numbers; None where the scores or the values of those rows do not vary.
    """
    if np.ptp(scores) == 0:
        return lambda _: None  # an AUC of equal scores would be 0.5, and look measured
    if two_valued:
        positive = values == values.max()
        return lambda rows: compute_auc(scores[rows], positive[rows]).value
    one, other = (np.unique(each, return_inverse=True)[1].ravel() for each in (scores, values))
    return lambda rows: compute_spearman_of_codes(one[rows], other[rows])


def mean_of(statistics: Sequence[Statistic]) -> Statistic:
    """The mean of some statistics; undefined where one of them is."""

    def mean(rows: Indices) -> float | None:
        found = [statistic(rows) for statistic in statistics]
        known = [value for value in found if value is not None]
        return float(np.mean(known)) if len(known) == len(found) else None

    return mean


def change_of(before: Statistic, after: Statistic) -> Statistic:
    """By how much a statistic rises from one to the other, over the same rows."""

    def change(rows: Indices) -> float | None:
        one, other = before(rows), after(rows)
        return None if one is None or other is None else other - one

    return change


def estimate(statistic: Statistic, groups: Indices, sampling: Sampling) -> Estimate:
    """A statistic of all rows with its percentile bootstrap interval over groups.

    Args:
        statistic: of chosen rows.
        groups: the group of each row, shape (n,): drawn as a whole or not at all.
        sampling: how many resamples, and the seed.
    """
    value = statistic(np.arange(len(groups)))
    if value is None:
        return Estimate.undefined(len(groups), "the scores or the labels do not vary")
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    interval = bootstrap_interval(
        lambda drawn: statistic(np.concatenate([members[group] for group in drawn])),
        np.arange(len(members)),
        resamples=sampling.resamples,
        seed=sampling.seed,
    )
    if len(members) < 3:
        return Estimate(value, len(groups), why=f"no interval: {len(members)} groups are too few")
    return attach_interval(Estimate(value, len(groups)), interval)


def best_measurement(
    measurements: Mapping[str, Floats], values: Floats, *, two_valued: bool
) -> tuple[str, float] | None:
    """The measurement that goes with some values best, either way; None where none does at all.

    It is chosen on the items that it is measured on: with many measurements and few items the best
    of them looks good by chance. What the captioner concluded (its degrees of excitement, calm, …)
    is no measurement.
    """
    rows, chance = np.arange(len(values)), chance_of(two_valued=two_valued)
    found = {
        name: statistic_of(scores, values, two_valued=two_valued)(rows)
        for name, scores in measurements.items()
        if name.rpartition(".")[2] not in _OWN_CONCLUSIONS
    }
    known = [(name, value) for name, value in found.items() if value is not None]
    return max(known, key=lambda each: abs(each[1] - chance), default=None)


def chance_of(*, two_valued: bool) -> float:
    """What scores that know nothing give."""
    return 0.5 if two_valued else 0.0


def ridge_predictions(x: Floats, y: Floats, groups: Indices, seed: int = 0) -> list[Floats] | str:
    """Predictions by ridge regression for items whose groups it was not fitted on.

    Each repeat deals the groups out to `FOLDS` folds (fewer where there are fewer groups). The
    features are standardised, and the strength of the ridge is the one whose leave-one-out error
    is least, both over the other folds alone.

    Args:
        x: features, shape (n, d).
        y: what is to be predicted, shape (n,).
        groups: the group of each item, shape (n,).
        seed: of the folds.

    Returns:
        A prediction of shape (n,) for each of `REPEATS` repeats; or why there is none.
    """
    names, codes = np.unique(groups, return_inverse=True)
    if len(y) < _FEWEST or len(names) < 2:
        return f"a ridge needs {_FEWEST} items or more, in 2 groups or more"
    random = np.random.default_rng(seed)
    predictions = []
    for _ in range(REPEATS):
        fold = (random.permutation(len(names)) % FOLDS)[codes]
        predicted = np.empty(len(y))
        for number in np.unique(fold):
            test = fold == number
            predicted[test] = _fit_ridge(x[~test], y[~test])(x[test])
        predictions.append(predicted)
    return predictions


def _fit_ridge(x: Floats, y: Floats) -> Callable[[Floats], Floats]:
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation == 0] = 1.0
    u, s, vt = np.linalg.svd((x - mean) / deviation, full_matrices=False)
    centre = float(y.mean())
    along = u.T @ (y - centre)
    errors = []
    for strength in _STRENGTHS:
        kept = s**2 / (s**2 + strength)
        # the leave-one-out residual of a linear smoother: the residual over 1 − its leverage
        leverage = (u**2) @ kept + 1 / len(y)
        residual = (y - centre - u @ (kept * along)) / np.maximum(1 - leverage, 1e-9)
        errors.append(float(np.mean(residual**2)))
    best = _STRENGTHS[int(np.argmin(errors))]
    weights = vt.T @ (s / (s**2 + best) * along)

    def predict(new: Floats) -> Floats:
        predicted: Floats = centre + ((new - mean) / deviation) @ weights
        return predicted

    return predict


def percentiles(values: Floats) -> Floats:
    """The share of values below each, 0..1, equal ones counting half: (mid-rank − 0.5) / n."""
    from scipy.stats import rankdata

    shares: Floats = (rankdata(values) - 0.5) / len(values)
    return shares


def correlate_channels(triples: Floats) -> dict[str, Estimate]:
    """Spearman's correlations of the channels of triples, shape (n, 3), two by two."""
    pairs = {"red, green": (0, 1), "red, blue": (0, 2), "green, blue": (1, 2)}
    return {
        name: compute_spearman(triples[:, one], triples[:, other])
        for name, (one, other) in pairs.items()
    }


def explained_share(values: Floats, categories: Sequence[str]) -> tuple[float, float] | None:
    """The share of a column's variance that lies between categories (η²), and that by chance.

    By chance it is (k − 1) / (n − 1) for k categories of n items.

    Args:
        values: shape (n,).
        categories: n of them.

    Returns:
        None where there is one category only, more than one for two items, or the values do not
        vary.
    """
    codes = np.unique(np.array(categories), return_inverse=True)[1].ravel()
    counts = np.bincount(codes)
    if not 1 < len(counts) <= len(values) / 2 or np.ptp(values) == 0:
        return None
    total = float(np.sum((values - values.mean()) ** 2))
    means = np.bincount(codes, values) / counts
    between = float(np.sum(counts * (means - values.mean()) ** 2))
    return between / total, (len(counts) - 1) / (len(values) - 1)
