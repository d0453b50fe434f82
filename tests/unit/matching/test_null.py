"""The null against brute force and against the closed form of its variance."""

import csv
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.matching import match, random_pairing, sample, similarities, summarise

PUBLISHED = Path(__file__).parents[4] / "shared" / "published"


def all_cosines(tracks, artworks):
    """The n·m cosines the naive way; 0 with a zero vector."""
    a, b = np.asarray(tracks, dtype=float), np.asarray(artworks, dtype=float)
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return np.where(lengths > 0, a @ b.T / np.where(lengths > 0, lengths, 1), 0)


def exact_sd(cosines):
    """Deviation of the mean over all one-to-one pairings, each written out."""
    if len(cosines) > len(cosines[0]):
        cosines = cosines.T
    n, m = cosines.shape
    return np.std([cosines[range(n), list(each)].mean() for each in permutations(range(m), n)])


def hoeffding_sd(cosines):
    """The same for a square matrix in closed form (Hoeffding 1951): with both its margins taken
    off, √(Σ c² / (n − 1)) / n."""
    c = cosines - cosines.mean(0) - cosines.mean(1, keepdims=True) + cosines.mean()
    return np.sqrt((c**2).sum() / (len(c) - 1)) / len(c)


triple = st.tuples(*[st.integers(0, 255)] * 3)
side = st.lists(triple, min_size=1, max_size=9)


@given(side, side)
def test_the_mean_is_that_of_all_combinations(tracks, artworks):
    null = random_pairing(tracks, artworks, permutations=1)

    assert null.mean == pytest.approx(all_cosines(tracks, artworks).mean(), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(5, 5), (4, 6), (6, 4), (1, 7)])
def test_the_deviation_comes_close_to_that_over_every_pairing(n, m):
    random = np.random.default_rng(n * m)
    tracks, artworks = random.integers(0, 256, (n, 3)), random.integers(0, 256, (m, 3))

    null = random_pairing(tracks, artworks, permutations=4000)

    assert null.sd == pytest.approx(exact_sd(all_cosines(tracks, artworks)), rel=0.08)


def test_the_deviation_comes_close_to_its_closed_form_for_many_items():
    tracks, artworks = np.random.default_rng(3).integers(0, 256, (2, 60, 3))

    null = random_pairing(tracks, artworks, permutations=4000)

    assert null.sd == pytest.approx(hoeffding_sd(all_cosines(tracks, artworks)), rel=0.08)


def test_the_same_seed_gives_the_same_null_and_another_seed_another():
    tracks, artworks = np.random.default_rng(1).integers(0, 256, (2, 20, 3))

    assert random_pairing(tracks, artworks, seed=5) == random_pairing(tracks, artworks, seed=5)
    assert random_pairing(tracks, artworks).sd != random_pairing(tracks, artworks, seed=5).sd


@pytest.mark.parametrize(
    ("tracks", "artworks"),
    [
        ([[1, 2, 3]], [[3, 2, 1]]),
        ([[9, 7, 5]] * 6, [[1, 8, 3]] * 4),
        ([[0, 0, 0]] * 3, [[1, 2, 3]] * 3),
    ],
    ids=["one of each", "constant triples", "zero vectors"],
)
def test_where_the_null_does_not_vary_z_is_undefined(tracks, artworks):
    null = random_pairing(tracks, artworks)

    assert null.sd == 0
    assert null.z(0.5) is None
    assert summarise(match(tracks, artworks), null).z is None


def test_several_vectors_an_item_count_as_the_mean_of_their_similarities():
    tracks, artworks = np.random.default_rng(2).integers(0, 256, (2, 6, 4, 3))
    each = [all_cosines(tracks[:, p], artworks[:, p]) for p in range(4)]

    assert similarities(tracks, artworks) == pytest.approx(np.mean(each, axis=0).diagonal())
    null = random_pairing(tracks, artworks, permutations=4000)
    assert null.mean == pytest.approx(np.mean(each))
    assert null.sd == pytest.approx(hoeffding_sd(np.mean(each, axis=0)), rel=0.08)


def test_similarities_need_as_many_of_both_and_as_many_vectors_each():
    with pytest.raises(InputError, match="not 2 and 1"):
        similarities([[1, 2, 3], [4, 5, 6]], [[1, 2, 3]])
    with pytest.raises(InputError, match="tracks have 4 vectors each, but artworks have 1"):
        random_pairing(np.ones((5, 4, 3), dtype=int), np.ones((5, 3), dtype=int))


def test_a_null_of_no_permutation_is_refused():
    with pytest.raises(InputError, match="at least 1 permutation"):
        random_pairing([[1, 2, 3]], [[1, 2, 3]], permutations=0)


def test_a_sample_holds_every_combination_where_they_are_few():
    tracks, artworks = np.random.default_rng(4).integers(0, 256, (2, 8, 3))

    assert sample(tracks, artworks) == pytest.approx(all_cosines(tracks, artworks).ravel())


def test_a_sample_of_many_combinations_is_seeded_and_has_their_mean():
    tracks, artworks = np.random.default_rng(5).integers(0, 256, (2, 200, 3))

    drawn = sample(tracks, artworks, size=5000)

    assert drawn.shape == (5000,)
    assert drawn.tobytes() == sample(tracks, artworks, size=5000).tobytes()
    assert drawn.mean() == pytest.approx(all_cosines(tracks, artworks).mean(), abs=0.01)


def test_a_summary_stands_beside_its_null():
    tracks, artworks = [[200, 40, 10], [10, 60, 90]], [[0, 50, 80], [90, 20, 0], [1, 1, 1]]
    matching, null = match(tracks, artworks), random_pairing(tracks, artworks)

    summary = summarise(matching, null).as_dict()

    assert list(summary) == [
        *("method", "vector", "metric", "pairs", "unpaired_tracks", "unpaired_artworks"),
        *("mean", "minimum", "maximum", "null_mean", "null_sd", "z", "gap"),
    ]
    assert summary["pairs"] == 2
    assert (summary["unpaired_tracks"], summary["unpaired_artworks"]) == (0, 1)
    assert summary["minimum"] < summary["mean"] < summary["maximum"]
    assert summary["z"] == pytest.approx((summary["mean"] - null.mean) / null.sd)
    assert summary["gap"] is None


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the study's published files are not at hand")
def test_the_published_triples_give_the_published_means():
    """Joined triples of the 100 × 100 run: 0.922 by the study's matching, 0.875 by chance."""

    def joined(name):
        with (PUBLISHED / name).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))[1:]
        return [[int(n) for cell in row[1:] for n in re.findall(r"\d+", cell)] for row in rows]

    tracks, artworks = map(
        joined, ("valutazione_rgb_segmenti_100.csv", "valutazione_rgb_immagini_100.csv")
    )
    summary = summarise(match(tracks, artworks), random_pairing(tracks, artworks))

    assert summary.mean == pytest.approx(0.922, abs=5e-4)
    assert summary.null_mean == pytest.approx(0.8755, abs=5e-4)
    assert summary.z > 5
