"""The statistics of Table V, and what is undefined."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.stats.coherence import compute_coherence, describe_values


@dataclass(frozen=True)
class Chance:
    """A null as plain as can be."""

    mean: float = 0.5
    sd: float = 0.1

    def z(self, mean):
        return (mean - self.mean) / self.sd if self.sd else None


def test_a_distribution_is_that_of_a_population():
    found = describe_values([1.0, 2.0, 3.0, 6.0])

    assert found.as_dict() == pytest.approx(
        {"n": 4, "mean": 3.0, "median": 2.5, "std": math.sqrt(3.5), "min": 1.0, "max": 6.0}
    )


@given(st.lists(st.floats(-1, 1), min_size=1))
def test_mean_and_median_lie_between_the_extremes(values):
    found = describe_values(values)

    assert found.min <= found.median <= found.max
    assert found.min - 1e-15 <= found.mean <= found.max + 1e-15
    assert found.std >= 0


def test_coherence_stands_beside_its_null():
    found = compute_coherence([0.6, 0.8], Chance())

    similarity = {"n": 2, "mean": 0.7, "median": 0.7, "std": 0.1, "min": 0.6, "max": 0.8}
    null = {"null_mean": 0.5, "null_sd": 0.1, "z": 2.0}
    assert {key: found.as_dict()[key] for key in similarity | null} == pytest.approx(
        similarity | null
    )


def test_every_null_that_was_measured_stands_beside_it():
    drawn = np.array([0.4, 0.5, 0.7, 0.9])

    found = compute_coherence([0.6, 0.8], Chance(), drawn, [0.6, 0.7], 0.65).as_dict()

    assert found["p"] == (1 + 2) / (1 + 4)
    assert found["resampled_mean"] == pytest.approx(0.65)
    assert found["resampled_sd"] == pytest.approx(0.05)
    assert found["constant_mean"] == 0.65
    assert found["why"] == ""


def test_an_unknown_null_is_undefined_with_its_reason():
    found = compute_coherence([0.6], None, why="nobody knows").as_dict()

    undefined = {found[key] for key in ("null_mean", "null_sd", "z", "p", "constant_mean")}
    assert undefined == {None}
    assert found["why"] == "nobody knows"


def test_what_is_undefined_is_none_and_never_nan():
    no_pair = compute_coherence([], Chance()).as_dict()
    no_variation = compute_coherence([0.5], Chance(sd=0.0)).as_dict()

    assert {no_pair[key] for key in ("mean", "median", "std", "min", "max", "z")} == {None}
    assert no_variation["z"] is None
    assert no_variation["why"]
    with pytest.raises(InputError, match="not all finite"):
        describe_values([0.5, math.nan])
