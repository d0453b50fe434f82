"""Krippendorff's alpha, against the public implementation and the worked example."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cmean.errors import InputError
from cmean.stats.agreement import LEVELS, bootstrap_krippendorff_alpha, compute_krippendorff_alpha

pytestmark = pytest.mark.filterwarnings("error")

NAN = np.nan
levels = pytest.mark.parametrize("level", LEVELS)
shapes = array_shapes(min_dims=2, max_dims=2, max_side=12)
ratings = arrays(
    np.float64, shapes, elements=st.sampled_from([NAN, 1, 2, 3, 4, 5]) | st.just(3.0)
) | arrays(np.float64, shapes, elements=st.sampled_from([NAN, 0.25, 1e3, -7.5]))

# The example of Krippendorff (2011): four observers, twelve units.
EXAMPLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_the_worked_example(level, alpha):
    found = compute_krippendorff_alpha(EXAMPLE, level)

    assert found.value == pytest.approx(alpha, abs=5e-4)
    assert found.n == 40


@levels
@settings(max_examples=200)
@given(ratings)
def test_alpha_is_that_of_the_public_implementation(level, given_ratings):
    found = compute_krippendorff_alpha(given_ratings, level)

    pairable = given_ratings[:, (~np.isnan(given_ratings)).sum(axis=0) > 1]
    values = pairable[~np.isnan(pairable)]
    assert found.n == values.size
    if len(np.unique(values)) > 1:
        expected = krippendorff.alpha(pairable, level_of_measurement=level)
        assert found.value == pytest.approx(expected, abs=1e-9)
    else:
        assert found.value is None
        assert found.why == ("all ratings are equal" if values.size else "no unit has two ratings")


@levels
def test_raters_who_agree_have_one_and_those_at_random_about_none(level):
    random = np.random.default_rng(0)
    same = np.tile(random.integers(1, 6, 300), (3, 1)).astype(float)

    assert compute_krippendorff_alpha(same, level).value == 1.0
    guessed = bootstrap_krippendorff_alpha(random.integers(1, 6, (3, 300)), level)
    assert guessed.low < 0 < guessed.high


@levels
def test_the_interval_holds_the_value_and_stays_for_a_seed(level):
    found = bootstrap_krippendorff_alpha(EXAMPLE, level)

    assert found.low < found.value < found.high <= 1
    assert found.value == compute_krippendorff_alpha(EXAMPLE, level).value
    assert found == bootstrap_krippendorff_alpha(EXAMPLE, level)


def test_what_has_no_alpha_has_no_interval():
    found = bootstrap_krippendorff_alpha([[3.0, 3.0], [3.0, NAN]])

    assert (found.value, found.low, found.high) == (None, None, None)
    assert compute_krippendorff_alpha(np.empty((0, 0))).value is None


@pytest.mark.parametrize(
    ("ratings", "level", "says"),
    [([1.0, 2.0], "nominal", "raters, units"), ([[1.0], [2.0]], "ratio", "level of measurement")],
)
def test_what_cannot_be_rated_is_said(ratings, level, says):
    with pytest.raises(InputError, match=says):
        compute_krippendorff_alpha(ratings, level)
