"""A minimum similarity: what each method makes of it, over a matrix and by search."""

from __future__ import annotations

import numpy as np
import pytest
from reference import clouds, key, pairs_of, similarities

from cmean.errors import InputError
from cmean.matching import METHODS, METRICS, match, methods, random_pairing, summarise


@pytest.fixture(params=["matrix", "search"])
def search(request, monkeypatch):
    if request.param == "search":
        monkeypatch.setattr(methods, "SMALL", 0)
        monkeypatch.setattr(methods, "SLIM", (0, 0))


def sequential(tracks, artworks, metric, floor):
    """Each track in turn takes the nearest free artwork, unless it is below the floor."""
    free, pairs = set(range(len(artworks))), []
    similar = similarities(tracks, artworks, metric)
    for i, track in enumerate(tracks):
        if not free:
            break
        best = min(free, key=lambda j: (key(track, artworks[j], metric), j))
        if similar[i, best] >= floor:
            free.remove(best)
            pairs.append((i, best))
    return pairs


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.usefixtures("search")
def test_each_method_keeps_its_definition(metric):
    random = np.random.default_rng(7)
    for _ in range(60):
        tracks, artworks = clouds(random)
        floor = float(random.choice([0.3, 0.7, 0.9123, 0.98765]))
        by_method = {
            method: match(tracks, artworks, method, metric, min_similarity=floor)
            for method in METHODS
        }
        assert pairs_of(by_method["sequential"]) == sequential(tracks, artworks, metric, floor)
        for method in ("greedy", "optimal"):
            every = match(tracks, artworks, method, metric)
            kept = every.similarity >= floor
            expected = [pair for pair, here in zip(pairs_of(every), kept, strict=True) if here]
            assert pairs_of(by_method[method]) == expected
            if not kept.all():
                assert by_method[method].gap is None
        for found in by_method.values():
            assert (found.similarity >= floor).all()
            size = min(len(tracks), len(artworks))
            assert found.below_floor == size - len(found)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("search")
def test_a_floor_that_nothing_is_below_changes_nothing(method):
    tracks, artworks = clouds(np.random.default_rng(3))
    found = match(tracks, artworks, method, min_similarity=0.0)
    every = match(tracks, artworks, method)
    assert pairs_of(found) == pairs_of(every)
    assert (found.gap, found.below_floor) == (every.gap, 0)


@pytest.mark.usefixtures("search")
def test_an_artwork_that_a_track_did_not_want_stays_free():
    # the first track's nearest is far, and the nearest of the second
    tracks, artworks = [[0, 0, 255], [255, 120, 0]], [[255, 100, 0]]
    plain = match(tracks, artworks, "sequential")
    assert pairs_of(plain) == [(0, 0)]
    found = match(tracks, artworks, "sequential", min_similarity=0.9)
    assert pairs_of(found) == [(1, 0)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("search")
def test_there_may_be_no_pair_and_then_nothing_to_sum_up(method):
    tracks, artworks = [[255, 0, 0]], [[0, 255, 0], [0, 0, 255]]
    found = match(tracks, artworks, method, min_similarity=0.5)
    assert (len(found), found.below_floor) == (0, 1)
    with pytest.raises(InputError, match=r"no pair reaches the minimum similarity of 0\.5"):
        summarise(found, random_pairing(tracks, artworks))


@pytest.mark.parametrize("method", METHODS)
def test_floats_have_a_floor_too(method):
    random = np.random.default_rng(1)
    tracks, artworks = random.normal(size=(9, 4)), random.normal(size=(7, 4))
    found = match(tracks, artworks, method, min_similarity=0.4)
    assert 0 < len(found) < 7
    assert (found.similarity >= 0.4).all()


@pytest.mark.parametrize("floor", [float("nan"), 1.5, -2, float("inf")])
def test_a_floor_that_is_no_similarity_is_refused(floor):
    with pytest.raises(InputError, match="must be from -1 to 1"):
        match([[1, 2, 3]], [[1, 2, 3]], min_similarity=floor)


def test_a_random_pairing_has_no_floor():
    with pytest.raises(InputError, match="ignores similarities"):
        match([[1, 2, 3]], [[1, 2, 3]], "random", min_similarity=0.1)


def test_the_weak_end_is_summed_up():
    tracks = [[100, 100, 100]] * 11
    artworks = [[100, 100, 100 + 10 * n] for n in range(11)]
    found = match(tracks, artworks, "optimal", "euclidean")
    summary = summarise(found, random_pairing(tracks, artworks, "euclidean"))
    step = 10 / (255 * 3**0.5)
    assert summary.minimum == pytest.approx(1 - 10 * step)
    assert summary.tenth_percentile == pytest.approx(1 - 9 * step)
