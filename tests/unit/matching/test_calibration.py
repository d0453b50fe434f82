"""Calibration by quantiles: ranks within a kind, and nothing else of its numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmean.config import PAIRING, get_plain_pairing
from cmean.errors import InputError
from cmean.matching import CALIBRATIONS, METHODS, METRICS, calibrate_vectors, match

TRIPLE = st.tuples(*[st.integers(0, 255)] * 3)
KIND = st.lists(TRIPLE, min_size=1, max_size=40)


def by_definition(column):
    """The mid-rank percentile of each number in exact fractions, halves rounded up."""
    found = []
    for value in column:
        smaller, equal = sum(v < value for v in column), sum(v == value for v in column)
        share = Fraction(2 * smaller + equal, 2 * len(column))
        found.append(int(255 * share + Fraction(1, 2)))
    return found


@given(KIND)
def test_each_number_is_its_percentile_within_its_column(triples):
    made = calibrate_vectors(triples)
    for given_column, column in zip(zip(*triples, strict=True), made.T.tolist(), strict=True):
        assert column == by_definition(given_column)


@given(KIND)
def test_the_order_within_a_channel_stays_and_equal_numbers_stay_equal(triples):
    given_array, made = np.array(triples), calibrate_vectors(triples).astype(int)
    for channel in range(3):
        order = np.argsort(given_array[:, channel], kind="stable")
        before, after = (np.diff(array[order, channel]) for array in (given_array, made))
        assert (after >= 0).all()
        assert (after[before == 0] == 0).all()
        assert (after[before > 0] > 0).all()  # of so few items no two share a place


@given(KIND, st.integers(0, 2), st.randoms(use_true_random=False))
def test_it_does_not_depend_on_the_scale_of_a_channel(triples, channel, random):
    array = np.array(triples)
    values = np.unique(array[:, channel])
    others = np.array(sorted(random.sample(range(256), len(values))))  # an increasing map
    mapped = array.copy()
    mapped[:, channel] = others[np.searchsorted(values, array[:, channel])]
    assert (calibrate_vectors(mapped) == calibrate_vectors(array)).all()


@given(KIND, st.randoms(use_true_random=False))
def test_items_in_another_order_have_the_same_places(triples, random):
    order = random.sample(range(len(triples)), len(triples))
    array = np.array(triples)
    assert (calibrate_vectors(array[order]) == calibrate_vectors(array)[order]).all()


def test_one_item_is_in_the_middle_and_so_are_equal_ones():
    assert calibrate_vectors([[0, 7, 255]]).tolist() == [[128, 128, 128]]
    assert calibrate_vectors([[9, 9, 9]] * 1000).tolist() == [[128, 128, 128]] * 1000


def test_many_items_use_all_of_the_scale_alike():
    random = np.random.default_rng(0)
    narrow = random.integers(100, 140, (100_000, 3)), random.integers(0, 256, (100_000, 3))
    for side in narrow:
        made = calibrate_vectors(side)
        assert made.dtype == np.uint8
        assert made.mean(axis=0) == pytest.approx([127.5] * 3, abs=0.5)
        assert np.quantile(made, [0.25, 0.75]) == pytest.approx([64, 191], abs=4)


def test_none_leaves_the_numbers_as_they_are():
    triples = [[1, 2, 3], [200, 0, 255]]
    assert calibrate_vectors(triples, "none").tolist() == triples


@pytest.mark.parametrize(
    ("vectors", "calibrate", "words"),
    [
        ([[1, 2, 3]], "ranks", "no calibration 'ranks'; there is none, quantile"),
        ([[0.5, 1.0]], "quantile", "must be integers"),
        ([[0, 256]], "quantile", "must be 0..255"),
        ([], "quantile", "there are none"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(vectors, calibrate, words):
    with pytest.raises(InputError, match=words):
        calibrate_vectors(vectors, calibrate)


@settings(deadline=None)  # it loads scipy
@given(KIND, KIND, st.integers(0, 2))
def test_a_calibrated_matching_does_not_heed_a_brighter_kind(tracks, artworks, channel):
    dim = np.array(artworks) // 2
    bright = dim.copy()
    bright[:, channel] += 100
    found = [
        match(calibrate_vectors(tracks), calibrate_vectors(side), "optimal", "euclidean")
        for side in (dim, bright)
    ]
    assert found[0].artwork_index.tolist() == found[1].artwork_index.tolist()
    assert found[0].similarity.tolist() == found[1].similarity.tolist()


def test_a_profile_may_choose_what_there_is():
    names = {"method": METHODS, "metric": METRICS, "calibrate": CALIBRATIONS}
    assert {name: list(known) for name, known in PAIRING.items()} == {
        name: list(known) for name, known in names.items()
    }
    assert get_plain_pairing() == {"method": "greedy", "metric": "cosine", "calibrate": "none"}
