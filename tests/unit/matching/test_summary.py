"""Several matchings summed up as one, beside the null of all of them."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.matching import match, random_pairing
from cmean.matching.methods import Matching
from cmean.matching.summary import summarise_matching, summarise_matchings
from cmean.stats.null_distribution import combine_nulls


@dataclass(frozen=True)
class Chance:
    """A null that takes each of some values alike often."""

    values: tuple[float, ...]
    exact: bool = True

    @property
    def mean(self):
        return math.fsum(self.values) / len(self.values)

    @property
    def sd(self):
        return float(np.std(self.values))


CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=4).map(lambda v: Chance(tuple(v)))
PARTS = st.lists(st.tuples(st.integers(1, 9), CHANCES), min_size=1, max_size=4)


@given(PARTS)
def test_the_joint_null_is_that_of_all_combinations(parts):
    total = sum(pairs for pairs, _ in parts)
    means = [
        sum(pairs * value for (pairs, _), value in zip(parts, values, strict=True)) / total
        for values in product(*(chance.values for _, chance in parts))
    ]
    found = combine_nulls(parts)
    assert found.mean == pytest.approx(np.mean(means))
    assert found.sd == pytest.approx(np.std(means), abs=1e-12)


def test_the_joint_null_of_one_is_its_own():
    found = combine_nulls([(7, Chance((0.1, 0.7)))])
    assert (found.mean, found.sd) == (Chance((0.1, 0.7)).mean, Chance((0.1, 0.7)).sd)
    assert combine_nulls([(7, Chance((0.3,)))]).sd == 0


def made(similarity, gap, tracks=3, artworks=3):
    index = np.arange(len(similarity))
    return Matching(
        index, index, np.array(similarity, float), tracks, artworks, "greedy", "cosine", gap
    )


def test_several_matchings_are_one():
    chance = Chance((0.2, 0.4))
    parts = [(made([0.5, 0.7], 0.25), chance), (made([0.9], 0.5), chance)]
    found = summarise_matchings([*parts, (made([], None, tracks=0), None)], "fragments")
    assert (found.pairs, found.unpaired_tracks, found.unpaired_artworks) == (3, 3, 6)
    assert (found.mean, found.minimum, found.maximum) == (pytest.approx(0.7), 0.5, 0.9)
    assert found.gap == 0.75
    assert found.vector == "fragments"
    assert summarise_matchings([parts[0], (made([0.9], None), chance)], "fragments").gap is None


def test_one_matching_is_summed_up_as_it_is():
    tracks, artworks = [[9, 1, 1], [1, 9, 1]], [[8, 1, 2], [3, 9, 1], [1, 1, 9]]
    matching, null = match(tracks, artworks), random_pairing(tracks, artworks)
    found = summarise_matching(matching, null)
    assert (found.null_mean, found.null_sd) == (null.mean, null.sd)
    assert found.z == (found.mean - null.mean) / null.sd
    assert (found.pairs, found.unpaired_artworks, found.gap) == (2, 1, matching.gap)
