"""Greedy matching against a brute force in exact fractions, and what it refuses."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.matching import METHODS, METRICS, match


def cosine_squared(a, b):
    square = sum(x * x for x in a) * sum(x * x for x in b)
    return Fraction(sum(x * y for x, y in zip(a, b, strict=True)) ** 2, square or 1)


def brute_force(tracks, artworks):
    """Sort all pairs by exact cosine, then index; take each that is still possible."""
    order = sorted(
        (-cosine_squared(a, b), i, j) for i, a in enumerate(tracks) for j, b in enumerate(artworks)
    )
    pairs, used = [], (set(), set())
    for _, i, j in order:
        if i not in used[0] and j not in used[1]:
            pairs.append((i, j))
            used[0].add(i)
            used[1].add(j)
    return pairs


def pairs_of(matching):
    return list(zip(matching.track_index.tolist(), matching.artwork_index.tolist(), strict=True))


def sides(width, most=12):
    """Both sides, with many ties: few values, zeros, axis-only and repeated vectors."""
    number = st.one_of(st.sampled_from([0, 0, 1, 2, 128, 255]), st.integers(0, 255))
    row = st.one_of(
        st.lists(number, min_size=width, max_size=width),
        st.sampled_from([[0] * width, [1] * width, [7] * width, [3, *[0] * (width - 1)]]),
    )
    side = st.lists(row, min_size=1, max_size=most)
    return st.tuples(side, side)


@given(st.one_of(sides(3), sides(15, most=6)))
def test_greedy_is_the_exact_order_of_fractions(both):
    tracks, artworks = both

    matching = match(tracks, artworks)

    assert pairs_of(matching) == brute_force(tracks, artworks)


@pytest.mark.parametrize("highest", [3, 256], ids=["mostly ties", "hardly a tie"])
@pytest.mark.parametrize(("n", "m"), [(70, 70), (90, 40), (40, 90)])
def test_greedy_is_exact_beyond_the_candidates_that_a_track_looks_up_at_a_time(n, m, highest):
    random = np.random.default_rng(n + m + highest)
    tracks, artworks = random.integers(0, highest, (n, 3)), random.integers(0, highest, (m, 3))

    assert pairs_of(match(tracks, artworks)) == brute_force(tracks.tolist(), artworks.tolist())


@given(sides(3))
def test_pairs_are_one_to_one_complete_and_the_same_every_time(both):
    tracks, artworks = both

    matching = match(tracks, artworks)

    size = min(len(tracks), len(artworks))
    assert len(matching) == len(set(matching.track_index.tolist())) == size
    assert len(set(matching.artwork_index.tolist())) == size
    assert (matching.tracks, matching.artworks) == (len(tracks), len(artworks))
    again = match(np.array(tracks, dtype=np.uint8), np.array(artworks, dtype=np.int32))
    assert pairs_of(again) == pairs_of(matching)
    assert again.similarity.tobytes() == matching.similarity.tobytes()


@given(sides(3))
def test_similarity_is_the_cosine_one_exactly_where_parallel_and_zero_without_direction(both):
    tracks, artworks = both

    matching = match(tracks, artworks)

    for (i, j), similarity in zip(pairs_of(matching), matching.similarity, strict=True):
        exact = cosine_squared(tracks[i], artworks[j])
        scale = 10**40
        assert similarity == pytest.approx(isqrt(int(exact * scale**2)) / scale, abs=1e-15)
        assert (similarity == 1.0) == (exact == 1)
        assert (similarity == 0.0) == (exact == 0)
    assert np.all(np.diff(matching.similarity) <= 1e-15)


def test_equal_directions_and_zero_vectors_pair_by_index():
    tracks = [[0, 0, 0], [125, 175, 95], [0, 0, 0], [25, 35, 19]]
    artworks = [[9, 9, 9], [50, 70, 38], [0, 0, 0], [75, 105, 57]]

    matching = match(tracks, artworks)

    assert pairs_of(matching) == [(1, 1), (3, 3), (0, 0), (2, 2)]
    assert matching.similarity.tolist() == [1.0, 1.0, 0.0, 0.0]


def test_two_thousand_identical_tracks_take_no_quadratic_time_or_memory():
    artworks = np.random.default_rng(0).integers(0, 256, (2000, 3))

    matching = match(np.full((2000, 3), 7), artworks)

    assert matching.track_index.tolist() == list(range(2000))


def test_the_pairs_cannot_be_changed_afterwards():
    matching = match([[1, 2, 3]], [[3, 2, 1]])

    with pytest.raises(ValueError, match="read-only"):
        matching.similarity[0] = 1.0


@pytest.mark.parametrize(
    ("tracks", "says"),
    [
        ([], "tracks: there are none"),
        (np.empty((0, 3), dtype=int), "tracks: there are none"),
        ([1, 2, 3], "shape"),
        ([[1, 2, 3], [1, 2]], "same number of columns"),
        ([[1.0, 2.0, 3.0]], "integers, not float64"),
        ([[1, 2, float("nan")]], "integers, not float64"),
        ([[True, False, True]], "integers, not bool"),
        ([["1", "2", "3"]], "integers, not <U1"),
        ([[1, 2, 256]], "0..255, not 1..256"),
        ([[-1, 2, 3]], "0..255, not -1..3"),
        (np.ones((1, 1460), dtype=int), "at most 1459"),
        (np.ones((1, 15), dtype=int), "tracks have 15 numbers each, but artworks have 3"),
    ],
)
def test_vectors_that_are_none_are_refused_with_the_reason(tracks, says):
    with pytest.raises(InputError, match=says):
        match(tracks, [[1, 2, 3]])


def test_an_unknown_method_or_metric_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=f"no method 'best'; there is {', '.join(METHODS)}"):
        match([[1, 2, 3]], [[1, 2, 3]], method="best")
    with pytest.raises(InputError, match=f"no metric 'angle'; there is {', '.join(METRICS)}"):
        match([[1, 2, 3]], [[1, 2, 3]], metric="angle")


def test_memory_that_would_be_too_much_is_refused_before_it_is_taken():
    tracks = np.ones((1000, 3), dtype=np.uint8)

    with pytest.raises(InputError, match=r"1,000 × 1,000 by greedy needs about 4 MiB, more than"):
        match(tracks, tracks, max_bytes=2**20)
