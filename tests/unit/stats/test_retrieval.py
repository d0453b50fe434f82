"""Ranks and what they give by chance, against ranks written out and drawn."""

import json
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmean.errors import InputError
from cmean.stats.retrieval import compute_retrieval_metrics, rank_relevant_targets

pytestmark = pytest.mark.filterwarnings("error")


@settings(max_examples=80)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 3), st.data())
def test_the_best_rank_is_that_written_out(n, m, d, data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    queries, targets = random.integers(-1, 2, (n, d)), random.integers(-1, 2, (m, d))
    relevant = {query: data.draw(st.sets(st.integers(0, m - 1), max_size=3)) for query in range(n)}
    found = rank_relevant_targets(queries, targets, relevant)

    for query, wanted in relevant.items():
        lengths = np.linalg.norm(targets, axis=1) * np.linalg.norm(queries[query])
        products = targets @ queries[query]
        cosines = np.round(np.divide(products, lengths, out=np.zeros(m), where=lengths > 0), 9)
        if not wanted:
            assert np.isnan(found[query])
            continue
        theirs = cosines[list(wanted)]
        equal = int(np.sum(cosines == theirs.max()))
        orders = permutations(range(1, equal + 1), int(np.sum(theirs == theirs.max())))
        first = np.mean([min(places) for places in orders])  # over all orders of the equal
        assert found[query] == pytest.approx(np.sum(cosines > theirs.max()) + first)


def test_many_targets_are_compared_in_blocks():
    random = np.random.default_rng(0)
    targets = random.standard_normal((3000, 4))
    queries = targets[:2000] + 1e-3 * random.standard_normal((2000, 4))

    found = rank_relevant_targets(queries, targets, {row: [row] for row in range(2000)})

    assert np.mean(found == 1) > 0.9
    some = [0, 1398, 1399, 1999]  # about where a block ends
    assert (
        found[some]
        == rank_relevant_targets(queries[some], targets, dict(enumerate([x] for x in some)))
    ).all()


@pytest.mark.parametrize(("targets", "relevant"), [(1, 1), (5, 1), (6, 2), (7, 3), (6, 6)])
def test_chance_is_the_mean_over_all_places_of_what_is_relevant(targets, relevant):
    best = [min(places) for places in combinations(range(1, targets + 1), relevant)]

    found = compute_retrieval_metrics(
        best, (1, 3, 10), targets=targets, relevant_counts=[relevant] * len(best)
    )

    for name, figure in found.items():
        assert figure.chance == pytest.approx(figure.estimate.value, abs=1e-12), name


def test_chance_is_that_of_random_vectors_with_unequal_counts():
    random = np.random.default_rng(1)
    queries, targets = random.standard_normal((2000, 30)), random.standard_normal((40, 30))
    relevant = {row: random.choice(40, 1 + row % 5, replace=False) for row in range(2000)}
    counts = [len(relevant[row]) for row in range(2000)]

    relevant = {query: rows.tolist() for query, rows in relevant.items()}
    found = compute_retrieval_metrics(
        rank_relevant_targets(queries, targets, relevant), targets=40, relevant_counts=counts
    )

    assert list(found) == ["R@1", "R@5", "R@10", "MRR"]
    for name, figure in found.items():
        assert figure.estimate.value == pytest.approx(figure.chance, abs=0.04), name
        assert figure.estimate.low < figure.estimate.value < figure.estimate.high


def test_what_many_relevant_targets_give_by_chance():
    """R@k is that of scipy's hypergeometric distribution."""
    from scipy.stats import hypergeom

    found = compute_retrieval_metrics([1.0], (1, 5, 100), targets=50_000, relevant_counts=[700])

    for k in (1, 5, 100):
        expected = hypergeom.sf(0, 50_000, 700, k)
        assert found[f"R@{k}"].chance == pytest.approx(expected, abs=1e-9)


def test_queries_without_an_answer_are_left_out_and_none_define_nothing():
    some = compute_retrieval_metrics([1.0, np.nan, 2.0], (1,), targets=4, relevant_counts=[1, 0, 1])
    none = compute_retrieval_metrics([np.nan], (1,), targets=4, relevant_counts=[0])

    assert (some["R@1"].estimate.value, some["R@1"].estimate.n) == (0.5, 2)
    assert some["MRR"].estimate.value == 0.75
    for figure in none.values():
        assert (figure.estimate.value, figure.chance) == (None, None)
        json.dumps(figure.as_dict(), allow_nan=False)
    assert np.isnan(rank_relevant_targets(np.ones((1, 2)), np.empty((0, 2)), {})).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: rank_relevant_targets(np.ones((1, 2)), np.ones((3, 2)), {0: [3]}),
        lambda: rank_relevant_targets(np.ones((1, 2)), np.ones((3, 2)), {1: [0]}),
        lambda: rank_relevant_targets(np.ones((1, 2)), np.ones((3, 1)), {0: [0]}),
        lambda: rank_relevant_targets(np.full((1, 2), np.inf), np.ones((3, 2)), {0: [0]}),
        lambda: rank_relevant_targets(np.ones(2), np.ones((3, 2)), {0: [0]}),
        lambda: compute_retrieval_metrics([5.0], targets=4, relevant_counts=[1]),
        lambda: compute_retrieval_metrics([1.0], targets=4, relevant_counts=[0]),
        lambda: compute_retrieval_metrics([1.0], targets=4, relevant_counts=[1, 1]),
    ],
)
def test_what_cannot_be_ranked_is_refused(call):
    with pytest.raises(InputError):
        call()
