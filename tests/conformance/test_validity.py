"""Triples, pairs and vectors against labels: as scipy and brute force have it, or undefined."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy import stats  # noqa: TID253 - the reference itself
from triples import Triples

from cmean.catalog import labels as label_rows
from cmean.catalog import pairings
from cmean.config import Settings
from cmean.domain import CHANNELS, POSITIONS, Kind
from cmean.errors import InputError
from cmean.evaluation.documents.label_tables import LabelValidity
from cmean.evaluation.evaluated_pairing import EvaluatedPairing
from cmean.evaluation.measures import label_validity
from cmean.evaluation.measures.label_validity_tables import build_label_validity_tables
from cmean.jobs import requests
from cmean.matching import calibrate_vectors
from cmean.pairing import service as pairing_service
from cmean.presentation.text_tables import print_table
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import from_json, to_json

NUMBER = 5  # 120 pairings: few enough to try them all


class Corpus:
    """Items with triples and labels of a test's choice, and their pairing."""

    def __init__(self, catalog, number=NUMBER, constant=False):
        self.catalog = catalog
        triples = Triples(catalog)
        random = np.random.default_rng(1)
        self.rgb = {
            kind: np.full((number, 5, 3), 90)
            if constant
            else random.integers(1, 256, (number, 5, 3))
            for kind in Kind
        }
        self.ids = {
            kind: [
                triples.add(kind, {p: tuple(item[p]) for p in POSITIONS})
                for item in self.rgb[kind].tolist()
            ]
            for kind in Kind
        }

    def label(self, kind, dimension, values, name="set"):
        with self.catalog.write() as connection:
            rows = zip(self.ids[kind], values, strict=False)
            label_rows.write_labels(
                connection, name, [(i, dimension, v) for i, v in rows if v is not None]
            )

    def belong(self, pairs, name="set"):
        tracks, artworks = (self.ids[kind] for kind in Kind)
        with self.catalog.write() as connection:
            label_rows.write_label_pairs(
                connection, name, [(tracks[t], artworks[a]) for t, a in pairs]
            )

    def load_pairing(self, vector="whole", sampling=None):
        profile = Settings().get_profile("embedded")
        task = pairing_service.request_pairing(self.catalog, profile, "sequential", vector)
        requests.complete_request(self.catalog, Settings(), task, None)
        made = pairing_service.read_pairing_document(self.catalog, task)["pairing"]
        with self.catalog.read() as connection:
            row = pairings.read_pairing(connection, made)
            triples = {
                kind: pairings.read_triples(connection, row.recipe_id(kind), POSITIONS)
                for kind in Kind
            }
            pairs = pairings.read_pairs(connection, made)
        random = np.random.default_rng(2)
        resampled = [pairs.copy() for _ in range(3)]
        for other in resampled:
            other["artwork_id"] = random.permutation(other["artwork_id"])
        items = {kind: np.array(self.ids[kind]) for kind in Kind}
        sampling = sampling or SamplingOptions(permutations=4000, bootstraps=50)
        return EvaluatedPairing(
            row, pairs, np.arange(len(pairs)), items, triples, resampled, sampling
        )

    def check(self, *names):
        """Whether there are label sets of these names."""
        with self.catalog.read() as connection:
            label_validity.require_label_sets(connection, names)

    def measure(self, evaluated=None, name="set"):
        """What is found: without warnings, and JSON without not-a-number."""
        with warnings.catch_warnings(), self.catalog.read() as connection:
            warnings.simplefilter("error")
            pairing = evaluated or self.load_pairing()
            found = label_validity.measure_label_validity(connection, pairing, name)
        document = json.loads(json.dumps(to_json(found), allow_nan=False))
        for table in build_tables(document):
            assert all(len(row) == len(table.header) for row in table.rows)
            text = io.StringIO()
            print_table(table.title, table.header, table.rows, text)
            assert max(map(len, text.getvalue().rstrip().splitlines())) <= 100
        return document


def build_tables(document):
    """The tables of what was stored."""
    return build_label_validity_tables(from_json(LabelValidity, document))


@pytest.fixture
def corpus(catalog):
    return Corpus(catalog)


def aligned(evaluated, corpus, tracks, artworks):
    """The labels of the pairs' two items."""
    sides = [
        dict(zip(corpus.ids[kind], v, strict=True))
        for kind, v in zip(Kind, (tracks, artworks), strict=True)
    ]
    return [
        np.array([side[item] for item in evaluated.pairs[f"{kind.value}_id"].tolist()])
        for side, kind in zip(sides, Kind, strict=True)
    ]


def test_channels_against_numbers_are_spearmans(corpus):
    values = [3.5, 1.0, 4.0, 1.0, 5.0]
    corpus.label(Kind.TRACK, "Arousal", values)
    corpus.label(Kind.TRACK, "valence", [1.0, 2.0, None, 3.0, 5.0])
    rows = {(r["dimension"], r["channel"]): r for r in corpus.measure()["triples"]["track"]["rows"]}
    assert len(rows) == 6
    for number, channel in enumerate(CHANNELS):
        row = rows["Arousal", channel]
        x = corpus.rgb[Kind.TRACK][:, 0, number]
        assert row["value"] == pytest.approx(stats.spearmanr(x, values).statistic, abs=1e-12)
        assert (row["statistic"], row["n"], row["null"]) == ("Spearman", 5, 0)
        every = [stats.spearmanr(x, order).statistic for order in permutations(values)]
        sides = [np.mean(sign * np.array(every) >= sign * row["value"] - 1e-9) for sign in (1, -1)]
        assert row["p"] == pytest.approx(min(1, 2 * min(sides)), abs=0.05)
    assert rows["valence", "red"]["n"] == 4
    signs = {key: row["expected"] for key, row in rows.items() if row["expected"]}
    assert signs == {
        ("Arousal", "red"): "+",
        ("Arousal", "green"): "−",
        ("valence", "blue"): "−",
    }


def test_channels_against_classes_are_areas_under_the_curve(corpus):
    corpus.label(Kind.ARTWORK, "joy", [0.0, 1.0, 1.0, 0.0, 1.0])
    corpus.label(Kind.ARTWORK, "mood", ["a", "b", "b", "a", "c"])
    corpus.label(Kind.ARTWORK, "same", ["x"] * 5)
    found = corpus.measure()["triples"]["artwork"]
    rows = {(r["dimension"], r["category"], r["channel"]): r for r in found["rows"]}
    assert {key[:2] for key in rows} == {("joy", None), ("mood", "a"), ("mood", "b")}
    for number, channel in enumerate(CHANNELS):
        x = corpus.rgb[Kind.ARTWORK][:, 0, number]
        joyful = np.array([False, True, True, False, True])
        u = stats.mannwhitneyu(x[joyful], x[~joyful]).statistic
        assert rows["joy", None, channel]["value"] == pytest.approx(u / 6, abs=1e-12)
        assert rows["joy", None, channel]["null"] == 0.5
    assert found["left_out"] == [
        {
            "dimension": "mood",
            "categories": ["c"],
            "count": 1,
            "why": "fewer than 2 items are of it",
        },
        {"dimension": "same", "categories": ["x"], "count": 1, "why": "all items are of it"},
    ]


def test_numbers_across_pairs_beside_every_pairing(corpus):
    tracks, artworks = [1.0, 5.0, 2.0, 4.0, 3.0], [1.5, 4.0, 2.5, 2.5, 6.0]
    corpus.label(Kind.TRACK, "valence", tracks)
    corpus.label(Kind.ARTWORK, "valence", artworks)
    evaluated = corpus.load_pairing()
    found = {row["statistic"]: row for row in corpus.measure(evaluated)["agreement"]}
    one, other = aligned(evaluated, corpus, tracks, artworks)
    statistics = {
        "Spearman": lambda a, b: stats.spearmanr(a, b).statistic,
        "difference": lambda a, b: np.abs(a - b).mean(),
    }
    for name, statistic in statistics.items():
        row, random = found[name], found[name]["random"]
        assert row["value"] == pytest.approx(statistic(one, other), abs=1e-9)
        every = np.array([statistic(one, np.array(order)) for order in permutations(other)])
        assert random["mean"] == pytest.approx(every.mean(), abs=0.05)
        assert random["sd"] == pytest.approx(every.std(), rel=0.05)
        assert random["z"] == pytest.approx((row["value"] - random["mean"]) / random["sd"])
        sign = 1 if name == "Spearman" else -1
        better = np.mean(sign * every >= sign * row["value"] - 1e-9)
        assert random["p"] == pytest.approx(better, abs=0.04)
        values = [
            statistic(*aligned(replace(evaluated, pairs=r), corpus, tracks, artworks))
            for r in evaluated.resampled
        ]
        assert row["resampled"]["mean"] == pytest.approx(np.mean(values), abs=1e-9)
        assert row["resampled"]["sd"] == pytest.approx(np.std(values), abs=1e-9)
    assert found["Spearman"]["constant"] == {
        "value": None,
        "why": "one value for all artworks does not vary",
    }
    assert found["difference"]["constant"]["value"] == pytest.approx(np.mean(np.abs(one - 2.5)))


def test_categories_across_pairs_beside_every_pairing(corpus):
    tracks, artworks = ["a", "b", "b", "a", "c"], ["b", "b", "a", "b", "d"]
    corpus.label(Kind.TRACK, "mood", tracks)
    corpus.label(Kind.ARTWORK, "mood", artworks)
    evaluated = corpus.load_pairing()
    (row,) = corpus.measure(evaluated)["agreement"]
    one, other = aligned(evaluated, corpus, tracks, artworks)
    assert (row["statistic"], row["n"]) == ("equal", 5)
    assert row["value"] == pytest.approx(np.mean(one == other))
    every = np.array([np.mean(one == np.array(order)) for order in permutations(other)])
    assert row["random"]["mean"] == pytest.approx(every.mean(), abs=0.01)
    assert row["random"]["p"] == pytest.approx(np.mean(every >= row["value"] - 1e-9), abs=0.04)
    assert row["constant"]["value"] == pytest.approx(0.4)  # all artworks b


def test_the_null_is_over_all_items_that_were_there(catalog):
    """Of seven artworks four are paired; one track and two artworks have no label."""
    corpus = Corpus(catalog, 7)
    corpus.ids[Kind.TRACK] = corpus.ids[Kind.TRACK][:4]
    tracks, artworks = [3.0, None, 1.0, 7.5], [2.0, 5.0, None, 1.0, 9.0, None, 4.0]
    corpus.label(Kind.TRACK, "valence", tracks)
    corpus.label(Kind.ARTWORK, "valence", artworks)
    evaluated = corpus.load_pairing()
    paired = np.isin(evaluated.pairs["track_id"], corpus.ids[Kind.TRACK])
    evaluated = replace(evaluated, pairs=evaluated.pairs[paired])
    (row,) = (r for r in corpus.measure(evaluated)["agreement"] if r["statistic"] == "difference")
    means = []
    for chosen in permutations(artworks, 4):
        both = [pair for pair in zip(tracks, chosen, strict=True) if None not in pair]
        means += [np.mean([abs(one - other) for one, other in both])] if both else []
    every = np.array(means)
    assert row["random"]["mean"] == pytest.approx(every.mean(), abs=every.std() / 12)
    assert row["random"]["sd"] == pytest.approx(every.std(), rel=0.1)
    assert row["random"]["p"] == pytest.approx(np.mean(every <= row["value"] + 1e-9), abs=0.05)


def test_numbers_beside_categories_of_one_dimension(corpus):
    corpus.label(Kind.TRACK, "valence", [1.0, 2.0, 3.0, 4.0, "none"])
    corpus.label(Kind.ARTWORK, "valence", [4.0, 3.0, 2.0, "none", "none"])
    rows = corpus.measure()["agreement"]
    assert [row["statistic"] for row in rows] == ["Spearman", "difference", "equal"]
    assert not any("categories on the other" in row["why"] for row in rows)
    corpus.label(Kind.TRACK, "mood", [1.0, 2.0, 3.0, 4.0, 5.0])
    corpus.label(Kind.ARTWORK, "mood", ["a", "b", "c", "d", "e"])
    (mood,) = [row for row in corpus.measure()["agreement"] if row["dimension"] == "mood"]
    assert (mood["n"], mood["why"]) == (0, "numbers on one side, categories on the other")


def every_null(evaluated, statistic, tracks, artworks):
    """A statistic of labels by item over every pairing of the pairing's items; NaN if undefined."""
    one, other = (evaluated.items[kind].tolist() for kind in Kind)
    found = []
    for order in permutations(other, len(one)):
        pairs = [(tracks[t], artworks[a]) for t, a in zip(one, order, strict=True)]
        both = [pair for pair in pairs if None not in pair]
        found.append(statistic(*map(np.array, zip(*both, strict=True))) if both else np.nan)
    return np.array(found)


def rho(one, other):
    varies = len(set(one.tolist())) > 1 and len(set(other.tolist())) > 1
    return stats.spearmanr(one, other).statistic if varies else np.nan


@pytest.mark.parametrize(
    ("tracks", "artworks", "statistics"),
    [
        (
            [1.0, None, 4.0, 2.0, 3.0],
            [2.5, 4.0, None, 2.0, 6.0, 0.5],
            {"Spearman": rho, "difference": lambda a, b: np.abs(a - b).mean()},
        ),
        (
            ["a", None, "b", None, "a"],
            ["b", "a", None, None, "c", "a"],
            {"equal": lambda a, b: np.mean(a == b)},
        ),
    ],
    ids=["numbers", "categories"],
)
def test_the_null_is_that_of_every_pairing_of_all_items(catalog, tracks, artworks, statistics):
    corpus, later = Corpus(catalog), Corpus(catalog, 1)
    corpus.ids[Kind.ARTWORK] += later.ids[Kind.ARTWORK]  # one artwork more than there are tracks
    corpus.label(Kind.TRACK, "valence", tracks)
    corpus.label(Kind.ARTWORK, "valence", artworks)
    known, seen = (
        dict(zip(corpus.ids[kind], labels, strict=True))
        for kind, labels in zip(Kind, (tracks, artworks), strict=True)
    )
    evaluated = corpus.load_pairing()
    mine = evaluated.pairs[np.isin(evaluated.pairs["track_id"], list(known))]
    evaluated = replace(evaluated, pairs=mine)
    rows = {row["statistic"]: row for row in corpus.measure(evaluated)["agreement"]}
    assert set(rows) == set(statistics)
    for name, statistic in statistics.items():
        row, random = rows[name], rows[name]["random"]
        every = every_null(evaluated, statistic, known, seen)
        every = every[np.isfinite(every)]
        assert random["mean"] == pytest.approx(every.mean(), abs=4 * every.std() / 60)
        assert random["sd"] == pytest.approx(every.std(), rel=0.06)
        sign = -1 if name == "difference" else 1
        better = np.mean(sign * every >= sign * row["value"] - 1e-9)
        assert random["p"] == pytest.approx(better, abs=0.04)


def test_fragments_are_permuted_position_by_position(corpus):
    tracks, artworks = [0.0, 0.0, 1.0, 1.0, 3.0], [2.0, 0.0, 1.0, 1.0, 0.0]
    corpus.label(Kind.TRACK, "energy", tracks)
    corpus.label(Kind.ARTWORK, "energy", artworks)
    evaluated = corpus.load_pairing("fragments")
    row = corpus.measure(evaluated)["agreement"][0]
    one, other = aligned(evaluated, corpus, tracks, artworks)
    assert row["n"] == 20
    assert row["value"] == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-9)
    every = [stats.spearmanr(tracks, order).statistic for order in permutations(artworks)]
    assert row["random"]["sd"] == pytest.approx(np.std(every) / 2, rel=0.05)


@pytest.mark.parametrize(
    ("vector", "joined"),
    [("whole", (0,)), ("fragments", (1, 2, 3, 4)), ("concatenated", POSITIONS)],
)
def test_retrieval_ranks_by_the_vectors_that_were_paired(corpus, vector, joined):
    pairs = [(0, 1), (0, 2), (1, 1), (3, 4)]
    corpus.belong(pairs)
    there, back = corpus.measure(corpus.load_pairing(vector))["retrieval"]
    assert [(way["queries"], way["targets"]) for way in (there, back)] == [
        ("track", "artwork"),
        ("artwork", "track"),
    ]
    unit = {}
    for kind in Kind:
        rows = corpus.rgb[kind][:, list(joined)].reshape(NUMBER, -1)
        rows = calibrate_vectors(rows).astype(float)  # as the profile chooses
        unit[kind] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit[Kind.TRACK] @ unit[Kind.ARTWORK].T
    relevant = {0: [1, 2], 1: [1], 3: [4]}

    def reciprocal(query, sought):
        return 1 / min(1 + np.sum(cosines[query] > cosines[query, t]) for t in relevant[sought])

    mean = np.mean([reciprocal(query, query) for query in relevant])
    figures = there["figures"]
    assert (figures["MRR"]["n"], back["figures"]["MRR"]["n"]) == (3, 3)
    assert figures["MRR"]["value"] == pytest.approx(mean)
    first = np.mean([reciprocal(query, query) == 1 for query in relevant])
    assert figures["R@1"]["value"] == pytest.approx(first)
    assert figures["R@1"]["chance"] == pytest.approx((2 / 5 + 1 / 5 + 1 / 5) / 3)
    assert figures["R@5"]["value"] == figures["R@5"]["chance"] == 1
    every = [
        np.mean([reciprocal(q, s) for q, s in zip(relevant, order, strict=True)])
        for order in permutations(relevant)
    ]
    assert there["permuted"]["mean"] == pytest.approx(np.mean(every), abs=0.02)
    better = np.mean(np.array(every) >= mean - 1e-9)
    assert there["permuted"]["p"] == pytest.approx(better, abs=0.04)


def test_a_constant_triple_is_undefined_with_its_reason(catalog):
    corpus = Corpus(catalog, constant=True)
    corpus.label(Kind.TRACK, "arousal", [1.0, 2.0, 3.0, 4.0, 5.0])
    corpus.label(Kind.TRACK, "joy", [0.0, 1.0, 0.0, 1.0, 1.0])
    corpus.belong([(0, 0), (1, 1)])
    found = corpus.measure()
    rows = {(r["dimension"], r["channel"]): r for r in found["triples"]["track"]["rows"]}
    for channel in CHANNELS:
        assert rows["arousal", channel]["value"] is None
        assert rows["arousal", channel]["p"] is None
        assert "does not vary" in rows["arousal", channel]["why"]
        assert rows["joy", channel]["value"] == 0.5
        assert rows["joy", channel]["p"] == 1
    assert [way["figures"]["R@1"]["value"] for way in found["retrieval"]] == [0, 0]
    assert [way["permuted"]["p"] for way in found["retrieval"]] == [1, 1]
    (table, _) = build_tables(found)
    assert "Undefined (–): one of the two does not vary" in table.note


@pytest.mark.parametrize("number", [1, 2])
def test_one_pair_and_labels_of_one_kind_alone(catalog, number):
    corpus = Corpus(catalog, number)
    corpus.label(Kind.TRACK, "valence", [1.0] * number)
    corpus.label(Kind.TRACK, "mood", ["a"] * number)
    corpus.belong([(0, 0)])
    found = corpus.measure()
    assert found["agreement"] == []
    assert all(row["value"] is None and row["why"] for row in found["triples"]["track"]["rows"])
    corpus.label(Kind.ARTWORK, "valence", [2.0] * number)
    corpus.label(Kind.ARTWORK, "mood", ["a"] * number)
    rows = {row["statistic"]: row for row in corpus.measure()["agreement"]}
    assert rows["Spearman"]["value"] is None
    assert rows["difference"]["value"] == 1
    assert rows["equal"]["value"] == 1
    assert rows["equal"]["random"]["z"] is None
    assert rows["equal"]["random"]["why"]


def test_labels_of_items_that_were_not_paired_and_of_two_types(catalog):
    corpus = Corpus(catalog, 4)
    evaluated = corpus.load_pairing()
    later = Corpus(catalog, 2)
    later.label(Kind.TRACK, "valence", [1.0, 2.0])
    later.label(Kind.ARTWORK, "valence", [1.0, 2.0])
    later.belong([(0, 1)])
    later.label(Kind.TRACK, "mood", ["a", "b"])
    later.label(Kind.ARTWORK, "mood", [1.0, 2.0])
    found = later.measure(evaluated)
    assert {row["n"] for row in found["triples"]["track"]["rows"]} == {0}
    whys = {(row["dimension"], row["why"]) for row in found["agreement"]}
    assert whys == {
        ("valence", "no pair has both labels"),
        ("mood", "numbers on one side, categories on the other"),
    }
    assert [way["why"] for way in found["retrieval"]] == [
        "no labelled pair has triples on both sides"
    ] * 2


def test_a_set_that_is_not_there_is_said(corpus):
    corpus.label(Kind.TRACK, "valence", [1.0] * 5, name="known")
    with pytest.raises(InputError, match="no label set 'other'; there is known"):
        corpus.check("known", "other")


def test_the_same_seed_gives_the_same(corpus):
    for kind in Kind:
        corpus.label(kind, "valence", [1.0, 2.0, 5.0, 4.0, 3.0])
    evaluated = corpus.load_pairing(
        sampling=SamplingOptions(permutations=50, bootstraps=20, seed=7)
    )
    assert corpus.measure(evaluated) == corpus.measure(evaluated)
