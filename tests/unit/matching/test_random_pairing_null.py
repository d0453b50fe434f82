"""The null against brute force over all pairings, and against random ones."""

import csv
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import similarities as naive

from cmean.errors import InputError
from cmean.matching import METRICS, match, random_pairing, sample, similarities, summarise
from cmean.stats import random_pairing_moments
from cmean.stats.null_distribution import compare_with_null

PUBLISHED = Path(__file__).parents[4] / "shared" / "published"


def exact_sd(all_):
    """Deviation of the mean over all one-to-one pairings, each written out."""
    if len(all_) > len(all_[0]):
        all_ = all_.T
    n, m = all_.shape
    return np.std([all_[range(n), list(each)].mean() for each in permutations(range(m), n)])


triple = st.tuples(*[st.integers(0, 255)] * 3)
side = st.lists(triple, min_size=1, max_size=9)


few = st.lists(triple, min_size=1, max_size=5)
metrics = pytest.mark.parametrize("metric", METRICS)


@metrics
@given(tracks=side, artworks=side)
def test_the_mean_is_that_of_all_combinations(tracks, artworks, metric):
    null = random_pairing(tracks, artworks, metric)

    assert null.mean == pytest.approx(naive(tracks, artworks, metric).mean(), abs=1e-12)
    assert null.exact


@metrics
@given(tracks=few, artworks=few)
def test_the_deviation_is_that_over_every_pairing(tracks, artworks, metric):
    null = random_pairing(tracks, artworks, metric)

    assert null.sd == pytest.approx(exact_sd(naive(tracks, artworks, metric)), abs=1e-8)


@metrics
@pytest.mark.parametrize(("n", "m"), [(60, 60), (50, 80), (80, 50)])
def test_random_pairings_deviate_as_it_says(n, m, metric):
    random = np.random.default_rng(n)
    tracks, artworks = (random.integers(0, 256, (count, 3)) for count in (n, m))
    all_ = naive(tracks, artworks, metric)
    all_ = all_ if n <= m else all_.T
    means = [
        all_[range(min(n, m)), random.permutation(max(n, m))[: min(n, m)]].mean()
        for _ in range(4000)
    ]

    null = random_pairing(tracks, artworks, metric)

    assert null.mean == pytest.approx(np.mean(means), abs=4 * null.sd / np.sqrt(4000))
    assert null.sd == pytest.approx(np.std(means), rel=0.06)


@pytest.mark.parametrize(("n", "m"), [(400, 400), (300, 600), (600, 300)])
def test_where_combinations_are_too_many_a_seeded_sample_comes_close(n, m, monkeypatch):
    random = np.random.default_rng(n)
    tracks, artworks = (random.integers(0, 256, (count, 3)) for count in (n, m))
    exact = random_pairing(tracks, artworks, "euclidean")

    monkeypatch.setattr(random_pairing_moments, "_MAX_COMBINATIONS", 0)
    monkeypatch.setattr(random_pairing_moments, "_SUBSET", 200)
    sampled = random_pairing(tracks, artworks, "euclidean", seed=1)

    assert not sampled.exact
    assert sampled == random_pairing(tracks, artworks, "euclidean", seed=1)
    assert sampled != random_pairing(tracks, artworks, "euclidean", seed=2)
    assert sampled.mean == pytest.approx(exact.mean, abs=exact.sd / 2)
    assert sampled.sd == pytest.approx(exact.sd, rel=0.2)


def test_a_million_items_need_no_matrix():
    tracks, artworks = np.random.default_rng(3).integers(0, 256, (2, 1_000_000, 3), dtype=np.uint8)

    null = random_pairing(tracks, artworks)

    assert null.mean == pytest.approx(0.796, abs=2e-3)
    assert null.sd == pytest.approx(1.4e-4, rel=0.05)


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
    assert compare_with_null(0.5, null=null).z is None
    assert summarise(match(tracks, artworks), null).z is None


@metrics
def test_several_vectors_an_item_count_as_the_mean_of_their_similarities(metric):
    tracks, artworks = np.random.default_rng(2).integers(0, 256, (2, 6, 4, 3))
    mean = np.mean([naive(tracks[:, p], artworks[:, p], metric) for p in range(4)], axis=0)

    assert similarities(tracks, artworks, metric) == pytest.approx(mean.diagonal())
    null = random_pairing(tracks, artworks, metric)
    assert null.mean == pytest.approx(mean.mean())
    assert null.sd == pytest.approx(exact_sd(mean))


def test_similarities_need_as_many_of_both_and_as_many_vectors_each():
    with pytest.raises(InputError, match="not 2 and 1"):
        similarities([[1, 2, 3], [4, 5, 6]], [[1, 2, 3]])
    with pytest.raises(InputError, match="tracks have 4 vectors each, but artworks have 1"):
        random_pairing(np.ones((5, 4, 3), dtype=int), np.ones((5, 3), dtype=int))


def test_a_sample_holds_every_combination_where_they_are_few():
    tracks, artworks = np.random.default_rng(4).integers(0, 256, (2, 8, 3))

    assert sample(tracks, artworks) == pytest.approx(naive(tracks, artworks, "cosine").ravel())


def test_a_sample_of_many_combinations_is_seeded_and_has_their_mean():
    tracks, artworks = np.random.default_rng(5).integers(0, 256, (2, 200, 3))

    drawn = sample(tracks, artworks, size=5000)

    assert drawn.shape == (5000,)
    assert drawn.tobytes() == sample(tracks, artworks, size=5000).tobytes()
    assert drawn.mean() == pytest.approx(naive(tracks, artworks, "cosine").mean(), abs=0.01)


def test_a_summary_stands_beside_its_null():
    tracks, artworks = [[200, 40, 10], [10, 60, 90]], [[0, 50, 80], [90, 20, 0], [1, 1, 1]]
    matching, null = match(tracks, artworks), random_pairing(tracks, artworks)

    summary = summarise(matching, null).as_dict()

    assert list(summary) == [
        *("method", "vector", "metric", "calibrate", "min_similarity"),
        *("pairs", "unpaired_tracks", "unpaired_artworks", "below_floor"),
        *("mean", "tenth_percentile", "minimum", "maximum", "null_mean", "null_sd", "z", "gap"),
    ]
    assert summary["pairs"] == 2
    assert (summary["unpaired_tracks"], summary["unpaired_artworks"]) == (0, 1)
    assert summary["minimum"] < summary["tenth_percentile"] < summary["mean"] < summary["maximum"]
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
