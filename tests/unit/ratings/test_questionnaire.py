"""What raters are asked tells nobody which couples chance made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.catalog.pairings import PAIR
from cmean.ratings.questionnaire import (
    ASKS,
    SourcePairs,
    compute_sheet_key,
    list_questions,
    read_sheet_key,
    sample_questions,
)


def source(name, tracks, artworks, positions=(0,)):
    """A pairing of these tracks and artworks at each position."""
    rows = [
        (position, rank, 1 / rank, track, artwork, 0, 0)
        for position in positions
        for rank, (track, artwork) in enumerate(zip(tracks, artworks, strict=True), 1)
    ]
    first = sum(map(ord, name)) * 1000
    return SourcePairs(name, np.array(rows, PAIR), np.arange(first, first + len(rows)))


@st.composite
def two_pairings(draw):
    """Two pairings of the same items, which may have couples in common."""
    number = draw(st.integers(1, 12))
    more = draw(st.integers(0, 3))
    positions = draw(st.sampled_from([(0,), (1, 2, 3, 4)]))
    tracks, artworks = list(range(1, number + 1)), list(range(101, 101 + number + more))
    return tuple(
        source(
            name,
            draw(st.permutations(tracks)),
            draw(st.permutations(artworks))[:number],
            positions,
        )
        for name in ("one", "two")
    )


def shown(asked):
    """All that a row shows a rater."""
    return [(q.code, q.pair.position, q.pair.track_id, q.artwork_ids) for q in asked]


@pytest.mark.parametrize("ask", ASKS)
@given(sources=two_pairings())
def test_what_is_shown_is_the_same_whichever_of_the_two_is_by_chance(ask, sources):
    one, other = sources
    assert shown(list_questions(ask, one, other)) == shown(list_questions(ask, other, one))


@given(sources=two_pairings())
def test_every_couple_is_asked_about_once(sources):
    one, other = sources
    asked = list_questions("congruence", one, other)
    couples = [pair.subject for each in (one, other) for pair in each]
    assert sorted(q.pair.subject for q in asked) == sorted(set(couples))
    assert {q.pair.id for q in asked if not q.control} == set(one.ids.tolist())
    assert len({q.code for q in asked}) == len(asked)
    assert {read_sheet_key(q.code) for q in asked} == {
        compute_sheet_key("congruence", ["two", "one"])
    }


@given(sources=two_pairings())
def test_a_choice_is_between_both_partners_of_a_track(sources):
    one, other = sources
    partners = {(pair.position, pair.track_id): pair.artwork_id for pair in other}
    asked = list_questions("choice", one, other)
    for q in asked:
        random = partners[q.pair.position, q.pair.track_id]
        assert q.other_artwork_id == random
        assert set(q.artwork_ids) == {q.pair.artwork_id, random}
        assert q.pair.artwork_id != random
    differing = {pair.id for pair in one if partners[pair.subject[:2]] != pair.artwork_id}
    assert {q.pair.id for q in asked} == differing


def test_neither_order_nor_side_goes_with_what_is_by_chance():
    random = np.random.default_rng(1)
    number = 2000
    tracks = list(range(number))
    one, other = (source(n, tracks, random.permutation(number)) for n in ("one", "two"))
    asked = list_questions("congruence", one, other)
    places = np.array([q.control for q in asked])
    assert 0.45 < places[: len(places) // 2].mean() < 0.55
    choices = list_questions("choice", one, other)
    left = np.array([q.artwork_ids[0] == q.other_artwork_id for q in choices])
    assert 0.45 < left.mean() < 0.55
    assert 0.45 < left[: len(left) // 2].mean() < 0.55


@given(sources=two_pairings(), seed=st.integers(0, 5), data=st.data())
def test_a_sample_has_the_size_and_the_order_of_the_sheet(sources, seed, data):
    asked = list_questions("congruence", *sources)
    controls = sum(q.control for q in asked)
    pairs = data.draw(st.integers(1, len(asked) - controls))
    by_chance = data.draw(st.integers(0, controls))
    chosen = sample_questions(asked, pairs, by_chance, seed)
    assert (len(chosen), sum(q.control for q in chosen)) == (pairs + by_chance, by_chance)
    assert [q for q in asked if q in chosen] == chosen
    assert sample_questions(asked, pairs, by_chance, seed) == chosen


def test_another_seed_draws_another_sample():
    one = source("one", range(100), range(100, 200))
    asked = list_questions("congruence", one, None)
    assert sample_questions(asked, 10, 0, 1) != sample_questions(asked, 10, 0, 2)
