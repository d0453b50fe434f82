"""Intervals and binomial tests, against scipy's, and where there are none."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # noqa: TID253 - the reference itself

from cmean.errors import InputError
from cmean.stats.estimate import Estimate
from cmean.stats.intervals import (
    bootstrap_interval,
    compute_binomial_p,
    estimate_mean,
    estimate_proportion,
)

pytestmark = pytest.mark.filterwarnings("error")

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_the_interval_of_a_mean_is_students(values):
    found = estimate_mean(values)

    spread = np.std(values, ddof=1)
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    assert found.low <= found.value <= found.high
    if spread > 1e-6:
        low, high = stats.t.interval(
            0.95, len(values) - 1, np.mean(values), spread / len(values) ** 0.5
        )
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_one_value_has_a_mean_and_none_has_nothing():
    assert estimate_mean([3.0]).as_dict() == {
        "value": 3.0,
        "n": 1,
        "low": None,
        "high": None,
        "why": "one value has no interval",
    }
    assert estimate_mean([]) == Estimate.undefined(0, "there is no value")
    assert estimate_mean([2.0, 2.0]) == Estimate(2.0, 2, 2.0, 2.0)


@given(counts, st.sampled_from([0.9, 0.95, 0.99]))
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(count, level):
    successes, n = count
    found = estimate_proportion(successes, n, level)
    tail = (1 - level) / 2

    low = stats.beta.ppf(tail, successes, n - successes + 1) if successes else 0.0
    high = stats.beta.isf(tail, successes + 1, n - successes) if successes < n else 1.0
    assert found.value == successes / n
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


@given(counts, st.sampled_from([0.25, 0.5]), st.sampled_from(["greater", "less", "two-sided"]))
def test_the_binomial_test_is_scipys(count, chance, alternative):
    successes, n = count
    expected = stats.binomtest(successes, n, chance, alternative).pvalue

    assert compute_binomial_p(successes, n, chance, alternative) == pytest.approx(
        expected, abs=1e-12
    )


def test_no_trial_says_nothing():
    assert compute_binomial_p(0, 0) == 1.0
    assert estimate_proportion(0, 0).value is None
    assert json.dumps(estimate_proportion(0, 0).as_dict(), allow_nan=False)


def test_the_bootstrap_of_a_mean_is_near_students_interval():
    values = np.random.default_rng(0).standard_normal(400)
    students = estimate_mean(values)

    found = bootstrap_interval(np.mean, values, resamples=4000)

    assert found == pytest.approx((students.low, students.high), abs=0.02)
    assert found == bootstrap_interval(np.mean, values, resamples=4000)
    assert found != bootstrap_interval(np.mean, values, resamples=4000, seed=1)


def test_rows_are_drawn_together():
    x = np.arange(50.0)

    found = bootstrap_interval(lambda one, other: float(np.abs(one - other).max()), x, x)

    assert found == (0.0, 0.0)


def test_resamples_that_define_nothing_are_left_out():
    flags = np.arange(10) < 1

    seldom = bootstrap_interval(lambda drawn: None if drawn.sum() < 3 else 1.0, flags)
    often = bootstrap_interval(lambda drawn: np.nan if drawn.sum() == 0 else 1.0, flags)

    assert seldom is None
    assert often == (1.0, 1.0)
    assert bootstrap_interval(np.mean, np.ones(1)) is None
    assert bootstrap_interval(np.mean, np.empty(0)) is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: estimate_mean([1.0, np.nan]), "finite"),
        (lambda: estimate_mean([[1.0]]), "dimension"),
        (lambda: estimate_proportion(3, 2), "3 successes among 2"),
        (lambda: compute_binomial_p(-1, 2), "-1 successes"),
        (lambda: bootstrap_interval(np.mean, np.ones(2), np.ones(3)), "not 2 and 3"),
    ],
)
def test_what_has_no_interval_is_said(call, says):
    with pytest.raises(InputError, match=says):
        call()
