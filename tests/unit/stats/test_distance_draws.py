"""Mean distances of random pairings drawn many at once, against all of them and the closed form."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairings import assert_every_pairing_equally_often

from cmean.errors import InputError
from cmean.matching import random_pairing
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import draw_random_pairing_means
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.permutation_draws import draw_distance_means, draw_statistics

pytestmark = pytest.mark.filterwarnings("error")

MANY = 2500
"""Items of which several pairings come from one random order."""


def triples(*shape, seed=0, highest=255):
    return np.random.default_rng(seed).integers(0, highest + 1, shape).astype(np.uint8)


def distances(one, other):
    """Of the first item with the first, the second with the second, …"""
    differences = one.astype(float) - other
    return np.linalg.norm(differences.reshape(len(one), -1, one.shape[-1]), axis=2).mean(axis=1)


def all_means(one, other):
    """Of every one-to-one pairing, each written out."""
    few, many = sorted((one, other), key=len)
    chosen = permutations(range(len(many)), len(few))
    return np.array([distances(few, many[list(each)]).mean() for each in chosen])


@pytest.mark.parametrize("places", [(), (4,)], ids=["one row", "four rows"])
@pytest.mark.parametrize(("n", "m"), [(1, 4), (2, 2), (3, 5), (5, 3), (6, 6), (4, 6)], ids=str)
def test_few_items_are_paired_in_every_way_equally_often(n, m, places):
    one, other = triples(n, *places, 3), triples(m, *places, 3, seed=1)
    drawn = draw_distance_means(one, other, 20_000)
    assert_every_pairing_equally_often(drawn, all_means(one, other))


@pytest.mark.parametrize(
    ("n", "m", "shape"),
    [
        (60, 60, (3,)),
        (60, 90, (4, 3)),
        (MANY, MANY, (3,)),
        (MANY, MANY, (4, 3)),
        (MANY, MANY, (15,)),
        (1000, MANY, (3,)),
        (MANY, 2000, (4, 3)),
    ],
)
def test_the_closed_form_of_pairing_agrees(n, m, shape):
    tracks, artworks = triples(n, *shape), triples(m, *shape, seed=1) // 2
    null = random_pairing(tracks, artworks, "euclidean")
    assert null.exact

    drawn = draw_random_pairing_means(tracks, artworks, "euclidean", 4_000, 2)

    assert len(drawn) == 4_000
    assert drawn.mean() == pytest.approx(null.mean, abs=4 * null.sd / math.sqrt(4_000))
    assert drawn.std() == pytest.approx(null.sd, rel=0.07)


@pytest.mark.parametrize(("n", "m"), [(MANY, MANY), (2000, MANY), (MANY, 2000)])
def test_both_ways_of_drawing_have_one_distribution(n, m):
    from scipy.stats import ks_2samp

    tracks, artworks = triples(n, 4, 3), triples(m, 4, 3, seed=1)

    def mean(track, artwork):
        return float(compute_similarities(tracks[track], artworks[artwork], "euclidean").mean())

    direct = draw_statistics(mean, n, m, 500, seed=1)
    assert (
        ks_2samp(draw_random_pairing_means(tracks, artworks, "euclidean", 1000, 0), direct).pvalue
        > 0.01
    )


@pytest.mark.parametrize("arranged", [np.sort, lambda side: side], ids=["sorted", "as drawn"])
def test_pairings_of_one_order_spread_as_independent_ones_do(arranged):
    """Whatever the order that the items come in, and with the fewest items for such pairings."""
    one, other = (arranged(triples(2049, seed=seed))[:, np.newaxis] for seed in (0, 1))
    null = random_pairing(one, other, "euclidean")
    found = [draw_random_pairing_means(one, other, "euclidean", 200, seed) for seed in range(300)]
    found = (np.array(found) - null.mean) / null.sd

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
        one, other = triples(2049, 1, seed=seed), triples(2049, 1, seed=1000 + seed)
        drawn = draw_random_pairing_means(one, other, "euclidean", 199, seed)
        observed = float(compute_similarities(one, other, "euclidean").mean())
        below += compare_with_null(observed, drawn).p <= 0.05
    assert 8 <= below <= 33  # within 3 deviations of 20


@given(n=st.integers(1, 8), m=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_every_drawn_mean_is_that_of_some_pairing(n, m, seed):
    """Distances of 0 and 1: each mean times the pairs is a whole number."""
    one, other = triples(n, 1, seed=seed, highest=1), triples(m, 1, seed=seed + 1, highest=1)

    totals = draw_distance_means(one, other, 20, seed) * min(n, m)

    assert totals == pytest.approx(totals.round(), abs=1e-12)
    assert totals.min() >= 0
    assert totals.max() <= min(n, m)


@pytest.mark.parametrize(("n", "m"), [(20_011, 20_011), (15_000, 20_011), (20_011, 15_000)])
def test_many_items_are_paired_one_to_one(n, m):
    """The distance is the artwork's number: one that was left out, or paired twice, would tell."""
    one, other = np.zeros((n, 1), np.uint8), triples(m, 1, seed=3, highest=1)

    totals = (draw_distance_means(one, other, 1_100) * min(n, m)).round(9)

    assert (totals == totals.round()).all()
    if n >= m:
        assert (totals == other.sum()).all()
    else:
        chance = other.mean()
        sd = math.sqrt(n * chance * (1 - chance) * (m - n) / (m - 1))  # hypergeometric
        assert totals.std() == pytest.approx(sd, rel=0.1)


def test_distances_are_exact():
    """The observed pairing counts as equal to a drawn one that is no nearer and no farther."""
    one = np.zeros((MANY, 3), np.uint8)
    other = np.repeat(triples(1, 3), MANY, axis=0)

    drawn = draw_random_pairing_means(one, other, "euclidean", 200, 0)

    found = compare_with_null(float(compute_similarities(one, other, "euclidean").mean()), drawn)
    assert (found.z, found.sd, found.p) == (None, 0.0, 1.0)
    assert (draw_random_pairing_means(other, other, "euclidean", 200, 0) == 1).all()


def test_the_same_seed_gives_the_same_values():
    one, other = triples(MANY, 3), triples(MANY, 3, seed=1)

    first = draw_distance_means(one, other, 300, seed=5)

    assert (draw_distance_means(one, other, 300, seed=5) == first).all()
    assert (draw_distance_means(one, other, 300, seed=6) != first).all()
    assert len(np.unique(first)) == 300


def test_no_items_have_no_null():
    assert len(draw_distance_means(np.empty((0, 3), np.uint8), triples(2, 3))) == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: draw_distance_means(triples(2, 3), triples(2, 2)), "same shape"),
        (lambda: draw_distance_means(triples(2, 4, 3), triples(2, 3)), "same shape"),
        (lambda: draw_distance_means(triples(3), triples(2, 2)), "shape"),
        (lambda: draw_distance_means(np.ones((2, 1)), triples(2, 1)), "integers"),
        (lambda: draw_distance_means(triples(2, 1), triples(2, 1), 0), "at least 1"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, says):
    with pytest.raises(InputError, match=says):
        call()
