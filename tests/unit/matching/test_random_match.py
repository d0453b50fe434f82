"""Pairing at random: one to one, every such pairing as likely, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.matching import METHODS, METRICS, match, random_pairing, similarities
from cmean.matching.methods import RANDOM

SIDE = st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=6)


@given(SIDE, SIDE, st.integers(0, 2**40), st.sampled_from([*METRICS, "floats"]))
def test_pairs_are_one_to_one_with_the_similarity_as_it_is(tracks, artworks, seed, metric):
    sides = [
        np.array(side, np.float32 if metric == "floats" else np.uint8)
        for side in (tracks, artworks)
    ]
    metric = "cosine" if metric == "floats" else metric
    found = match(*sides, RANDOM, metric, seed=seed)
    size = min(len(tracks), len(artworks))
    assert len(found) == size
    assert len(set(found.track_index.tolist())) == len(set(found.artwork_index.tolist())) == size
    expected = similarities(sides[0][found.track_index], sides[1][found.artwork_index], metric)
    assert found.similarity.tolist() == expected.tolist()
    assert found.gap is None
    again = match(*sides, RANDOM, metric, seed=seed)
    assert found.track_index.tolist() == again.track_index.tolist()
    assert found.artwork_index.tolist() == again.artwork_index.tolist()


@pytest.mark.parametrize(("n", "m"), [(3, 3), (2, 4), (4, 2), (1, 3)])
def test_every_pairing_is_as_likely(n, m):
    tracks, artworks = np.arange(3 * n).reshape(n, 3), np.arange(3 * m).reshape(m, 3)
    draws = 3000
    seen = Counter()
    for seed in range(draws):
        found = match(tracks, artworks, RANDOM, seed=seed)
        pairs = zip(found.track_index.tolist(), found.artwork_index.tolist(), strict=True)
        seen[tuple(sorted(pairs))] += 1
    possible = len(list(permutations(range(max(n, m)), min(n, m))))
    assert len(seen) == possible
    expected = draws / possible
    chi_square = sum((count - expected) ** 2 / expected for count in seen.values())
    assert chi_square < possible - 1 + 4 * np.sqrt(2 * (possible - 1))


def test_its_mean_is_that_of_the_null():
    random = np.random.default_rng(1)
    tracks, artworks = random.integers(0, 256, (2, 30, 3))
    null = random_pairing(tracks, artworks)
    means = [match(tracks, artworks, RANDOM, seed=seed).similarity.mean() for seed in range(400)]
    assert np.mean(means) == pytest.approx(null.mean, abs=4 * null.sd / np.sqrt(len(means)))
    assert np.std(means) == pytest.approx(null.sd, rel=0.2)


def test_it_is_no_method_that_looks_for_anything():
    assert RANDOM not in METHODS
    with pytest.raises(InputError, match="by cosine, not by euclidean"):
        match([[0.5, 1.0]], [[1.0, 2.0]], RANDOM, "euclidean")


def test_similarities_of_floats_are_cosines():
    tracks, artworks = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[4.0, 3.0], [1.0, 0.0]])
    assert similarities(tracks, artworks).tolist() == [0.96, 0.0]


def test_what_needs_too_much_memory_is_refused_with_the_figure():
    many = np.ones((20_000, 4), np.float32)
    words = r"20,000 × 20,000 by greedy needs about 3,\d{3} MiB, more than the 1,024 MiB allowed"
    with pytest.raises(InputError, match=words):
        match(many, many, max_bytes=1 << 30)
