"""Intraclass correlations against pingouin, and self-retrieval against the ranks written out."""

import json

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cmean.errors import InputError
from cmean.stats.reliability import ICCS, compute_iccs, compute_self_retrieval

pingouin.options["round.column.CI95"] = None  # two decimals otherwise

# The example of Shrout & Fleiss (1979): six subjects, four judges.
EXAMPLE = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

shapes = array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=7)
ratings = arrays(np.float64, shapes, elements=st.integers(0, 6).map(float) | st.floats(0, 255))


def by_pingouin(array):
    """Value, low and high of each, in the order of ICCS."""
    n, k = array.shape
    subject, run = np.divmod(np.arange(n * k), k)
    table = pd.DataFrame({"subject": subject, "run": run, "rating": array.ravel()})
    found = pingouin.intraclass_corr(table, targets="subject", raters="run", ratings="rating")
    return [(row.ICC, *row.CI95) for row in found.itertuples()]


def test_the_worked_example():
    found = compute_iccs(EXAMPLE)

    values = [round(found[name].value, 2) for name in ICCS]
    assert values == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


@settings(max_examples=30, deadline=None)
@given(ratings)
@pytest.mark.filterwarnings("ignore")  # pingouin's, of divisions by zero
def test_values_and_intervals_are_pingouins(array):
    means = array - array.mean(axis=1, keepdims=True)
    rest = means - means.mean(axis=0)
    assume(array.size >= 5)  # fewer are refused there
    assume(np.abs(rest).max() > 0.01)
    assume(np.ptp(array.mean(axis=1)) > 0.01)
    found = compute_iccs(array)

    theirs = by_pingouin(array)
    assume(np.nanmax(np.abs(theirs)) < 1e4)  # beyond, a divisor is 0 but for rounding
    for name, expected in zip(ICCS, theirs, strict=True):
        interval = (found[name].low, found[name].high)
        assert found[name].value == pytest.approx(expected[0], rel=1e-9, abs=1e-9)
        if name == "ICC2k" and (found["ICC2"].low or 0) <= -1 / (array.shape[1] - 1):
            assert interval == (None, None)  # theirs passes through infinity
        elif np.isfinite(expected).all():
            assert interval == pytest.approx(expected[1:], rel=1e-9, abs=1e-9)
        else:
            assert interval == (None, None)
        assert found[name].n == len(array)


@pytest.mark.filterwarnings("error")
@settings(max_examples=200)
@given(arrays(np.float64, shapes, elements=st.sampled_from([0.0, 0.1, 1.0])))
def test_what_is_undefined_says_why(array):
    found = compute_iccs(array)

    assert list(found) == list(ICCS)
    for estimate in found.values():
        json.dumps(estimate.as_dict(), allow_nan=False)
        missing = None in (estimate.value, estimate.low, estimate.high)
        assert bool(estimate.why) == missing


@pytest.mark.filterwarnings("error")
def test_runs_that_agree_are_reliable_and_shifted_ones_are_consistent():
    subjects = np.arange(6.0)[:, np.newaxis]
    same = compute_iccs(subjects + np.zeros(3))
    shifted = compute_iccs(subjects + np.array([0.0, 10.0, 20.0]))

    assert all((one.value, one.low, one.high) == (1.0, 1.0, 1.0) for one in same.values())
    assert shifted["ICC3"].value == 1.0
    assert shifted["ICC2"].value < 0.1


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.full((4, 3), 0.1), "equal"),
        (np.ones((1, 3)), "two subjects"),
        (np.ones((3, 1)), "two subjects"),
        (np.empty((0, 2)), "two subjects"),
    ],
)
def test_too_little_has_no_reliability(array, why):
    for estimate in compute_iccs(array).values():
        assert estimate.value is None
        assert why in estimate.why


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 3), st.integers(0, 2**32))
@pytest.mark.filterwarnings("error")
def test_items_find_themselves_at_the_rank_written_out(n, d, seed):
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 3, (2, n, d)).astype(float)
    found = compute_self_retrieval(one, other)

    def cosine(a, b):
        product = np.linalg.norm(a) * np.linalg.norm(b)
        return round(float(a @ b) / product, 9) if product else 0.0

    ranks = []
    for row, vector in enumerate(one):
        alike = [cosine(vector, each) for each in other]
        others = alike[:row] + alike[row + 1 :]
        ranks.append(
            1 + sum(x > alike[row] for x in others) + sum(x == alike[row] for x in others) / 2
        )
    assert found.median_rank.estimate.value == pytest.approx(np.median(ranks))
    assert found.mean_reciprocal_rank.estimate.value == pytest.approx(np.mean(1 / np.array(ranks)))
    assert found.first.estimate.value == pytest.approx(np.mean(np.array(ranks) == 1))
    assert found.median_rank.chance == (n + 1) / 2
    assert found.first.chance == pytest.approx(1 / n)
    assert found.mean_reciprocal_rank.chance == pytest.approx(
        sum(1 / r for r in range(1, n + 1)) / n
    )


def test_the_same_vectors_find_themselves_and_equal_ones_as_by_chance():
    vectors = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)
    found = compute_self_retrieval(vectors, vectors)
    alike = compute_self_retrieval(np.ones((301, 8)), np.ones((301, 8)))

    assert found.first.estimate.value == found.mean_reciprocal_rank.estimate.value == 1.0
    assert alike.median_rank.estimate.value == alike.median_rank.chance == 151
    json.dumps(found.as_dict(), allow_nan=False)


def test_no_items_find_nothing():
    found = compute_self_retrieval(np.empty((0, 3)), np.empty((0, 3)))

    assert found.n == 0
    for figure in (found.median_rank, found.mean_reciprocal_rank, found.first):
        assert (figure.estimate.value, figure.chance) == (None, None)
        assert figure.estimate.why


@pytest.mark.parametrize(
    "call",
    [
        lambda: compute_iccs([[1.0, np.nan], [2.0, 3.0]]),
        lambda: compute_iccs([1.0, 2.0]),
        lambda: compute_self_retrieval(np.ones((2, 3)), np.ones((3, 3))),
        lambda: compute_self_retrieval(np.ones((2, 3)), np.ones((2, 2))),
    ],
)
def test_what_is_not_complete_is_refused(call):
    with pytest.raises(InputError):
        call()
