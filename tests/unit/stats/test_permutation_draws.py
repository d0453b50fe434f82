"""Random pairings drawn many at once, against all of them, one by one, and the closed form."""

import json
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairings import assert_every_pairing_equally_often

from cmean.errors import InputError
from cmean.matching import random_pairing
from cmean.stats.null_distribution import NullDistribution, compare_with_null
from cmean.stats.permutation_draws import draw_product_means, draw_statistics

pytestmark = pytest.mark.filterwarnings("error")

MANY = 2500
"""Items of which several pairings come from one random order."""


def normal(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def all_means(one, other):
    """Of every one-to-one pairing, each written out."""
    few, many = sorted((one, other), key=len)
    chosen = permutations(range(len(many)), len(few))
    return np.array([np.sum(few * many[list(each)]) / len(few) for each in chosen])


def exact(one, other):
    """Mean and deviation over all pairings, from the scatter of both sides: Hoeffding (1951)."""
    few, many = sorted((one, other), key=len)
    n, m = len(few), len(many)
    filled = np.concatenate([few.astype(float), np.zeros((m - n, few.shape[1]))])
    scatters = [np.cov(side, rowvar=False).reshape(-1) * (m - 1) for side in (filled, many)]
    total = filled.sum(axis=0) @ many.astype(float).sum(axis=0) / m
    return total / n, math.sqrt(np.dot(*scatters) / (m - 1)) / n


sizes = pytest.mark.parametrize(
    ("n", "m"), [(1, 4), (2, 2), (3, 5), (5, 3), (6, 6), (4, 6)], ids=str
)


@sizes
def test_few_items_are_paired_in_every_way_equally_often(n, m):
    one, other = normal(n, 2), normal(m, 2, seed=1)
    drawn = draw_product_means(one, other, 20_000)
    assert_every_pairing_equally_often(drawn, all_means(one, other))


@pytest.mark.parametrize(
    ("n", "m", "d", "dtype"),
    [
        (50, 50, 3, np.float64),
        (MANY, MANY, 3, np.float64),
        (MANY, MANY, 64, np.float32),
        (1000, MANY, 3, np.float64),
        (MANY, 1000, 3, np.float32),
        (20_011, 20_011, 1, np.float64),
    ],
)
def test_the_sample_has_the_mean_and_deviation_of_all_pairings(n, m, d, dtype):
    one, other = normal(n, d, dtype=dtype) + 1, normal(m, d, seed=1, dtype=dtype) + 2
    mean, sd = exact(one, other)

    drawn = draw_product_means(one, other, 4_000, seed=2)

    assert len(drawn) == 4_000
    assert drawn.mean() == pytest.approx(mean, abs=4 * sd / math.sqrt(4_000))
    assert drawn.std() == pytest.approx(sd, rel=0.06)


@pytest.mark.parametrize(("n", "m"), [(60, 60), (MANY, MANY), (2000, MANY)])
def test_the_closed_form_of_pairing_agrees(n, m):
    random = np.random.default_rng(0)
    tracks, artworks = (random.integers(1, 256, (count, 3)).astype(float) for count in (n, m))
    null = random_pairing(tracks, artworks)

    units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (tracks, artworks)]
    drawn = draw_product_means(*units, 2_000)

    assert drawn.mean() == pytest.approx(null.mean, abs=4 * null.sd / math.sqrt(2_000))
    assert drawn.std() == pytest.approx(null.sd, rel=0.07)


@pytest.mark.parametrize("arranged", [np.sort, lambda side: side], ids=["sorted", "as drawn"])
def test_pairings_of_one_order_spread_as_independent_ones_do(arranged):
    """Whatever the order that the items come in, and with the fewest items for such pairings."""
    one, other = (arranged(normal(2049, seed=seed))[:, np.newaxis] for seed in (0, 1))
    sd = exact(one, other)[1]
    found = np.array([draw_product_means(one, other, 200, seed) for seed in range(300)]) / sd

    independent = 1 / math.sqrt(2 * 200)
    assert found.std(axis=1).mean() == pytest.approx(1, abs=0.01)
    assert found.std(axis=1).std() < 1.25 * independent
    assert found.mean(axis=1).std() == pytest.approx(1 / math.sqrt(200), rel=0.2)
    near, far = (np.mean(found[:, 0] * found[:, place]) for place in (1, 100))
    assert abs(near) < 4 / math.sqrt(300)
    assert abs(far) < 4 / math.sqrt(300)


def test_the_test_keeps_its_level():
    """Of sides that have nothing to do with each other, one in twenty is below 0.05."""
    below = 0
    for seed in range(400):
        one, other = normal(2049, 1, seed=seed), normal(2049, 1, seed=1000 + seed)
        drawn = draw_product_means(one, other, 199, seed)
        below += compare_with_null(float(np.mean(one * other)), drawn).p <= 0.05
    assert 8 <= below <= 33  # within 3 deviations of 20


@given(
    n=st.integers(1, 8),
    m=st.integers(1, 8),
    d=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_every_drawn_mean_is_that_of_some_pairing(n, m, d, seed):
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 2, (n, d)), random.integers(0, 2, (m, d))

    drawn = draw_product_means(one, other, 20, seed)

    totals = drawn * min(n, m)
    assert totals == pytest.approx(totals.round(), abs=1e-12)
    assert drawn.min() >= -1e-12
    assert drawn.max() <= d + 1e-12


def test_many_indicators_agree_in_whole_pairs():
    """Rows of 0 and 1, in float32: each mean times the pairs is a whole number."""
    random = np.random.default_rng(3)
    classes = [np.eye(4, dtype=np.float32)[random.integers(4, size=20_000)] for _ in range(2)]

    drawn = draw_product_means(*classes)

    mean, sd = exact(*classes)
    pairs = drawn * 20_000
    assert np.abs(pairs - pairs.round()).max() < 1e-6 * 20_000 * drawn.std()
    assert drawn.mean() == pytest.approx(mean, abs=sd / 4)


def test_the_same_seed_gives_the_same_values():
    one, other = normal(MANY, 3), normal(MANY, 3, seed=1)

    first = draw_product_means(one, other, 300, seed=5)

    assert (draw_product_means(one, other, 300, seed=5) == first).all()
    assert (draw_product_means(one, other, 300, seed=6) != first).all()
    assert len(np.unique(first)) == 300


@pytest.mark.parametrize("count", [1, 7, MANY])
def test_what_does_not_vary_has_no_z(count):
    one, other = np.full((count, 3), 0.3), normal(count, 3) if count > 1 else np.ones((1, 3))

    drawn = draw_product_means(one, other, 50)
    found = compare_with_null(float(np.mean(np.sum(one * other, axis=1))), drawn)

    assert (found.z, found.sd, found.p) == (None, 0.0, 1.0)
    assert found.why == "every random pairing gives the same"


def test_no_items_have_no_null():
    found = compare_with_null(None, draw_product_means(np.empty((0, 3)), np.ones((2, 3))))

    assert (found.mean, found.sd, found.z, found.p, found.permutations) == (None,) * 4 + (0,)
    assert found.why
    assert len(draw_statistics(lambda *_: 1.0, 0, 3)) == 0


@pytest.mark.parametrize(("n", "m"), [(4, 4), (3, 5), (5, 3)])
def test_any_statistic_is_of_one_to_one_pairs(n, m):
    seen = []

    def statistic(rows, columns):
        seen.append((tuple(rows), tuple(columns)))
        return float(np.sum(rows * columns))

    drawn = draw_statistics(statistic, n, m, 200, seed=1)

    assert len(drawn) == len(seen) == 200
    for rows, columns in seen:
        assert len(set(rows)) == len(set(columns)) == min(n, m)
        assert max(rows) < n
        assert max(columns) < m
    assert (draw_statistics(statistic, n, m, 200, seed=1) == drawn).all()


def test_both_ways_of_drawing_have_one_distribution():
    from scipy.stats import ks_2samp

    one, other = normal(MANY, 2), normal(MANY, 2, seed=1)

    def mean(rows, columns):
        return float(np.einsum("nd,nd->", one[rows], other[columns])) / MANY

    direct = draw_statistics(mean, MANY, MANY, 500, seed=1)
    assert ks_2samp(draw_product_means(one, other, 1000), direct).pvalue > 0.01


def test_p_counts_the_observed_pairing_too():
    drawn = np.array([1.0, 2.0, 3.0, 4.0])

    assert compare_with_null(9.0, drawn).p == pytest.approx(1 / 5)
    assert compare_with_null(3.0 + 1e-13, drawn).p == pytest.approx(
        3 / 5
    )  # rounding is no difference
    assert compare_with_null(3.0, drawn, alternative="less").p == pytest.approx(4 / 5)
    assert compare_with_null(9.0, drawn, alternative="two-sided").p == pytest.approx(2 / 5)
    assert compare_with_null(2.5, drawn, alternative="two-sided").p == 1.0


def test_moments_known_exactly_stand_before_those_drawn():
    drawn = np.array([1.0, 2.0, 3.0, math.nan])

    found = compare_with_null(4.0, drawn, null=NullDistribution(2.0, 0.5))

    assert (found.mean, found.sd, found.z, found.permutations) == (2.0, 0.5, 4.0, 3)
    assert compare_with_null(4.0, drawn).sd == pytest.approx(np.std([1, 2, 3]))


def test_nothing_observed_stands_nowhere():
    for observed in (None, math.nan):
        found = compare_with_null(observed, np.array([1.0, 2.0]))

        assert (found.mean, found.z, found.p) == (1.5, None, None)
        assert found.why == "nothing was observed"
    alone = compare_with_null(1.0, np.empty(0), null=NullDistribution(0.0, 1.0))
    assert (alone.z, alone.p, alone.why) == (1.0, None, "no random pairing was drawn")


@settings(max_examples=50)
@given(
    observed=st.none() | st.floats(-2, 2),
    drawn=st.lists(st.sampled_from([0.0, 0.1, 1.0, math.nan]), max_size=6),
    alternative=st.sampled_from(["greater", "less", "two-sided"]),
)
def test_whatever_stands_beside_is_json(observed, drawn, alternative):
    found = compare_with_null(observed, np.array(drawn, dtype=float), alternative=alternative)

    assert json.loads(json.dumps(found.as_dict(), allow_nan=False)) == found.as_dict()
    assert found.p is None or 0 < found.p <= 1
    assert bool(found.why) == (None in (found.mean, found.sd, found.z, found.p))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: draw_product_means(np.ones((2, 3)), np.ones((2, 2))), "same width"),
        (lambda: draw_product_means(np.ones(3), np.ones((2, 2))), "shape"),
        (lambda: draw_product_means(np.full((2, 1), np.nan), np.ones((2, 1))), "finite"),
        (lambda: draw_product_means(np.ones((2, 1)), np.ones((2, 1)), 0), "at least 1"),
        (lambda: compare_with_null(1.0, np.ones(3), alternative="more"), "alternative"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, says):
    with pytest.raises(InputError, match=says):
        call()
