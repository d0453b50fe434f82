"""The statistics of `benchmarks/truth.py` beside scipy's and scikit-learn's, on made-up sets."""

import numpy as np
import pytest
from scipy import stats  # noqa: TID253 - the reference itself
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from truth_statistics import (
    FOLDS,
    REPEATS,
    Sampling,
    best_measurement,
    change_of,
    correlate_channels,
    estimate,
    explained_share,
    mean_of,
    percentiles,
    ridge_predictions,
    statistic_of,
)

N = 120


@pytest.fixture
def made_up():
    """Scores, labels that go with them, and groups of three that share most of their noise."""
    random = np.random.default_rng(4)
    groups = np.repeat(np.arange(N // 3), 3)
    shared = random.normal(size=N // 3)[groups]
    scores = np.round(shared + 0.2 * random.normal(size=N), 1)
    labels = np.round(scores + 2 * random.normal(size=N // 3)[groups], 1)
    return scores, labels, groups


def test_spearman_and_auc_are_those_of_others(made_up):
    scores, labels, _ = made_up
    rows = np.arange(N)
    found = statistic_of(scores, labels, two_valued=False)(rows)
    assert found == pytest.approx(stats.spearmanr(scores, labels).statistic)
    high = np.where(labels > 0, 1.0, -1.0)
    found = statistic_of(scores, high, two_valued=True)(rows)
    assert found == pytest.approx(roc_auc_score(high, scores))


def test_the_interval_draws_groups_not_items(made_up):
    scores, labels, groups = made_up
    statistic = statistic_of(scores, labels, two_valued=False)
    by_group = estimate(statistic, groups, Sampling(resamples=2000))
    by_item = estimate(statistic, np.arange(N), Sampling(resamples=2000))

    random = np.random.default_rng(1)
    drawn = []
    for _ in range(2000):
        rows = np.concatenate([3 * g + np.arange(3) for g in random.integers(N // 3, size=N // 3)])
        drawn.append(stats.spearmanr(scores[rows], labels[rows]).statistic)
    expected = np.quantile(drawn, [0.025, 0.975])

    assert (by_group.low, by_group.high) == pytest.approx(expected, abs=0.03)
    assert by_group.high - by_group.low > 1.3 * (by_item.high - by_item.low)
    assert estimate(statistic, groups, Sampling(resamples=2000)) == by_group


def test_of_too_few_groups_there_is_no_interval(made_up):
    scores, labels, _ = made_up
    found = estimate(statistic_of(scores, labels, two_valued=False), np.zeros(N, int), Sampling())
    assert found.value is not None
    assert found.low is None
    assert "groups are too few" in found.why


def test_what_does_not_vary_has_no_figure(made_up):
    _, labels, groups = made_up
    for two_valued in (False, True):
        statistic = statistic_of(np.ones(N), labels > 0, two_valued=two_valued)
        found = estimate(statistic, groups, Sampling())
        assert found.value is None
        assert "do not vary" in found.why


def test_changes_and_means_are_over_the_same_rows(made_up):
    scores, labels, groups = made_up
    statistic = statistic_of(scores, labels, two_valued=False)
    opposite = statistic_of(-scores, labels, two_valued=False)
    none = estimate(change_of(statistic, statistic), groups, Sampling(resamples=50))
    assert (none.value, none.low, none.high) == (0, 0, 0)
    assert mean_of([statistic, opposite])(np.arange(N)) == pytest.approx(0)
    found = change_of(opposite, statistic)(np.arange(N))
    assert found == pytest.approx(2 * stats.spearmanr(scores, labels).statistic)


def test_the_best_measurement_counts_either_way_and_is_no_conclusion(made_up):
    scores, labels, _ = made_up
    measurements = {"a": scores, "b": -labels, "sadness": labels, "flat": np.ones(N)}
    assert best_measurement(measurements, labels, two_valued=False) == ("b", pytest.approx(-1))
    assert best_measurement({"flat": np.ones(N)}, labels, two_valued=False) is None
    assert best_measurement({}, labels, two_valued=False) is None


def test_a_ridge_predicts_what_it_was_not_fitted_on():
    random = np.random.default_rng(0)
    x = random.normal(size=(N, 3)) * (1, 10, 100)
    y = x @ (1.0, 0.2, 0.0) + 0.5 * random.normal(size=N)
    predicted = ridge_predictions(x, y, np.arange(N))
    assert len(predicted) == REPEATS
    for each in predicted:
        assert stats.spearmanr(each, y).statistic > 0.9
    # with hardly any noise the strength chosen is the least, and the folds' fits are all alike
    exact = ridge_predictions(x, x @ (1.0, 0.2, 0.0), np.arange(N))[0]
    scaled = (x - x.mean(0)) / x.std(0)
    other = Ridge(alpha=0.1).fit(scaled, x @ (1.0, 0.2, 0.0)).predict(scaled)
    assert exact == pytest.approx(other, abs=0.05)


def test_a_ridge_is_not_fitted_on_the_group_that_it_predicts():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 6)
    x, y = random.normal(size=(N, 3)), random.normal(size=N)
    changed = np.where(groups == 7, y + 100, y)
    for before, after in zip(
        ridge_predictions(x, y, groups), ridge_predictions(x, changed, groups), strict=True
    ):
        assert after[groups == 7].tolist() == before[groups == 7].tolist()
        assert (after != before).mean() > 0.5


def test_a_ridge_needs_items_and_groups():
    x, y = np.zeros((N, 3)), np.zeros(N)
    assert "10 items" in ridge_predictions(x[:9], y[:9], np.arange(9))
    assert "2 groups" in ridge_predictions(x, y, np.zeros(N, int))
    flat = ridge_predictions(x, np.arange(N) * 1.0, np.arange(N) % (FOLDS - 2))
    assert all(np.isfinite(each).all() for each in flat)


def test_percentiles_are_mid_ranks():
    values = np.array([3.0, 1.0, 3.0, 7.0])
    expected = [stats.percentileofscore(values, v, "mean") / 100 for v in values]
    assert percentiles(values).tolist() == expected


def test_channels_are_correlated_two_by_two():
    triples = np.random.default_rng(0).integers(0, 256, (40, 3)).astype(float)
    found = correlate_channels(triples)
    assert found["red, blue"].value == pytest.approx(
        stats.spearmanr(triples[:, 0], triples[:, 2]).statistic
    )
    triples[:, 2] = 7
    assert correlate_channels(triples)["green, blue"].value is None


def test_the_share_that_groups_explain_is_that_of_an_analysis_of_variance():
    random = np.random.default_rng(0)
    names = list("abbbccccaa") * 3
    values = random.normal(size=30) + [ord(name) for name in names]
    share, chance = explained_share(values, names)
    f = stats.f_oneway(*(values[np.array(names) == name] for name in "abc")).statistic
    assert share / (1 - share) * (27 / 2) == pytest.approx(f)
    assert chance == pytest.approx(2 / 29)
    assert explained_share(values, ["a"] * 30) is None
    assert explained_share(values, [str(n) for n in range(30)]) is None
    assert explained_share(np.ones(30), names) is None
    assert explained_share(np.empty(0), []) is None
