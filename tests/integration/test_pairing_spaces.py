"""Pairing by embeddings of media or of captions, and at random, through the command line."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from sqlalchemy import insert, select  # noqa: TID251 - writes what no user can
from support import write_small_corpus, write_track
from triples import AS_THE_STUDY, Triples

from cmean.catalog import recipes
from cmean.catalog.tables import embeddings, fragments, tasks
from cmean.domain import POSITIONS, Kind, Recipe, Role
from cmean.matching import match, random_pairing
from cmean.pairing.vectors import VECTORS

FULL = {position: (10 * position + 5, 20, 30) for position in POSITIONS}


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what asks the database nothing new."""


@pytest.fixture
def triples(catalog):
    return Triples(catalog)


@pytest.fixture
def program(triples, make_program, tmp_path):
    url = triples.catalog.url.render_as_string(hide_password=False)
    return make_program(tmp_path, url)


class Vectors:
    """Gives items embeddings of their media by ImageBind, as if it had made them."""

    def __init__(self, catalog, width=8):
        self.catalog, self.width = catalog, width
        self.random = np.random.default_rng(3)
        self.known = {}
        with catalog.write() as connection:
            self.recipes = {
                kind: recipes.ensure_recipe(
                    connection, Recipe(Role.EMBEDDER, kind, "imagebind", "1", {"backend": {}})
                )
                for kind in Kind
            }

    def give(self, item_id, kind, positions=POSITIONS):
        with self.catalog.write() as connection:
            query = select(fragments.c.position, fragments.c.id)
            rows = connection.execute(query.where(fragments.c.item_id == item_id)).all()
            for position, fragment in rows:
                if position not in positions:
                    continue
                vector = self.random.normal(size=self.width).astype("<f4")
                vector /= np.linalg.norm(vector)
                self.known[item_id, position] = vector
                subject = {"recipe_id": self.recipes[kind], "fragment_id": fragment}
                task = insert(tasks).values(stage="embed", state="done", **subject)
                key = connection.execute(task.returning(tasks.c.id)).scalar_one()
                row = {"id": key, "width": self.width, "vector": vector.tobytes(), **subject}
                connection.execute(insert(embeddings).values(row))


def grow(triples, vectors, tracks, artworks):
    """Items with triples and ImageBind vectors. Returns their ids by kind."""
    made = {}
    for kind, number in ((Kind.TRACK, tracks), (Kind.ARTWORK, artworks)):
        made[kind] = [triples.add(kind, FULL) for _ in range(number)]
        for item_id in made[kind]:
            vectors.give(item_id, kind)
    return made


def pairs_of(program, pairing):
    columns = ("position", "rank", "track_id", "artwork_id", "similarity")
    rows = program("sql", "SELECT * FROM v_pairs ORDER BY position, rank", "--json").json
    return [tuple(row[c] for c in columns) for row in rows if row["pairing_id"] == pairing]


@pytest.mark.parametrize(
    ("database_url", "vector"),
    [*(("sqlite", vector) for vector in VECTORS), ("postgresql", "concatenated")],
    indirect=["database_url"],
)
def test_pairs_by_imagebind_are_the_engine_over_its_vectors(triples, program, vector):
    vectors = Vectors(triples.catalog)
    ids = grow(triples, vectors, 4, 5)
    for method in ("greedy", "optimal"):
        choice = ("--space", "imagebind", "--vector", vector, "--method", method)
        found = program("pair", *choice, "--json").json
        assert (found["space"], found["metric"]) == ("imagebind", "cosine")
        expected, nulls = [], []
        for position, joined in VECTORS[vector].items():
            sides = [
                np.array([np.concatenate([vectors.known[i, p] for p in joined]) for i in ids[kind]])
                for kind in Kind
            ]
            made = match(*sides, method)
            expected += zip(
                [position] * len(made),
                range(1, len(made) + 1),
                np.array(ids[Kind.TRACK])[made.track_index].tolist(),
                np.array(ids[Kind.ARTWORK])[made.artwork_index].tolist(),
                made.similarity.tolist(),
                strict=True,
            )
            nulls.append(random_pairing(*sides))
        assert pairs_of(program, found["pairing"]) == expected
        assert found["null_mean"] == pytest.approx(np.mean([null.mean for null in nulls]))
        assert program("pair", *choice, "--json").json == found
    (row, *_) = program("sql", "SELECT * FROM pairings", "--json").json
    assert row["track_embedding_recipe_id"] == vectors.recipes[Kind.TRACK]
    assert row["artwork_embedding_recipe_id"] == vectors.recipes[Kind.ARTWORK]
    assert row["track_recipe_id"] == triples.recipes.mappers[Kind.TRACK].id
    said = program("pair", "--space", "imagebind", "--vector", vector).out
    assert "of ImageBind embeddings, mean" in said


def test_items_without_a_triple_are_paired_and_without_an_embedding_are_not(triples, program):
    vectors = Vectors(triples.catalog)
    grow(triples, vectors, 1, 2)
    silent = triples.add(Kind.TRACK, {})
    vectors.give(silent, Kind.TRACK)
    triples.add(Kind.ARTWORK, FULL)
    found = program("pair", "--space", "imagebind", "--json")
    assert found.json["pairs"] == 2
    assert found.err == (
        "left out, without embeddings: 1 artwork; "
        "to add them: cmean run, with a profile that has the embedder\n"
    )
    rows = program("sql", "SELECT * FROM pairs", "--json").json
    assert {row["track_id"]: row["track_emotion_id"] is None for row in rows}[silent] is True
    assert program("evaluate").code == 0
    reported = program("report", "--output", "report.html")
    assert reported.code == 0, reported.err
    page = (program.folder / "report.html").read_text(encoding="utf-8")
    assert "Not shown: 1 pair of items without an emotion triple" in page
    assert "ImageBind" in page


@on_sqlite
def test_an_extension_stays_in_its_space(triples, program):
    vectors = Vectors(triples.catalog)
    grow(triples, vectors, 2, 2)
    first = program("pair", "--space", "imagebind", "--json").json
    emotions = program("pair", "--json").json
    grow(triples, vectors, 1, 1)
    found = program("pair", "--extend", first["pairing"], "--json").json
    assert (found["space"], found["kept"], found["added"]) == ("imagebind", 2, 1)
    assert set(pairs_of(program, first["pairing"])) < set(pairs_of(program, found["pairing"]))
    compared = program("pair", "--compare", first["pairing"], "--json").json
    assert compared["space"] == "imagebind"
    for option in ("--extend", "--compare"):
        for earlier, asked in ((first, "emotion"), (emotions, "imagebind")):
            refused = program("pair", option, earlier["pairing"], "--space", asked)
            assert (refused.code, refused.err.count("\n")) == (1, 1)
            assert f"was made with --space {earlier['space']}, not with {asked}" in refused.err


@on_sqlite
def test_choices_that_do_not_go_together_are_refused_in_one_line(triples, program):
    grow(triples, Vectors(triples.catalog), 1, 1)
    for arguments, words in {
        ("--space", "imagebind", "--metric", "euclidean"): "compared by cosine, not by euclidean",
        ("--space", "imagebind", "--calibrate", "quantile"): "imagebind cannot be calibrated",
        ("--space", "captions", "--calibrate", "quantile"): "captions cannot be calibrated",
        ("--method", "random", "--min-similarity", "0.5"): "cannot be used with --method random",
        ("--seed", "3"): "--seed is for --method random only",
        ("--control-seed", "3"): "--control-seed needs --control",
    }.items():
        found = program("pair", *arguments)
        assert (found.code, found.err.count("\n")) == (2, 1), arguments
        assert words in found.err
    for arguments, words in {
        ("--control", "no-metadata"): "no metadata: nothing to remove",
        ("--control", "constant-triple", "--control-seed", "3"): "draws nothing",
        ("--profile", "embedded+shuffled-captions:x"): "seed of a control is a whole number",
        ("--profile", "nothing+shuffled-captions"): "there is no profile 'nothing'",
        ("--control", "constant-triple"): "run: cmean run --profile embedded+constant-triple",
    }.items():
        found = program("pair", *arguments)
        assert (found.code, found.err.count("\n")) == (1, 1), arguments
        assert words in found.err
    assert program("pair", "--method", "random", "--seed", "-1").code == 2
    assert program("match", "a.csv", "b.csv", "--method", "random").code == 2
    assert program("pair", "--space", "imagebind", "--calibrate", "none").code == 0
    for floor in ("nan", "2", "-1.5", "some"):
        found = program("pair", "--min-similarity", floor)
        assert (found.code, "must be a number from -1 to 1" in found.err) == (2, True)


@on_sqlite
def test_missing_embeddings_are_said_with_the_command_that_makes_them(triples, program):
    triples.add(Kind.TRACK, FULL)
    triples.add(Kind.ARTWORK, FULL)
    for space, profile in (("imagebind", "embedded-judged"), ("captions", "embedded-text")):
        found = program("pair", "--space", space)
        assert (found.code, found.err.count("\n")) == (1, 1)
        assert f"cmean run --stage embed --profile {profile}" in found.err
    own = program("pair", "--space", "captions", "--profile", "embedded-text")
    assert "run: cmean run --stage embed --profile embedded-text" in own.err
    vectors = Vectors(triples.catalog)
    track = triples.add(Kind.TRACK, FULL)
    vectors.give(track, Kind.TRACK, (0,))
    assert (
        "no embeddings of tracks and artworks by ImageBind"
        in program("pair", "--space", "imagebind").err
    )
    artwork = triples.add(Kind.ARTWORK, FULL)
    vectors.give(artwork, Kind.ARTWORK, (0, 1))
    found = program("pair", "--space", "imagebind", "--vector", "fragments")
    assert "no fragment of any track has an embedding yet" in found.err
    assert (
        "no track has embeddings of the whole"
        in program("pair", "--space", "imagebind", "--vector", "concatenated").err
    )


def test_a_pairing_by_emotions_has_the_digest_that_it_had_before_there_were_spaces(
    triples, program
):
    tracks = [triples.add(Kind.TRACK, FULL) for _ in range(2)]
    artworks = [triples.add(Kind.ARTWORK, FULL)]
    assert program("pair", "--method", "greedy", *AS_THE_STUDY).code == 0
    (row,) = program("sql", "SELECT digest FROM pairings", "--json").json
    inputs = hashlib.sha256()
    for kind, ids in (("track", tracks), ("artwork", artworks)):
        inputs.update(f"{kind} 0 {len(ids)} ".encode())
        inputs.update(np.array(ids, "<i8").tobytes() + bytes([*FULL[0]] * len(ids)))
    determined = {
        "method": "greedy",
        "vector": "whole",
        "metric": "cosine",
        **{f"{kind.value}_recipe_id": triples.recipes.mappers[kind].id for kind in Kind},
        "extends": None,
        "inputs": inputs.hexdigest(),
    }
    text = json.dumps(determined, sort_keys=True)
    assert row["digest"] == hashlib.sha256(text.encode()).hexdigest()


@on_sqlite
def test_random_pairs_are_a_pairing_like_any_other(triples, program):
    random = np.random.default_rng(1)
    for kind in (Kind.TRACK, Kind.ARTWORK):
        for _ in range(6):
            triples.add(kind, {p: tuple(random.integers(0, 256, 3).tolist()) for p in POSITIONS})
    for vector in VECTORS:
        choice = ("--method", "random", "--vector", vector)
        first = program("pair", *choice, "--json").json
        assert program("pair", *choice, "--seed", "0", "--json").json == first
        other = program("pair", *choice, "--seed", "1", "--json").json
        assert other["pairing"] != first["pairing"]
        looked_for = program("pair", "--vector", vector, "--json").json
        for name in ("null_mean", "null_sd", "pairs"):
            assert first[name] == looked_for[name]
        rows = pairs_of(program, first["pairing"])
        if vector == "fragments":  # each position is drawn by itself
            drawn = {p: [row[2:4] for row in rows if row[0] == p] for p in (1, 2)}
            assert sorted(drawn[1]) != sorted(drawn[2])
    said = program("pair", "--method", "random", "--seed", "5")
    assert (
        "6 pairs at random, euclidean, calibrated by quantiles within each kind, mean" in said.out
    )
    for kind in (Kind.TRACK, Kind.ARTWORK):
        triples.add(kind, FULL)
    found = program("pair", "--extend", other["pairing"], "--json").json
    assert (found["method"], found["added"]) == ("random", 1)
    assert program("report", other["pairing"], "--output", "report.html").code == 0
    page = (program.folder / "report.html").read_text(encoding="utf-8")
    assert "Paired at random." in page
    assert "This pairing is a control." in page


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """A small corpus with its captions embedded by their words, done by the program."""
    from support import Program  # noqa: PLC0415 - a fixture of its own scope

    program = Program(tmp_path_factory.mktemp("embedded"))
    assert program("ingest", write_small_corpus(program.folder / "media")).code == 0
    program.ran = program("run", "--profile", "embedded-text", "--json")
    return program


@pytest.mark.parametrize("vector", VECTORS)
def test_captions_are_paired_by_one_embedder_of_both_kinds(embedded, vector):
    assert embedded.ran.json["embed"]["done"] == 35
    choice = ("--space", "captions", "--profile", "embedded-text", "--vector", vector)
    found = embedded("pair", *choice, "--json")
    assert (found.code, found.json["space"]) == (0, "captions")
    assert found.json["pairs"] == (12 if vector == "fragments" else 3)
    assert -1 <= found.json["minimum"] <= found.json["maximum"] < 1
    assert found.json["null_sd"] > 0
    assert embedded("evaluate", found.json["pairing"], "--json").code == 0
    assert embedded("report", found.json["pairing"], "--output", "r.html").code == 0
    assert "caption embeddings" in (embedded.folder / "r.html").read_text("utf-8")


def test_captions_and_triples_are_those_of_the_profile_that_it_extends(embedded):
    assert embedded("run", "--json").json["caption"]["done"] == 0
    both = [embedded("pair", *p, "--json").json for p in ((), ("--profile", "embedded-text"))]
    assert both[0] == both[1]


def test_new_embeddings_are_a_new_pairing(embedded):
    choice = ("--space", "captions", "--profile", "embedded-text", "--json")
    before = embedded("pair", *choice).json
    write_track(embedded.folder / "more" / "late.wav", pitch=500.0)
    assert embedded("ingest", "more").code == 0
    assert embedded("run", "--profile", "embedded-text").code == 0
    after = embedded("pair", *choice).json
    assert (after["pairing"] != before["pairing"], after["pairs"]) == (True, 4)
