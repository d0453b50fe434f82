"""The statistics of Table V, and what is undefined."""

import json
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.evaluation.coherence import CoherenceTable, coherence, describe


@dataclass(frozen=True)
class Chance:
    """A null as plain as can be."""

    mean: float = 0.5
    sd: float = 0.1

    def z(self, mean):
        return (mean - self.mean) / self.sd if self.sd else None


def test_a_distribution_is_that_of_a_population():
    found = describe([1.0, 2.0, 3.0, 6.0])

    assert found.as_dict() == pytest.approx(
        {"n": 4, "mean": 3.0, "median": 2.5, "std": math.sqrt(3.5), "min": 1.0, "max": 6.0}
    )


@given(st.lists(st.floats(-1, 1), min_size=1))
def test_mean_and_median_lie_between_the_extremes(values):
    found = describe(values)

    assert found.min <= found.median <= found.max
    assert found.min - 1e-15 <= found.mean <= found.max + 1e-15
    assert found.std >= 0


def test_coherence_stands_beside_its_null():
    found = coherence([0.6, 0.8], Chance())

    similarity = {"n": 2, "mean": 0.7, "median": 0.7, "std": 0.1, "min": 0.6, "max": 0.8}
    null = {"null_mean": 0.5, "null_sd": 0.1, "z": 2.0}
    assert found.as_dict() == pytest.approx(similarity | null)


def test_what_is_undefined_is_none_and_never_nan():
    no_pair = coherence([], Chance()).as_dict()
    no_variation = coherence([0.5], Chance(sd=0.0)).as_dict()

    assert {no_pair[key] for key in ("mean", "median", "std", "min", "max", "z")} == {None}
    assert no_variation["z"] is None
    with pytest.raises(InputError, match="not all finite"):
        describe([0.5, math.nan])


def test_a_table_is_json_with_its_rows_by_name():
    table = CoherenceTable({"pairs": coherence([1.0], Chance())}, 0, 3)

    found = json.loads(json.dumps(table.as_dict()))

    assert found["pairs"]["max"] == 1.0
    assert (found["unpaired_tracks"], found["unpaired_artworks"]) == (0, 3)
