"""Random assignments of what queries seek, against all of them and against the plain way."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.stats.retrieval import rank_relevant_targets
from cmean.stats.retrieval_null import draw_mean_reciprocal_ranks


@st.composite
def cases(draw):
    """Few directions, so that many cosines are equal; and zero vectors."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    vector = st.lists(st.integers(0, 2), min_size=2, max_size=2)
    queries, targets = (draw(st.lists(vector, min_size=k, max_size=k)) for k in (n, m))
    some = st.sets(st.integers(0, m - 1), min_size=1)
    return queries, targets, draw(st.lists(some, min_size=n, max_size=n))


def mrr(queries, targets, relevant):
    return np.mean(1 / rank_relevant_targets(queries, targets, dict(enumerate(relevant))))


@given(cases())
@settings(max_examples=60, deadline=None)
def test_each_is_the_plain_figure_of_some_assignment(case):
    queries, targets, relevant = case
    every = [mrr(queries, targets, order) for order in permutations(relevant)]
    drawn = draw_mean_reciprocal_ranks(queries, targets, relevant, 50)
    assert np.abs(drawn[:, np.newaxis] - every).min(axis=1).max() < 1e-12


def test_all_assignments_are_as_likely():
    random = np.random.default_rng(0)
    queries, targets = random.random((4, 3)), random.random((9, 3))
    relevant = [{0}, {3, 4}, {8}, {1}]
    every = np.array([mrr(queries, targets, order) for order in permutations(relevant)])
    drawn = draw_mean_reciprocal_ranks(queries, targets, relevant, 20_000)
    assert drawn.mean() == pytest.approx(every.mean(), rel=0.01)
    assert drawn.std() == pytest.approx(every.std(), rel=0.02)
    assert np.array_equal(drawn, draw_mean_reciprocal_ranks(queries, targets, relevant, 20_000))


def test_nothing_to_ask_and_wrong_questions():
    assert draw_mean_reciprocal_ranks(np.empty((0, 3)), np.ones((2, 3)), []).size == 0
    for relevant, count in (([set()], 10), ([], 10), ([{0}], 0)):
        with pytest.raises(InputError):
            draw_mean_reciprocal_ranks(np.ones((1, 3)), np.ones((2, 3)), relevant, count)
