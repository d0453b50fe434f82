"""Correlations and the area under the ROC curve, against scipy and scikit-learn."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats  # noqa: TID253 - the reference itself
from sklearn.metrics import roc_auc_score

from cmean.errors import InputError
from cmean.stats.correlation import (
    bootstrap_auc,
    bootstrap_pearson,
    bootstrap_spearman,
    compute_auc,
    compute_pearson,
    compute_spearman,
)

few_values = st.integers(0, 4).map(float)
any_values = st.floats(-1000, 1000)
rows = st.lists(
    st.tuples(few_values, few_values) | st.tuples(any_values, any_values), min_size=2, max_size=40
)
scored = st.lists(st.tuples(few_values | any_values, st.booleans()), min_size=1, max_size=40)


def columns(pairs):
    return [np.array(column) for column in zip(*pairs, strict=True)]


@given(rows)
@example([(0.0, 0.0), (1.0, 5e-324)])
def test_correlations_are_scipys(pairs):
    x, y = columns(pairs)
    assume(x.min() < x.max())
    assume(y.min() < y.max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a column is nearly constant
        linear, monotonic = stats.pearsonr(x, y), stats.spearmanr(x, y)

    assert compute_pearson(x, y).value == pytest.approx(linear.statistic, abs=1e-9)
    assert compute_spearman(x, y).value == pytest.approx(monotonic.statistic, abs=1e-9)
    assert compute_pearson(x, y).n == compute_spearman(x, y).n == len(pairs)


@given(scored)
def test_the_area_is_scikit_learns_and_mann_whitneys(pairs):
    scores, positive = columns(pairs)
    found = compute_auc(scores, positive)

    if positive.all() or not positive.any():
        assert found.value is None
        assert found.why == "one of the two classes is empty"
        return
    u = stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    assert found.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-9)
    assert found.value == pytest.approx(u / positive.sum() / (~positive).sum(), abs=1e-9)


@given(scored)
def test_areas_of_opposite_scores_add_up_to_one(pairs):
    scores, positive = columns(pairs)
    found, opposite = compute_auc(scores, positive).value, compute_auc(-scores, positive).value

    assert found is None or found + opposite == pytest.approx(1, abs=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("statistic", [compute_pearson, compute_spearman, bootstrap_spearman])
@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        ([], [], "two values"),
        ([1.0], [2.0], "two values"),
        ([1.0, 2.0], [0.1, 0.1], "does not vary"),
        ([0.1] * 9, range(9), "does not vary"),
    ],
)
def test_what_does_not_vary_has_no_correlation(statistic, x, y, why):
    found = statistic(x, y)

    assert (found.value, found.low, found.high, found.n) == (None, None, None, len(x))
    assert why in found.why


@pytest.mark.parametrize("statistic", [compute_pearson, compute_spearman])
def test_values_of_any_magnitude_correlate(statistic):
    x = np.array([1.0, 2.0, 3.0, 5.0])

    assert statistic(x * 1e-200, -x * 1e200).value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("correlation", "with_interval", "public"),
    [
        (compute_pearson, bootstrap_pearson, stats.pearsonr),
        (compute_spearman, bootstrap_spearman, stats.spearmanr),
    ],
)
def test_the_bootstrap_interval_is_scipys(correlation, with_interval, public):
    random = np.random.default_rng(0)
    x = random.integers(0, 8, 200).astype(float)
    y = x + random.normal(0, 4, 200)

    found = with_interval(x, y, resamples=2000)

    def statistic(one, other):
        return public(one, other).statistic

    interval = stats.bootstrap(
        (x, y), statistic, paired=True, vectorized=False, n_resamples=2000, method="percentile"
    ).confidence_interval
    assert found.value == correlation(x, y).value
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=0.02)
    assert found == with_interval(x, y, resamples=2000)


def test_the_bootstrap_interval_of_an_area_has_its_width():
    """Beside the error by E. R. DeLong and others (1988), from each value's share of the area."""
    random = np.random.default_rng(0)
    positive = np.arange(400) < 150
    scores = random.standard_normal(400) + positive

    found = bootstrap_auc(scores, positive)

    above = scores[positive][:, np.newaxis] > scores[~positive]
    error = np.sqrt(above.mean(axis=1).var() / 150 + above.mean(axis=0).var() / 250)
    assert found.value == compute_auc(scores, positive).value
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.08)
    assert bootstrap_auc(scores, positive, seed=1) != found


def test_an_area_with_one_positive_has_an_interval_or_says_why_not():
    assert bootstrap_auc([1.0], [True]).why == "one of the two classes is empty"
    found = bootstrap_auc([1.0, 2.0, 3.0, 4.0], [False, False, False, True])
    assert found.value == 1.0
    assert (found.low, found.high) == (1.0, 1.0)


@pytest.mark.parametrize(
    "statistic", [compute_pearson, compute_spearman, compute_auc, bootstrap_spearman, bootstrap_auc]
)
def test_columns_that_do_not_belong_together_are_refused(statistic):
    with pytest.raises(InputError, match="not 3 and 2"):
        statistic([1.0, 2.0, 3.0], [0.0, 1.0])
    with pytest.raises(InputError, match="finite"):
        statistic([1.0, np.nan], [0.0, 1.0])
