"""Every method and metric against its definition, and what `match` refuses."""

from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import METHODS as BY_DEFINITION
from reference import clouds, key, pairs_of, take_each
from reference import similarities as naive
from scipy.optimize import linear_sum_assignment  # noqa: TID253 - the reference itself

import cmean
from cmean.errors import InputError
from cmean.matching import METHODS, METRICS, match, methods

CLOUDS = 400
"""Of each of five seeds; each is matched by two methods and two metrics, with and without a matrix:
16,000 matchings."""

metrics = pytest.mark.parametrize("metric", METRICS)


@pytest.fixture(params=["matrix", "compiled"])
def path(request, monkeypatch):
    """Small inputs by a matrix of all combinations, or as large ones are matched."""
    if request.param == "compiled":
        monkeypatch.setattr(methods, "SMALL", 0)
        monkeypatch.setattr(methods, "SLIM", (0, 0))
    return request.param


@pytest.mark.parametrize("seed", range(5))
def test_greedy_and_sequential_are_their_definition_in_exact_fractions(seed, monkeypatch):
    random = np.random.default_rng(seed)
    for _ in range(CLOUDS):
        tracks, artworks = clouds(random)
        for metric in METRICS:
            for method, by_definition in BY_DEFINITION.items():
                expected = by_definition(tracks, artworks, metric)
                for small in (methods.SMALL, 0):
                    with monkeypatch.context() as patch:
                        patch.setattr(methods, "SMALL", small)
                        found = pairs_of(match(tracks, artworks, method, metric))
                    assert found == expected, (method, metric, small, tracks, artworks)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("seed", range(100, 104))
def test_optimal_reaches_the_total_of_scipy_and_certifies_it(seed):
    random = np.random.default_rng(seed)
    for _ in range(150):
        tracks, artworks = clouds(random, most=30)
        for metric in METRICS:
            all_ = naive(tracks, artworks, metric)
            best = all_[linear_sum_assignment(all_, maximize=True)].sum()
            matching = match(tracks, artworks, "optimal", metric)
            size = min(len(tracks), len(artworks))
            assert len(set(matching.track_index.tolist())) == len(matching) == size
            assert len(set(matching.artwork_index.tolist())) == size
            total = matching.similarity.sum()
            assert total == pytest.approx(best, abs=1e-8)
            assert best - total <= matching.gap + 1e-12
            assert matching.gap <= 1e-8 * size


@pytest.mark.parametrize("kind", ["uniform", "in tens", "one-sided"])
def test_fifteen_hundred_by_fifteen_hundred_are_the_exact_order_of_all_pairs(kind):
    random = np.random.default_rng(7)
    tracks, artworks = random.integers(0, 256, (2, 1500, 3))
    if kind == "in tens":
        tracks, artworks = tracks // 10 * 10, artworks // 10 * 10
    if kind == "one-sided":
        tracks, artworks = tracks // 8, artworks // 16 + [200, 0, 100]
    keys = _sines(tracks, artworks)

    assert pairs_of(match(tracks, artworks)) == _greedy_by_sorting(keys)
    assert pairs_of(match(tracks, artworks, "sequential")) == _sequential_by_looking(keys)


def _sines(tracks, artworks):
    """All sin². No two of them are one float64 but different fractions, which is looked at."""
    dots = tracks @ artworks.T
    squares = np.outer((tracks**2).sum(1), (artworks**2).sum(1))
    over = np.where(squares > 0, squares - dots**2, 1)
    under = np.where(squares > 0, squares, 1)
    order = np.argsort(over / under, axis=None, kind="stable")
    p, q = over.ravel()[order], under.ravel()[order]
    same = np.flatnonzero((p / q)[1:] == (p / q)[:-1])
    exact = p[same].astype(object) * q[same + 1] == p[same + 1].astype(object) * q[same]
    assert exact.all()
    return over / under


def _greedy_by_sorting(keys):
    pairs, used = [], (np.zeros(len(keys), bool), np.zeros(len(keys), bool))
    order = np.argsort(keys, axis=None, kind="stable")
    for part in np.array_split(order, 100):
        rows, columns = np.divmod(part, len(keys))
        possible = ~(used[0][rows] | used[1][columns])
        for i, j in zip(rows[possible].tolist(), columns[possible].tolist(), strict=True):
            if not (used[0][i] or used[1][j]):
                used[0][i] = used[1][j] = True
                pairs.append((i, j))
    return pairs


def _sequential_by_looking(keys):
    keys, pairs = keys.copy(), []
    for i in range(len(keys)):
        j = int(keys[i].argmin())
        keys[:, j] = np.inf
        pairs.append((i, j))
    return pairs


@metrics
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "m"), [(900, 400), (400, 900), (700, 700)])
@pytest.mark.parametrize("width", [3, 15])
def test_large_inputs_give_what_small_ones_would(method, metric, n, m, width, monkeypatch):
    random = np.random.default_rng(n + width)
    tracks, artworks = (random.integers(0, 30, (count, width)) * 8 for count in (n, m))
    large = match(tracks, artworks, method, metric)

    monkeypatch.setattr(methods, "SMALL", n * m)
    small = match(tracks, artworks, method, metric)

    assert large.similarity.sum() == pytest.approx(small.similarity.sum(), abs=1e-6)
    if method != "optimal":  # of which there may be several
        assert pairs_of(large) == pairs_of(small)
        assert large.similarity.tobytes() == small.similarity.tobytes()


number = st.one_of(st.sampled_from([0, 0, 1, 2, 128, 255]), st.integers(0, 255))
row = st.lists(number, min_size=3, max_size=3)
side = st.lists(row, min_size=1, max_size=12)


@given(side, side, st.sampled_from(list(METHODS)), st.sampled_from(list(METRICS)))
def test_pairs_are_one_to_one_complete_and_the_same_every_time(tracks, artworks, method, metric):
    matching = match(tracks, artworks, method, metric)

    size = min(len(tracks), len(artworks))
    assert len(matching) == len(set(matching.track_index.tolist())) == size
    assert len(set(matching.artwork_index.tolist())) == size
    assert (matching.tracks, matching.artworks) == (len(tracks), len(artworks))
    assert (matching.gap is None) == (method != "optimal")
    if method != "sequential":
        assert np.all(np.diff(matching.similarity) <= 1e-15)
    again = match(
        np.array(tracks, dtype=np.uint8), np.array(artworks, dtype=np.int32), method, metric
    )
    assert pairs_of(again) == pairs_of(matching)
    assert again.similarity.tobytes() == matching.similarity.tobytes()


@given(side, side)
def test_similarity_is_the_cosine_one_exactly_where_parallel_and_zero_without_direction(
    tracks, artworks
):
    matching = match(tracks, artworks)

    for (i, j), similarity in zip(pairs_of(matching), matching.similarity, strict=True):
        exact = 1 - key(tracks[i], artworks[j], "cosine")
        scale = 10**40
        assert similarity == pytest.approx(isqrt(int(exact * scale**2)) / scale, abs=1e-15)
        assert (similarity == 1.0) == (exact == 1)
        assert (similarity == 0.0) == (exact == 0)


def test_euclidean_sees_intensity_and_cosine_does_not():
    pale, strong = [[25, 35, 19]], [[125, 175, 95]]

    assert match(pale, strong).similarity.tolist() == [1.0]
    (similarity,) = match(pale, strong, metric="euclidean").similarity
    assert similarity == pytest.approx(1 - np.sqrt(100**2 + 140**2 + 76**2) / (255 * np.sqrt(3)))
    assert match([[0, 0, 0]], [[255, 255, 255]], metric="euclidean").similarity.tolist() == [0.0]


@pytest.mark.usefixtures("path")
def test_equal_directions_and_zero_vectors_pair_by_index():
    tracks = [[0, 0, 0], [125, 175, 95], [0, 0, 0], [25, 35, 19]]
    artworks = [[9, 9, 9], [50, 70, 38], [0, 0, 0], [75, 105, 57]]

    matching = match(tracks, artworks)

    assert pairs_of(matching) == [(1, 1), (3, 3), (0, 0), (2, 2)]
    assert matching.similarity.tolist() == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.usefixtures("path")
def test_fractions_that_round_to_one_float_keep_their_order():
    """Both sin² are 0.3113193307140666 in float64; the second is smaller by 4e-17."""
    tracks = [
        [195, 94, 214, 242, 178, 171, 239, 110, 28, 49, 7, 147, 76, 109, 241],
        [109, 147, 163, 162, 169, 59, 157, 78, 134, 206, 37, 219, 105, 165, 118],
    ]
    artworks = [
        [55, 51, 250, 55, 125, 230, 240, 67, 203, 78, 96, 78, 194, 171, 209],
        [149, 47, 38, 194, 87, 196, 244, 153, 238, 71, 67, 154, 79, 216, 39],
    ]
    keys = [key(track, artwork, "cosine") for track, artwork in zip(tracks, artworks, strict=True)]
    assert float(keys[0]) == float(keys[1])
    assert keys[0] > keys[1]

    assert pairs_of(match(tracks, artworks)) == [(1, 1), (0, 0)]


@metrics
@pytest.mark.parametrize(("n", "m"), [(3, 60_000), (60_000, 3), (200, 20_000), (20_000, 200)])
def test_a_few_among_very_many_take_the_best_for_them(n, m, metric):
    random = np.random.default_rng(n)
    tracks, artworks = (random.integers(0, 256, (count, 3)) for count in (n, m))
    all_ = naive(tracks, artworks, metric)

    matching = match(tracks, artworks, "optimal", metric)

    best = all_[linear_sum_assignment(all_, maximize=True)].sum()
    assert matching.similarity.sum() == pytest.approx(best, abs=1e-7)
    assert matching.gap <= 1e-8 * min(n, m)


@metrics
@pytest.mark.parametrize(("n", "m"), [(900, 900), (700, 1100), (1100, 700)])
def test_where_one_side_is_all_alike_it_takes_the_best(n, m, metric):
    artworks = np.random.default_rng(0).integers(0, 256, (m, 3))
    tracks = np.full((n, 3), [9, 200, 31])
    all_ = np.sort(naive(tracks[:1], artworks, metric)[0])

    matching = match(tracks, artworks, "optimal", metric)

    assert matching.similarity.sum() == pytest.approx(all_[-min(n, m) :].sum())
    assert matching.gap <= 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_many_identical_tracks_take_no_quadratic_time_or_memory(method):
    artworks = np.random.default_rng(0).integers(0, 256, (5000, 3))

    matching = match(np.full((5000, 3), 7), artworks, method)

    assert sorted(matching.track_index.tolist()) == list(range(5000))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 5), (5, 1), (40, 60), (60, 40), (50, 50)])
def test_float_vectors_of_any_width_are_matched_over_all_combinations(method, n, m):
    random = np.random.default_rng(n + m)
    tracks, artworks = random.normal(size=(n, 300)), random.normal(size=(m, 300))
    artworks[-1] = artworks[0]
    tracks[-1] = 0
    all_ = naive(tracks, artworks, "cosine")

    matching = match(tracks, artworks.astype(np.float32), method)

    pairs = pairs_of(matching)
    assert matching.similarity == pytest.approx([all_[pair] for pair in pairs], abs=1e-6)
    ordered = sorted((-round(all_[i, j], 6), i, j) for i in range(n) for j in range(m))
    if method == "greedy":
        assert pairs == take_each(ordered)
    elif method == "sequential":
        assert [i for i, _ in pairs] == list(range(min(n, m)))
        assert pairs[0][1] == min(range(m), key=lambda j: (-round(all_[0, j], 6), j))
    else:
        best = all_[linear_sum_assignment(all_, maximize=True)].sum()
        assert matching.similarity.sum() == pytest.approx(best, abs=1e-5)
        assert 0 <= matching.gap <= 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_told_and_an_interruption_ends_it(method, path):
    random = np.random.default_rng(0)
    tracks, artworks = random.integers(0, 256, (2, 3000 if path == "compiled" else 300, 3))
    told = []

    match(tracks, artworks, method, on_progress=lambda done, total: told.append((done, total)))

    assert told == sorted(told)
    assert all(done <= total for done, total in told)
    if path == "compiled" or method != "optimal":
        assert told[-1][0] == told[-1][1]

        def interrupt(_done, _total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            match(tracks, artworks, method, on_progress=interrupt)


def test_it_is_at_hand_in_a_notebook():
    assert pairs_of(cmean.match([[1, 2, 3]], [[3, 2, 1]], method="optimal", metric="euclidean"))


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
        ([[1, 2, float("nan")]], "tracks: a number is not finite"),
        ([[1.0, float("inf"), 2.0]], "tracks: a number is not finite"),
        ([[True, False, True]], "integers, not bool"),
        ([["1", "2", "3"]], "integers, not <U1"),
        ([[1, 2, None]], "integers, not object"),
        ([[1, 2, 256]], "0..255, not 1..256"),
        ([[-1, 2, 3]], "0..255, not -1..3"),
        (np.ones((1, 129), dtype=int), "at most 128"),
        (np.ones((1, 15), dtype=int), "tracks have 15 numbers each, but artworks have 3"),
        (np.ones((1, 15)), "tracks have 15 numbers each, but artworks have 3"),
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
    with pytest.raises(InputError, match="float vectors are matched by cosine, not by euclidean"):
        match([[1.0, 2, 3]], [[1, 2, 3]], metric="euclidean")


@pytest.mark.parametrize("method", METHODS)
def test_memory_that_would_be_too_much_is_refused_before_it_is_taken(method):
    tracks = np.ones((100_000, 3), dtype=np.uint8)
    says = rf"100,000 × 100,000 by {method} needs about [\d,]+ MiB, more than the 1 MiB allowed"

    with pytest.raises(InputError, match=says):
        match(tracks, tracks, method, max_bytes=2**20)
    with pytest.raises(InputError, match=says):
        match(tracks.astype(float), tracks, method, max_bytes=2**20)
