"""What `cmean pair` compares: wholes, fragments position by position, or all five triples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from triples import AS_THE_STUDY, Triples

from cmean.domain import POSITIONS, Kind
from cmean.matching import METHODS, METRICS, match, random_pairing

CHOICES = ["whole", "fragments", "concatenated"]

on_databases = pytest.mark.parametrize(
    ("database_url", "vector"),
    [*(("sqlite", choice) for choice in CHOICES), ("postgresql", "fragments")],
    indirect=["database_url"],
)
"""Every choice on one database, and the one that reads most on the other."""

TAKES = {
    "whole": {0: (0,)},
    "fragments": {position: (position,) for position in (1, 2, 3, 4)},
    "concatenated": {0: POSITIONS},
}


@pytest.fixture
def triples(catalog):
    return Triples(catalog)


@pytest.fixture
def program(triples, make_program, tmp_path):
    url = triples.catalog.url.render_as_string(hide_password=False)
    return make_program(tmp_path, url)


def random_triple(random):
    return tuple(random.integers(0, 256, 3).tolist())


def add_many(triples, kind, number, seed, positions=POSITIONS):
    random = np.random.default_rng(seed)
    return [
        triples.add(kind, {position: random_triple(random) for position in positions})
        for _ in range(number)
    ]


def sides(program, joined):
    """Ids and vectors of the items that have all these positions, as SQL gives them."""
    result = []
    for kind in Kind:
        query = "SELECT * FROM v_emotions ORDER BY item_id, position"
        found = {}
        for row in program("sql", query, "--json").json:
            if row["kind"] == kind:
                channels = [row["red"], row["green"], row["blue"]]
                found.setdefault(row["item_id"], {})[row["position"]] = channels
        ids = [item for item, at in found.items() if set(joined) <= set(at)]
        vectors = [[c for p in joined for c in found[item][p]] for item in ids]
        result.append((np.array(ids), np.array(vectors)))
    return result


def stored(program, pairing):
    columns = ("position", "rank", "track_id", "artwork_id", "similarity")
    rows = program("sql", "SELECT * FROM v_pairs ORDER BY position, rank", "--json").json
    return [tuple(row[c] for c in columns) for row in rows if row["pairing_id"] == pairing]


def add_uneven(triples):
    add_many(triples, Kind.TRACK, 5, seed=1)
    add_many(triples, Kind.TRACK, 2, seed=2, positions=(0, 1))
    add_many(triples, Kind.ARTWORK, 6, seed=3)
    add_many(triples, Kind.ARTWORK, 1, seed=4, positions=(0, 2, 3, 4))


@on_databases
def test_each_choice_is_the_engine_over_its_own_vectors(triples, program, vector):
    add_uneven(triples)
    compared = {position: sides(program, joined) for position, joined in TAKES[vector].items()}
    for method in METHODS:
        for metric in METRICS:
            choice = ("--vector", vector, "--method", method, "--metric", metric)
            choice += ("--calibrate", "none")
            found = program("pair", *choice, "--json").json
            expected, nulls, numbers = [], [], np.zeros(3, int)
            for position, both in compared.items():
                (track_ids, tracks), (artwork_ids, artworks) = both
                made = match(tracks, artworks, method, metric)
                expected += zip(
                    [position] * len(made),
                    range(1, len(made) + 1),
                    track_ids[made.track_index].tolist(),
                    artwork_ids[made.artwork_index].tolist(),
                    made.similarity.tolist(),
                    strict=True,
                )
                nulls.append((len(made), random_pairing(tracks, artworks, metric)))
                numbers += (len(made), len(tracks) - len(made), len(artworks) - len(made))
            assert stored(program, found["pairing"]) == expected
            names = ("pairs", "unpaired_tracks", "unpaired_artworks")
            assert [found[name] for name in names] == numbers.tolist()
            similarities = [row[-1] for row in expected]
            assert found["mean"] == pytest.approx(np.mean(similarities))
            assert (found["minimum"], found["maximum"]) == (min(similarities), max(similarities))
            total = sum(n for n, _ in nulls)
            mean = sum(n * null.mean for n, null in nulls) / total
            sd = math.sqrt(sum((n * null.sd) ** 2 for n, null in nulls)) / total
            assert found["null_mean"] == pytest.approx(mean)
            assert found["null_sd"] == pytest.approx(sd)
            assert found["z"] == pytest.approx((found["mean"] - mean) / sd)


@pytest.mark.parametrize("vector", CHOICES)
def test_the_tables_are_those_of_what_was_compared(triples, program, vector):
    add_uneven(triples)
    found = program("pair", "--vector", vector, *AS_THE_STUDY, "--json").json
    table = program("evaluate", found["pairing"], "--json").json["tables"]["V"]
    rows = {name: row for name, row in table.items() if isinstance(row, dict)}
    assert next(iter(rows)) == f"pairs ({vector})"
    for key in ("mean", "null_mean", "null_sd", "z"):
        assert rows[f"pairs ({vector})"][key] == pytest.approx(found[key])
    assert rows[f"pairs ({vector})"]["n"] == found["pairs"]
    assert table["unpaired_tracks"] == found["unpaired_tracks"]
    by_position = [
        len([row for row in stored(program, found["pairing"]) if row[0] == p]) for p in (1, 2, 3, 4)
    ]
    if vector == "fragments":
        assert [row["n"] for row in rows.values()] == [found["pairs"], *by_position]
    else:
        assert "fragments aggregated" in rows
    assert ("whole / whole" in rows) is (vector == "concatenated")
    text = program("evaluate", found["pairing"]).out
    assert "Table V: emotional coherence of the pairs (cosine)" in text


def test_the_emotions_of_a_pair_are_those_of_its_position(triples, program):
    add_uneven(triples)
    for vector in CHOICES:
        assert program("pair", "--vector", vector).code == 0
    query = """
        SELECT COUNT(*) AS n FROM pairs p
        JOIN v_emotions t ON t.emotion_id = p.track_emotion_id
        JOIN v_emotions a ON a.emotion_id = p.artwork_emotion_id
        WHERE t.item_id = p.track_id AND a.item_id = p.artwork_id
        AND t.position = p.position AND a.position = p.position
    """
    (same,) = program("sql", query, "--json").json
    (every,) = program("sql", "SELECT COUNT(*) AS n FROM pairs", "--json").json
    assert same == every


def test_who_lacks_triples_is_left_out_and_that_is_said(triples, program):
    add_uneven(triples)
    assert program("pair").err == ""
    found = program("pair", "--vector", "concatenated", "--json")
    assert (found.json["pairs"], found.json["unpaired_artworks"]) == (5, 1)
    assert (
        found.err == "left out, without emotions: 2 tracks and 1 artwork; to add them: cmean run\n"
    )
    assert "of fragments: 2 tracks and 1 artwork" in program("pair", "--vector", "fragments").err


@pytest.mark.parametrize("vector", CHOICES)
def test_a_choice_that_has_no_triples_is_refused_in_one_line(triples, program, vector):
    add_many(triples, Kind.TRACK, 1, seed=1, positions=(0, 1))
    others = {"whole": (2,), "fragments": (0, 2), "concatenated": (0, 2)}
    add_many(triples, Kind.ARTWORK, 1, seed=2, positions=others[vector])
    found = program("pair", "--vector", vector)
    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "run: cmean run" in found.err
    assert program("sql", "SELECT COUNT(*) AS n FROM pairings", "--json").json == [{"n": 0}]


def test_a_position_without_a_side_leaves_the_other_side_unpaired(triples, program):
    add_many(triples, Kind.TRACK, 2, seed=1, positions=(1, 2))
    add_many(triples, Kind.ARTWORK, 3, seed=2, positions=(2, 3))
    found = program("pair", "--vector", "fragments", "--json").json
    counts = (found["pairs"], found["unpaired_tracks"], found["unpaired_artworks"])
    assert counts == (2, 2, 4)
    table = program("evaluate", "--json").json["tables"]["V"]
    assert [name for name in table if " / " in name] == ["second quarter / top right"]


def test_an_old_pairing_with_a_sampled_null_can_still_be_read(triples, program, catalog):
    add_uneven(triples)
    found = program("pair", "--json").json
    with catalog.write() as connection:
        connection.exec_driver_sql(
            """UPDATE pairings SET parameters = '{"seed": 0, "permutations": 1000}'"""
        )
    assert program("evaluate", found["pairing"]).code == 0
    assert program("pair", "--extend", found["pairing"]).code == 0
