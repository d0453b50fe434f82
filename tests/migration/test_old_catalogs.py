"""Catalogs that earlier versions wrote are taken over: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import time

import pytest
from old_catalogs import VERSIONS, restore_catalog
from sqlalchemy import text  # noqa: TID251 - moves leases into the future and the past

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.jobs.local_processes import describe_this_process

FRAGMENTS = 7 * 5
"""Of the three tracks and four artworks."""
RESULTS = ("items", "captions", "emotions", "embeddings", "labels", "label_pairs", "ratings")
TASK_STATES = ("ready", "leased", "done", "failed", "dead")


@pytest.fixture
def restore(database_url, cmean, tmp_path):
    """Restores the catalog of a version, whose workers ran on this machine and are gone."""
    cmean.environment["CMEAN_DATABASE_URL"] = database_url
    here = describe_this_process()

    def restore_version(version, host=here.host):
        folder = tmp_path / "media"
        return restore_catalog(version, database_url, folder, host=host, namespace=here.namespace)

    return restore_version


@pytest.fixture(params=VERSIONS)
def old(request, restore):
    """A catalog of each earlier version."""
    return restore(request.param)


def read_rows(call, table):
    return call("sql", f"SELECT * FROM {table} ORDER BY 1, 2", "--json")  # noqa: S608 - of the schema


def as_value(cell):
    """A cell's value; SQLite prints a column of JSON as text."""
    is_document = isinstance(cell, str) and cell[:1] in {"{", "["}
    return json.loads(cell) if is_document else cell


def assert_kept(call, old, table):
    """Each row has the values that it had, in all columns that are still there."""
    found = read_rows(call, table)
    assert len(found) >= len(old.rows[table])
    for before, after in zip(old.rows[table], found, strict=False):
        # times and binary values are printed differently from how they are stored
        compared = (set(before) & set(after)) - {"created_at", "vector"}
        assert len(compared) > 1
        assert {name: as_value(after[name]) for name in compared} == {
            name: before[name] for name in compared
        }


def test_an_upgrade_keeps_results_and_pairings(old, call):
    if old.version != migrate.REVISIONS[-1]:
        assert "run: cmean init" in call("status", code=1)
    call("init")
    for table in (*RESULTS, "recipes", "pairings", "pairs", "evaluations"):
        assert_kept(call, old, table)
    status = call("status", "--json")
    assert status["items"] == {"track": 3, "artwork": 4}
    for stage in ("caption", "emotion", "embed"):
        found = {state: status["stages"][stage][state] for state in TASK_STATES}
        assert found == {state: old.count_tasks(stage, state) for state in TASK_STATES}
    assert status["stages"]["caption"]["leased"] > 0
    for table in ("items", "captions", "emotions", "pairs"):
        assert len(read_rows(call, f"v_{table}")) == len(old.rows[table])


def test_a_run_continues_with_what_was_left(old, call):
    call("init")
    found = call("run", "--json")
    for stage in ("caption", "emotion"):  # with the tasks that the killed run had leased
        assert found[stage]["done"] == FRAGMENTS - old.count_tasks(stage, "done")
        assert (found[stage]["failed"], found[stage]["remaining"]) == (0, 0)
    again = call("run", "--json")
    assert [again[stage]["done"] for stage in ("caption", "emotion")] == [0, 0]
    for table in (*RESULTS, "pairings", "pairs"):
        assert_kept(call, old, table)
    # the recipes of today are those of then, so nothing was captioned or mapped twice
    assert len(read_rows(call, "recipes")) == len(old.rows["recipes"])
    assert len(read_rows(call, "captions")) == len(read_rows(call, "emotions")) == FRAGMENTS


def test_pairing_again_finds_the_same_pairs(old, call):
    call("init")
    for before in old.rows["pairings"]:
        found = call(*pair_command(before), "--json")
        for name in ("pairs", "mean", "minimum", "maximum", "unpaired_tracks"):
            assert found[name] == before[name]
        assert pairs_of(call, found["pairing"]) == pairs_of(call, before["id"])
        if old.version > "0001":  # whose pairings have another digest, so one more is stored
            assert found["pairing"] == before["id"]
    assert len(read_rows(call, "pairings")) == len(old.rows["pairings"]) + (old.version == "0001")


def pair_command(pairing):
    """The command line that makes a pairing of those columns."""
    choices = {name: pairing[name] for name in ("method", "vector", "metric", "profile")}
    choices["calibrate"] = pairing.get("calibrate", "none")
    choices["space"] = pairing.get("space", "emotion")
    if pairing["method"] == "random":
        choices["seed"] = pairing["parameters"]["seed"]
    return "pair", *(f"--{name}={value}" for name, value in choices.items())


def pairs_of(call, pairing):
    query = f"SELECT position, rank, similarity, track_id, artwork_id FROM v_pairs WHERE pairing_id = {pairing} ORDER BY 1, 2"  # noqa: S608, E501 - a number
    return call("sql", query, "--json")


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_a_lease_of_another_machine_is_kept_until_it_expires(version, restore, call):
    old = restore(version, host="elsewhere")
    call("init")
    leased = old.count_tasks("caption", "leased")
    set_leases(old.url, time.time() + 3600)
    assert call("run", "--stage", "caption", "--json")["caption"]["remaining"] == leased
    set_leases(old.url, time.time() - 1)
    found = call("run", "--stage", "caption", "--json")["caption"]
    assert (found["done"], found["remaining"]) == (leased, 0)


def set_leases(url, until):
    catalog = Catalog(url)
    with catalog.write() as connection:
        statement = text("UPDATE tasks SET lease_until = :until WHERE state = 'leased'")
        connection.execute(statement, {"until": until})
    catalog.close()
