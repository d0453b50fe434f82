"""Versions of a pairing: an extension keeps every pair, a recompute says what it changes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from triples import AS_THE_STUDY, Triples

from cmean.catalog import migrate, pairings
from cmean.catalog.engine import Catalog
from cmean.config import Settings
from cmean.domain import Kind
from cmean.jobs import requests
from cmean.matching import METHODS, METRICS, match
from cmean.pairing import service as pairing_service
from cmean.pairing import vectors, versions

CHOICES = list(vectors.VECTORS)

on_databases = pytest.mark.parametrize(
    ("database_url", "vector"),
    [*(("sqlite", choice) for choice in CHOICES), ("postgresql", "fragments")],
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
    """Add items with all five triples."""
    random = np.random.default_rng(seed)
    for kind, number in ((Kind.TRACK, tracks), (Kind.ARTWORK, artworks)):
        for _ in range(number):
            rgb = random.integers(0, 256, (5, 3)).tolist()
            triples.add(kind, {position: tuple(rgb[position]) for position in range(5)})


def stored(program, pairing):
    columns = ("position", "rank", "track_id", "artwork_id", "similarity")
    rows = program("sql", "SELECT * FROM v_pairs ORDER BY position, rank", "--json").json
    return [tuple(row[c] for c in columns) for row in rows if row["pairing_id"] == pairing]


@on_databases
@pytest.mark.parametrize("method", METHODS)
def test_an_extension_keeps_every_pair_and_adds_the_free(triples, program, vector, method):
    grow(triples, 3, 5)
    choice = ("--vector", vector, "--method", method, *AS_THE_STUDY)
    first = program("pair", *choice, "--json").json
    grow(triples, 4, 1, seed=1)
    found = program("pair", "--extend", first["pairing"], "--json").json
    assert [found[key] for key in ("method", "vector", "metric")] == [method, vector, "cosine"]
    times = len(vectors.VECTORS[vector])
    assert (found["extends"], found["kept"], found["added"]) == (1, 3 * times, 3 * times)
    assert (found["pairs"], found["unpaired_tracks"]) == (6 * times, times)
    assert found["gap"] is None
    before, after = (stored(program, each["pairing"]) for each in (first, found))
    assert set(before) < set(after)
    for position in vectors.VECTORS[vector]:
        assert [row[1] for row in after if row[0] == position] == list(range(1, 7))
    similarities = [row[-1] for row in after]
    assert found["mean"] == pytest.approx(np.mean(similarities))
    anew = program("pair", *choice, "--json").json
    assert found["null_mean"] == anew["null_mean"]
    assert found["null_sd"] == anew["null_sd"]
    parent = program("sql", "SELECT parent_id FROM pairings ORDER BY id", "--json").json
    assert [row["parent_id"] for row in parent] == [None, 1, None]
    said = program("pair", "--extend", first["pairing"]).out
    assert f"extends pairing 1: {3 * times} kept, {3 * times} added" in said
    assert program("evaluate", found["pairing"], "--json").json["mean"] == found["mean"]


def test_the_same_extension_is_made_once(triples, program):
    grow(triples, 3, 5)
    assert program("pair").code == 0
    grow(triples, 1, 1, seed=1)
    found = program("pair", "--extend", 1, "--json").json
    assert program("pair", "--extend", 1, "--json").json == found
    explicit = ("--method", "optimal", "--vector", "whole", "--metric", "euclidean")
    explicit += ("--calibrate", "quantile")
    assert program("pair", "--extend", 1, *explicit, "--json").json == found
    again = program("pair", "--extend", found["pairing"], "--json").json
    assert (again["kept"], again["added"]) == (found["pairs"], 0)
    assert program("sql", "SELECT COUNT(*) AS n FROM pairings", "--json").json == [{"n": 3}]


@pytest.mark.parametrize(
    ("tracks", "artworks", "vector", "words"),
    [
        (5, 2, "whole", "no unpaired artwork: 3 tracks stay unpaired"),
        (2, 3, "whole", "no unpaired track: 1 artwork stays unpaired"),
        (3, 2, "fragments", "no unpaired artwork fragment: 4 track fragments stay unpaired"),
        (2, 2, "concatenated", "all items are paired already"),
    ],
)
def test_nothing_free_is_said_in_plain_words(triples, program, tracks, artworks, vector, words):
    grow(triples, tracks, artworks)
    first = program("pair", "--vector", vector, "--json").json
    said = program("pair", "--extend", 1)
    assert said.code == 0
    assert words in said.out
    found = program("pair", "--extend", 1, "--json").json
    assert (found["pairing"], found["kept"], found["added"]) == (2, first["pairs"], 0)
    assert stored(program, 1) == stored(program, 2)


def test_fragments_that_are_free_at_different_positions_stay_so(triples, program):
    triples.add(Kind.TRACK, {1: (9, 1, 1), 2: (2, 9, 2)})
    triples.add(Kind.ARTWORK, {1: (9, 2, 1), 3: (1, 1, 9)})
    assert program("pair", "--vector", "fragments").code == 0
    said = program("pair", "--extend", 1).out
    assert "no position has both" in said
    assert "1 track fragment and 1 artwork fragment stay unpaired" in said


@pytest.mark.parametrize("option", ["--extend", "--compare"])
def test_what_must_agree_and_does_not_is_refused_in_one_line(triples, program, option):
    grow(triples, 2, 2)
    assert program("pair", "--method", "greedy", "--metric", "cosine").code == 0
    wrong = [("--vector", "whole", "fragments"), ("--profile", "embedded", "embedded-stretched")]
    wrong += [("--metric", "cosine", name) for name in METRICS if name != "cosine"]
    if option == "--extend":
        wrong += [("--method", "greedy", name) for name in METHODS if name != "greedy"]
    for name, old, new in wrong:
        found = program("pair", option, 1, name, new)
        assert (found.code, found.err.count("\n")) == (1, 1)
        assert old in found.err
        assert new in found.err
        assert "pair again" in found.err
    program.environment["CMEAN_PROFILE"] = "embedded-stretched"
    assert "--profile embedded" in program("pair", option, 1).err
    assert program("pair", option, 1, "--profile", "embedded").code == 0


def test_a_profile_that_has_changed_since_is_no_base(triples, program):
    grow(triples, 2, 2)
    settings = program.folder / "cmean.toml"
    settings.write_text('[profiles.mine]\nextends = "embedded"\n')
    assert program("pair", "--profile", "mine").code == 0
    assert program("pair", "--extend", 1).code == 0  # the same recipes by another name
    with settings.open("a") as file:
        file.write("[profiles.mine.track]\npreprocessing = { rate = 22050 }\n")
    found = program("pair", "--extend", 1, "--profile", "mine")
    assert (found.code, found.err.count("\n")) == (1, 1)
    for words in ("the recipes 3 and 4 of", "with a new one and 4 of", "restore the profile"):
        assert words in found.err


@pytest.mark.parametrize("number", [7, 2**63, 10**30])
def test_a_pairing_that_is_not_there_is_no_base(triples, program, number):
    grow(triples, 1, 1)
    for arguments in (("pair", "--extend"), ("pair", "--compare"), ("evaluate",)):
        found = program(*arguments, number)
        assert (found.code, found.err.count("\n")) == (1, 1)
        assert f"no pairing {number}" in found.err


def test_extending_and_comparing_exclude_each_other(program):
    assert program("pair", "--extend", 1, "--compare", 1).code == 2


@on_databases
def test_a_recompute_says_what_it_changes_and_gains(triples, program, vector):
    grow(triples, 3, 6)
    old = program("pair", "--vector", vector, "--json").json
    grow(triples, 2, 1, seed=1)
    for method in METHODS:
        found = program("pair", "--compare", 1, "--method", method, "--json").json
        assert found["method"] == method
        assert found["vector"] == vector
        before, after = (
            {row[:1] + row[2:3]: row[3:] for row in stored(program, each["pairing"])}
            for each in (old, found)
        )
        both = before.keys() & after.keys()
        kept = sum(before[place][0] == after[place][0] for place in both)
        compared = found["compared"]
        assert (compared["pairing"], compared["kept"]) == (1, kept)
        assert compared["changed"] == len(before) - kept
        assert compared["new"] == len(after) - len(both)
        gained = sum(row[1] for row in after.values()) - sum(row[1] for row in before.values())
        assert compared["gained"] == pytest.approx(gained)
        by_both = sum(after[place][1] - before[place][1] for place in both)
        assert compared["gained_by_tracks_of_both"] == pytest.approx(by_both)
        ordinary = program("pair", "--vector", vector, "--method", method, "--json").json
        assert ordinary == {key: value for key, value in found.items() if key != "compared"}
        said = program("pair", "--compare", 1, "--method", method).out
        assert f"compared with pairing 1: {kept} of" in said


def test_compared_with_itself_nothing_is_gained(triples, program):
    grow(triples, 4, 4)
    assert program("pair").code == 0
    found = program("pair", "--compare", 1, "--json").json
    assert found["pairing"] == 1
    assert found["compared"] == {
        "pairing": 1,
        "kept": 4,
        "changed": 0,
        "new": 0,
        "gained": 0,
        "gained_by_tracks_of_both": 0,
    }


ITEM = st.dictionaries(st.integers(0, 4), st.tuples(*[st.integers(0, 255)] * 3), max_size=5)
STAGE = st.tuples(st.lists(ITEM, max_size=4), st.lists(ITEM, max_size=4))
FULL = {position: (10 * position, 20, 30) for position in range(5)}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(STAGE, min_size=1, max_size=3),
    st.sampled_from(CHOICES),
    st.sampled_from(list(METHODS)),
)
def test_a_chain_of_extensions_never_breaks_a_pair(stages, vector, method):
    with TemporaryDirectory() as folder:
        catalog = Catalog(f"sqlite:///{Path(folder) / 'catalog.db'}")
        migrate.upgrade_schema(catalog)
        triples = Triples(catalog)
        latest = None
        earlier = np.empty(0, pairings.PAIR)
        for tracks, artworks in [([FULL], [FULL]), *stages]:
            for kind, added in ((Kind.TRACK, tracks), (Kind.ARTWORK, artworks)):
                for each in added:
                    triples.add(kind, each)
            task = pairing_service.request_pairing(
                catalog,
                triples.profile,
                method,
                vector,
                "cosine",
                calibrate="none",
                extend=latest,
            )
            requests.complete_request(catalog, Settings(), task)
            found = pairing_service.read_pairing_document(catalog, task)
            with catalog.read() as connection:
                pairs = pairings.read_pairs(connection, found["pairing"])
                ids = {kind: triples.recipes.mappers[kind].id for kind in Kind}
                rows = {
                    kind: pairings.read_triples(connection, ids[kind], range(5)) for kind in Kind
                }
            assert set(earlier.tolist()) <= set(pairs.tolist())
            for position, joined in vectors.VECTORS[vector].items():
                check_position(
                    pairs[pairs["position"] == position],
                    earlier[earlier["position"] == position],
                    *(vectors.build_side(rows[kind], joined) for kind in Kind),
                    method,
                )
            latest, earlier = found["pairing"], pairs
        same = versions.compare_versions(catalog, latest, latest)
        assert (same["kept"], same["gained"]) == (len(earlier), 0)
        catalog.close()


def check_position(pairs, earlier, tracks, artworks, method):
    """One to one, as many as can be, ranks without a gap, and the new ones as the engine says."""
    assert pairs["rank"].tolist() == list(range(1, len(pairs) + 1))
    assert len(pairs) == min(len(tracks), len(artworks))
    assert len(set(pairs["track_id"])) == len(set(pairs["artwork_id"])) == len(pairs)
    free = [
        np.flatnonzero(~np.isin(side.items, earlier[key]))
        for side, key in ((tracks, "track_id"), (artworks, "artwork_id"))
    ]
    new = pairs[len(earlier) :]
    if len(new):
        made = match(tracks.vectors[free[0]], artworks.vectors[free[1]], method)
        assert new["track_id"].tolist() == tracks.items[free[0][made.track_index]].tolist()
        assert new["artwork_id"].tolist() == artworks.items[free[1][made.artwork_index]].tolist()
        assert new["similarity"].tolist() == made.similarity.tolist()
