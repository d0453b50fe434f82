"""What people say of the pairs, beside their nulls, on each database."""

from __future__ import annotations

import json
import math
from itertools import product

import numpy as np
import pytest
from people import add_items, load_evaluated, make_pairing

from cmean.catalog import pairings
from cmean.catalog.ratings import Rating
from cmean.evaluation.documents.rating_tables import RatingSummary
from cmean.evaluation.measures import human_ratings
from cmean.evaluation.measures.human_rating_tables import build_human_rating_tables
from cmean.ratings import importer, rating_sheets
from cmean.stats.agreement import compute_krippendorff_alpha
from cmean.util.dataclass_json import from_json, to_json


@pytest.fixture
def rated(catalog):
    """A pairing of eight pairs with as many controls."""
    add_items(catalog, 8, 9)
    return Rated(catalog)


class Rated:
    """A pairing, its control, and what is measured of their ratings."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.pairing = make_pairing(catalog)
        self.control = rating_sheets.create_rating_sheet(
            catalog, self.pairing, rating_sheets.SheetOptions()
        ).control

    def ids(self, pairing):
        with self.catalog.read() as connection:
            return pairings.read_pair_ids(connection, pairing).tolist()

    def rate(self, pairing, rater, scores):
        """Congruence of the first pairs; None: not rated."""
        for pair_id, score in zip(self.ids(pairing), scores, strict=False):
            if score is not None:
                importer.store_rating(
                    self.catalog, Rating(pair_id, rater, score, seconds=float(score))
                )

    def choose(self, rater, answers):
        for pair_id, answer in zip(self.ids(self.pairing), answers, strict=False):
            importer.store_rating(self.catalog, Rating(pair_id, rater, preferred=answer))

    def measure(self, permutations=200):
        with self.catalog.read() as connection:
            evaluated = load_evaluated(self.catalog, self.pairing, permutations)
            found = human_ratings.measure_human_ratings(connection, evaluated)
        if found is None:
            return None
        document = json.loads(json.dumps(to_json(found), allow_nan=False))
        for table in build_human_rating_tables(from_json(RatingSummary, document)):
            assert all(len(row) == len(table.header) for row in table.rows)
            assert table.note
        return document


def test_nobody_has_rated(rated):
    assert rated.measure() is None
    rated.rate(rated.control, "Ada", [1])  # a random pair alone says nothing of the pairing
    assert rated.measure() is None
    assert build_human_rating_tables(None) == []


def test_one_rating(rated):
    rated.rate(rated.pairing, "Ada", [4])
    found = rated.measure()
    for row in found["congruence"].values():
        assert (row["mean"]["value"], row["mean"]["n"], row["mean"]["low"]) == (4.0, 1, None)
        assert row["control_mean"]["value"] is None
        assert row["difference"] is None
        assert "random pairs" in row["null"]["why"]
    assert found["similarity"]["value"] is None
    assert found["similarity"]["null"]["why"]
    assert found["choice"] is None
    for level in found["agreement"]["congruence"].values():
        assert (level["value"], level["units"]) == (None, 0)
        assert level["why"]
    (rater,) = found["raters"]
    assert (rater["rater"], rater["pairs"], rater["controls"]) == ("Ada", 1, 0)
    assert (rater["mean"], rater["std"], rater["median_seconds"]) == (4.0, 0.0, 4.0)


def test_one_choice(rated):
    rated.choose("Ada", ["random"])
    found = rated.measure()
    assert (found["congruence"], found["similarity"]) == (None, None)
    assert found["choice"]["win_rate"]["value"] == 0.0
    assert (found["choice"]["null"]["p"], found["choice"]["null"]["z"]) == (1.0, -1.0)
    assert found["agreement"]["choice"]["nominal"]["value"] is None
    assert "congruence" not in found["agreement"]


def test_pairs_beside_random_pairs(rated):
    for rater in ("Ada", "Bo"):
        rated.rate(rated.pairing, rater, [5, 4, 5, 4, 5, 4, 5, 4])
        rated.rate(rated.control, rater, [1, 2, 1, 2, 1, 2, 1, 2])
    found = rated.measure()["congruence"]
    for over, n in (("ratings", 16), ("pairs", 8)):
        row = found[over]
        assert (row["mean"]["n"], row["control_mean"]["n"]) == (n, n)
        assert (row["mean"]["value"], row["control_mean"]["value"]) == (4.5, 1.5)
        assert row["difference"] == 3.0
        assert row["null"]["p"] == pytest.approx(1 / 201)
        assert abs(row["null"]["mean"]) < 0.2
        assert row["null"]["z"] > 3
        assert (row["rated_pairs"], row["rated_controls"], row["raters"]) == (8, 8, 2)
    assert found["pairs"]["null"]["sd"] > found["ratings"]["null"]["sd"]


def test_the_null_deals_out_answers_within_each_rater(rated):
    """Against all ways in which the answers of each of two raters can be dealt out."""
    scores = {"Ada": ([5, 4, 4], [3, 4]), "Bo": ([2, 2], [1, 1, 3])}
    for rater, (pairs, controls) in scores.items():
        rated.rate(rated.pairing, rater, pairs)
        rated.rate(rated.control, rater, controls)
    null = rated.measure(permutations=4000)["congruence"]["ratings"]["null"]
    ada, bo = ([*pairs, *controls] for pairs, controls in scores.values())
    drawn = [
        (a + b) / 5 - (sum(ada) + sum(bo) - a - b) / 5
        for a, b in product(sums(ada, 3), sums(bo, 2))
    ]
    observed = 17 / 5 - 12 / 5
    p = np.mean(np.array(drawn) >= observed - 1e-9)
    assert null["mean"] == pytest.approx(np.mean(drawn), abs=0.03)
    assert null["sd"] == pytest.approx(np.std(drawn), rel=0.05)
    assert null["p"] == pytest.approx(p, abs=0.03)


def sums(values, number):
    """The sum of every choice of so many values."""
    chosen = [c for c in product([0, 1], repeat=len(values)) if sum(c) == number]
    return [float(np.dot(c, values)) for c in chosen]


def test_raters_who_rated_one_kind_only_leave_the_null_undefined(rated):
    rated.rate(rated.pairing, "Ada", [4, 5])
    rated.rate(rated.control, "Bo", [1, 2])
    found = rated.measure()["congruence"]
    assert found["ratings"]["difference"] == 3.0
    assert "no rater has rated both" in found["ratings"]["null"]["why"]
    assert found["pairs"]["null"]["p"] is not None


def test_equal_answers_have_no_agreement_and_no_correlation(rated):
    for rater in ("Ada", "Bo"):
        rated.rate(rated.pairing, rater, [3] * 8)
        rated.rate(rated.control, rater, [3] * 8)
    found = rated.measure()
    assert found["congruence"]["ratings"]["null"]["z"] is None
    assert found["similarity"]["value"] is None
    for level in found["agreement"]["congruence"].values():
        assert (level["value"], level["units"]) == (None, 16)
        assert "equal" in level["why"]


def test_agreement_is_over_what_two_have_rated(rated):
    answers = {"Ada": [1, 2, 3, None, 5], "Bo": [1, 3, 3, 4, None], "Cy": [None, 2, 4, 4, 5]}
    for rater, scores in answers.items():
        rated.rate(rated.pairing, rater, scores)
    table = [[np.nan if s is None else s for s in scores] for scores in answers.values()]
    found = rated.measure()["agreement"]["congruence"]
    for level in ("nominal", "ordinal", "interval"):
        assert found[level]["value"] == pytest.approx(
            compute_krippendorff_alpha(table, level).value
        )
        assert found[level]["units"] == 5
        assert found[level]["low"] <= found[level]["value"] <= found[level]["high"]


def test_choices_beside_a_coin(rated):
    rated.choose("Ada", ["pair"] * 6 + ["random"])
    rated.choose("Bo", ["pair"] * 3)
    found = rated.measure()
    choice = found["choice"]
    assert (choice["won"], choice["win_rate"]["n"]) == (9, 10)
    assert choice["win_rate"]["value"] == 0.9
    assert choice["null"]["p"] == pytest.approx(11 / 1024)
    assert choice["null"]["z"] == pytest.approx(0.4 / (0.5 / math.sqrt(10)))
    pairs = choice["pairs"]  # three were chosen by both, four by Ada alone, against one of them
    assert (pairs["won"], pairs["win_rate"]["n"], pairs["tied"]) == (6, 7, 0)
    assert pairs["null"]["p"] == pytest.approx(8 / 128)
    assert found["agreement"]["choice"]["nominal"]["units"] == 3
    assert [(r["rater"], r["choices"], r["won"]) for r in found["raters"]] == [
        ("Ada", 7, 6),
        ("Bo", 3, 3),
    ]


def test_a_pair_whose_choices_are_a_tie_does_not_count(rated):
    rated.choose("Ada", ["pair", "pair"])
    rated.choose("Bo", ["random", "pair"])
    choice = rated.measure()["choice"]
    assert (choice["won"], choice["win_rate"]["n"]) == (3, 4)
    assert (choice["pairs"]["won"], choice["pairs"]["win_rate"]["n"]) == (1, 1)
    assert choice["pairs"]["tied"] == 1


def test_where_all_pairs_are_ties_there_is_no_rate_over_pairs(rated):
    rated.choose("Ada", ["pair", "random"])
    rated.choose("Bo", ["random", "pair"])
    pairs = rated.measure()["choice"]["pairs"]
    assert (pairs["tied"], pairs["win_rate"]["value"], pairs["null"]["p"]) == (2, None, None)
    assert pairs["win_rate"]["why"]


def test_similar_pairs_that_seem_congruent(rated):
    rated.rate(rated.pairing, "Ada", [5, 5, 4, 4, 3, 2, 2, 1])  # best first, as they are ranked
    found = rated.measure()["similarity"]
    assert found["n"] == 8
    assert found["value"] > 0.95
    assert found["low"] <= found["value"] <= found["high"] <= 1
    assert (found["null"]["mean"], found["null"]["sd"]) == (0.0, pytest.approx(1 / math.sqrt(7)))
    assert found["null"]["p"] < 0.05


def test_the_same_seed_gives_the_same(rated):
    rated.rate(rated.pairing, "Ada", [5, 3, 4, 2])
    rated.rate(rated.control, "Ada", [2, 3, 1])
    assert rated.measure() == rated.measure()
