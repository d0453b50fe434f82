"""Balanced draws and the share of pairs in the same quadrant, as `benchmarks/truth.py` has them."""

import numpy as np
import pytest
from truth_pairs import (
    TRUE_TRIPLES,
    Choice,
    Side,
    assess_pairs,
    draw_balanced,
    list_choices,
)

from cmean.errors import InputError

GREEDY = [Choice("greedy", "cosine", "none")]


def side(counts, triple=None, seed=0):
    """So many items of each quadrant, with their true triples, or all with the same, or random."""
    quadrants = np.repeat(list(counts), list(counts.values()))
    triples = np.random.default_rng(seed).integers(0, 256, (len(quadrants), 3))
    if triple == "true":
        triples = np.array([TRUE_TRIPLES.get(quadrant, (0, 0, 0)) for quadrant in quadrants])
    elif triple:
        triples[:] = triple
    return Side(triples, quadrants)


FULL = {"Q1": 12, "Q2": 9, "Q3": 10, "Q4": 30, "": 5}


def test_a_draw_has_as_many_of_each_and_no_item_twice():
    one, other = side(FULL), side(FULL, seed=1)
    tracks, artworks = draw_balanced((one, other), ["Q1", "Q3"], 9, (0, 0))
    for drawn, of in ((tracks, one), (artworks, other)):
        assert np.unique(drawn.quadrants, return_counts=True)[1].tolist() == [9, 9]
        known = {tuple(row) for row in of.triples.tolist()}
        rows = [tuple(row) for row in drawn.triples.tolist()]
        assert len(set(rows)) == len(rows)
        assert set(rows) <= known


def test_true_triples_of_both_sides_pair_all_and_random_ones_as_chance():
    found = assess_pairs(side(FULL, "true"), side(FULL, "true"), list_choices(), draws=3)
    assert len(found.rows) == 12
    assert all(row.share.low == 1 for row in found.rows if row.choice.method != "sequential")
    assert found.each == 9
    assert found.chance == 0.25
    found = assess_pairs(side(FULL), side(FULL, seed=1), GREEDY, draws=40)
    assert found.rows[0].share.mean == pytest.approx(0.25, abs=0.05)
    assert found.random.mean == pytest.approx(0.25, abs=0.05)


def test_equal_triples_do_not_tell_the_quadrant_by_their_order():
    constant = side(FULL, (9, 9, 9))
    found = assess_pairs(constant, constant, list_choices(), draws=20)
    assert all(row.share.mean == pytest.approx(0.25, abs=0.06) for row in found.rows)


def test_a_true_side_is_the_ceiling_of_the_other():
    found = assess_pairs(side(FULL, "true"), side(FULL), GREEDY, draws=3).rows[0]
    assert found.true_artworks.mean == 1
    assert found.true_tracks == found.share


def test_the_same_seed_draws_the_same():
    sides = side(FULL), side(FULL, seed=1)
    first = assess_pairs(*sides, GREEDY, draws=4, seed=7)
    assert assess_pairs(*sides, GREEDY, draws=4, seed=7) == first
    assert assess_pairs(*sides, GREEDY, draws=4, seed=8) != first


def test_fewer_quadrants_raise_what_chance_gives():
    found = assess_pairs(side({"Q1": 3, "Q3": 3}), side({"Q1": 4, "Q3": 2, "Q4": 9}), GREEDY)
    assert found.quadrants == ["Q1", "Q3"]
    assert (found.each, found.chance) == (2, 0.5)
    with pytest.raises(InputError, match="two quadrants or more"):
        assess_pairs(side({"Q1": 3}), side({"Q1": 4, "Q4": 9}), GREEDY)
