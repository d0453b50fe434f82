"""Pairings of calibrated triples: what is recorded of them, and that every null is of the same
vectors as the mean."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from triples import AS_THE_STUDY, Triples

from cmean.catalog import pairings
from cmean.domain import Kind
from cmean.evaluation.documents.evaluation import EvaluationDocument
from cmean.matching import calibrate_vectors, match, random_pairing, similarities
from cmean.matching.random_pairing_null import draw_random_pairing_means
from cmean.pairing import control_pairings, null_models, spaces
from cmean.pairing.vectors import VECTORS
from cmean.report import gather as gathering
from cmean.report.page import render_report
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import from_json

STUDY = ("--method", "greedy", *AS_THE_STUDY)
"""How the study paired."""

CHOICES = ("none", "quantile")

on_databases = pytest.mark.parametrize(
    ("database_url", "vector"),
    [*(("sqlite", vector) for vector in VECTORS), ("postgresql", "fragments")],
    indirect=["database_url"],
)
"""Every choice on one database, and the one that reads most on the other."""


@pytest.fixture
def triples(catalog):
    return Triples(catalog)


@pytest.fixture
def program(triples, make_program, tmp_path):
    url = triples.catalog.url.render_as_string(hide_password=False)
    return make_program(tmp_path, url)


def grow(triples, tracks, artworks, seed=0):
    """Tracks and artworks that lie in different parts of the space."""
    random = np.random.default_rng(seed)
    parts = {Kind.TRACK: (tracks, 100, 256), Kind.ARTWORK: (artworks, 0, 90)}
    for kind, (number, low, high) in parts.items():
        for _ in range(number):
            rgb = random.integers(low, high, (5, 3)).tolist()
            triples.add(kind, {position: tuple(rgb[position]) for position in range(5)})


def raw_sides(catalog, pairing):
    """The uncalibrated vectors of a pairing, by kind and position."""
    with catalog.read() as connection:
        return spaces.read_sides(connection, replace(pairing, calibrate="none"), pairing.id)


def row_of(catalog, pairing_id):
    with catalog.read() as connection:
        row = pairings.read_pairing(connection, pairing_id)
        return row, pairings.read_pairs(connection, pairing_id)


@on_databases
def test_pairs_and_nulls_are_of_the_calibrated_vectors(triples, program, vector):
    grow(triples, 6, 8)
    for method, metric in (("greedy", "cosine"), ("optimal", "euclidean"), ("random", "cosine")):
        choice = ("--vector", vector, "--method", method, "--metric", metric)
        found = program("pair", *choice, "--calibrate", "quantile", "--json").json
        assert (found["calibrate"], found["min_similarity"]) == ("quantile", None)
        row, pairs = row_of(triples.catalog, found["pairing"])
        assert (row.calibrate, row.parameters["calibrate"]) == ("quantile", "quantile")
        raw = raw_sides(triples.catalog, row)
        means = []
        for position in VECTORS[vector]:
            sides = {kind: raw[kind][position] for kind in Kind}
            vectors = {kind: calibrate_vectors(sides[kind].vectors) for kind in Kind}
            here = pairs[pairs["position"] == position]
            at = {kind: sides[kind].find(here[f"{kind.value}_id"])[0] for kind in Kind}
            alike = similarities(*(vectors[kind][at[kind]] for kind in Kind), metric)
            assert here["similarity"] == pytest.approx(alike)
            if method != "random":
                made = match(*vectors.values(), method, metric)
                assert at[Kind.TRACK].tolist() == made.track_index.tolist()
                assert at[Kind.ARTWORK].tolist() == made.artwork_index.tolist()
            means.append(random_pairing(*vectors.values(), metric).mean)
        assert found["null_mean"] == pytest.approx(np.mean(means))
        assert found["tenth_percentile"] == pytest.approx(np.quantile(pairs["similarity"], 0.1))


@on_databases
def test_the_tables_have_the_mean_and_the_nulls_of_the_pairing(triples, program, vector):
    grow(triples, 6, 8)
    found = program("pair", "--vector", vector, "--json").json  # as the profile chooses
    chosen = [found[name] for name in ("method", "metric", "calibrate")]
    assert chosen == ["optimal", "euclidean", "quantile"]
    document = program("evaluate", found["pairing"], "--json").json
    first = document["tables"]["V"][f"pairs ({vector})"]
    for name in ("mean", "null_mean", "null_sd", "z"):
        assert first[name] == pytest.approx(found[name])
    assert first["min"] == pytest.approx(found["minimum"])
    assert document["calibrate"] == "quantile"
    assert document["tenth_percentile"] == found["tenth_percentile"]
    row, _ = row_of(triples.catalog, found["pairing"])
    with triples.catalog.read() as connection:
        sides = spaces.read_sides(connection, row, row.id)
    for position in VECTORS[vector]:
        vectors = [sides[kind][position].vectors for kind in Kind]
        raw = [raw_sides(triples.catalog, row)[kind][position].vectors for kind in Kind]
        assert [v.tolist() for v in vectors] == [calibrate_vectors(v).tolist() for v in raw]
        means = draw_random_pairing_means(*vectors, "euclidean", 400, 0)
        null = random_pairing(*vectors, "euclidean")
        assert means.mean() == pytest.approx(null.mean, abs=4 * null.sd / 20)
    said = program("evaluate", found["pairing"]).out
    assert "by optimal euclidean, calibrated by quantiles within each kind, mean" in said
    assert f"10th percentile {found['tenth_percentile']:.4f}" in said
    assert "pairs (euclidean, calibrated by quantiles within each kind)" in said


def test_the_report_draws_the_null_of_the_calibrated_vectors(triples, program):
    grow(triples, 6, 8)
    found = program("pair", "--json").json
    document = program("evaluate", found["pairing"], "--json").json
    gathered = gathering.gather_report(triples.catalog, from_json(EvaluationDocument, document))
    assert np.mean(gathered.null) == pytest.approx(found["null_mean"])
    row, _ = row_of(triples.catalog, found["pairing"])
    shown = {tuple(point.rgb) for point in gathered.tracks}
    raw = raw_sides(triples.catalog, row)[Kind.TRACK][0].vectors
    assert shown == set(map(tuple, raw.tolist()))
    page = render_report(gathered)
    assert "calibrated by quantiles within each kind" in page
    assert f"minimum {found['minimum']:.4f}" in page
    assert f"10th percentile {found['tenth_percentile']:.4f}" in page


def test_it_is_recorded_where_it_can_be_asked_for(triples, program):
    grow(triples, 3, 3)
    made = [program("pair", *STUDY[:4], "--calibrate", name, "--json").json for name in CHOICES]
    assert made[0]["pairing"] != made[1]["pairing"]
    rows = program("sql", "SELECT calibrate, parameters FROM pairings ORDER BY id", "--json").json
    assert [row["calibrate"] for row in rows] == list(CHOICES)
    parameters = [
        each if isinstance(each, dict) else json.loads(each)
        for each in (row["parameters"] for row in rows)
    ]
    assert "calibrate" not in parameters[0]
    assert parameters[0]["inputs"] == parameters[1]["inputs"]
    seen = program("sql", "SELECT DISTINCT pairing_id, calibrate FROM v_pairs ORDER BY 1", "--json")
    assert [row["calibrate"] for row in seen.json] == list(CHOICES)
    assert program("pair", *STUDY, "--json").json == made[0]  # the same wish is made once


def test_an_extension_is_calibrated_anew_over_all_items(triples, program):
    grow(triples, 4, 5)
    first = program("pair", "--json").json
    grow(triples, 3, 2, seed=1)
    found = program("pair", "--extend", first["pairing"], "--json").json
    assert (found["calibrate"], found["kept"], found["added"]) == ("quantile", 4, 3)
    (_, before), (row, after) = (
        row_of(triples.catalog, each["pairing"]) for each in (first, found)
    )
    names = ["position", "rank", "track_id", "artwork_id"]
    assert after[names][: len(before)].tolist() == before[names].tolist()
    with triples.catalog.read() as connection:
        sides = spaces.read_sides(connection, row, row.id)
    at = {kind: sides[kind][0].find(after[f"{kind.value}_id"])[0] for kind in Kind}
    alike = similarities(*(sides[kind][0].vectors[at[kind]] for kind in Kind), "euclidean")
    assert after["similarity"] == pytest.approx(alike)
    document = program("evaluate", found["pairing"], "--json").json
    assert document["tables"]["V"]["pairs (whole)"]["mean"] == pytest.approx(found["mean"])
    compared = program("pair", "--compare", first["pairing"], *STUDY[:2], "--json").json
    assert (compared["calibrate"], compared["method"]) == ("quantile", "greedy")


@pytest.mark.parametrize("option", ["--extend", "--compare"])
def test_a_later_version_is_calibrated_as_the_earlier_one(triples, program, option):
    grow(triples, 3, 3)
    assert program("pair", *STUDY).code == 0
    assert program("pair", option, 1, "--json").json["calibrate"] == "none"
    refused = program("pair", option, 1, "--calibrate", "quantile")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "was made with --calibrate none, not with quantile: leave --calibrate out" in refused.err


def test_blind_controls_are_calibrated_as_their_pairing(triples, program):
    grow(triples, 5, 5)
    found = program("pair", "--json").json
    row, _ = row_of(triples.catalog, found["pairing"])
    control, _ = row_of(
        triples.catalog, control_pairings.ensure_control_pairing(triples.catalog, row, 0)
    )
    assert (control.method, control.calibrate) == ("random", "quantile")
    assert control.null_mean == row.null_mean


def test_pairs_below_the_least_similarity_are_not_made(triples, program):
    grow(triples, 12, 9)
    plain = program("pair", "--json").json
    floor = plain["tenth_percentile"]
    found = program("pair", "--min-similarity", repr(floor), "--json").json
    assert found["minimum"] >= floor > plain["minimum"]
    assert found["below_floor"] == 9 - found["pairs"] > 0
    assert found["unpaired_artworks"] == found["below_floor"]
    assert (found["null_mean"], found["null_sd"]) == (plain["null_mean"], plain["null_sd"])
    row, _ = row_of(triples.catalog, found["pairing"])
    assert row.min_similarity == row.parameters["min_similarity"] == floor
    text = program("pair", "--min-similarity", repr(floor)).out
    assert f"{found['below_floor']} pair left out, below the minimum similarity of" in text
    document = program("evaluate", found["pairing"], "--json").json
    assert document["min_similarity"] == floor
    first = document["tables"]["V"]["pairs (whole)"]
    assert (first["n"], first["mean"]) == (found["pairs"], pytest.approx(found["mean"]))
    with triples.catalog.read() as connection:
        sides = spaces.read_sides(connection, row, row.id)
    made = null_models.resample_pairings(
        row, sides, SamplingOptions(resamples=5), lambda _done, _total: None
    )
    assert all((pairs["similarity"] >= floor).all() for pairs in made)
    grow(triples, 1, 0, seed=5)
    extended = program("pair", "--extend", found["pairing"], "--json").json
    assert extended["min_similarity"] == floor
    refused = program("pair", "--extend", found["pairing"], "--min-similarity", "0.25")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "leave --min-similarity out" in refused.err


def test_no_pair_above_the_least_similarity_stores_nothing(triples, program):
    grow(triples, 3, 3)
    for vector in VECTORS:
        refused = program("pair", *STUDY, "--vector", vector, "--min-similarity", "1")
        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert "no pair reaches the minimum similarity of 1.0" in refused.err
    assert program("sql", "SELECT COUNT(*) AS n FROM pairings", "--json").json == [{"n": 0}]
