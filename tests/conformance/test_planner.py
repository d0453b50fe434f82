"""Missing work is entered whatever happens meanwhile, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import numpy as np
import pytest

from cmean.catalog import items, pairings, planning, recipes, user_queries
from cmean.catalog.pairing_rows import PairingColumns
from cmean.config import Settings
from cmean.domain import Kind, Recipe, Role
from cmean.errors import CatalogUnavailableError
from cmean.inference.queues import QUEUES
from cmean.jobs.planner import Planner


def number(catalog, query):
    with user_queries.run_query(catalog, query) as (_, rows):
        return next(iter(rows))[0]


def add(connection, n):
    items.add_item(
        connection, items.NewItem(Kind.ARTWORK, f"{n:064x}", f"file:///{n}", 1, 0.0, "PNG", str(n))
    )


@pytest.fixture
def planner(catalog):
    return Planner(catalog, Settings(), QUEUES, lambda *_, **__: None)


def test_nothing_new_is_no_news(catalog, planner):
    with catalog.write() as connection:
        add(connection, 1)
    assert planner.plan_all()
    assert not planner.plan_all()
    assert number(catalog, "SELECT COUNT(*) FROM tasks") == 5


def test_what_got_lower_ids_but_was_committed_later_is_entered(catalog, planner):
    if catalog.is_sqlite:  # its writers queue: later ids are later commits
        with catalog.write() as connection:
            add(connection, 1)
            add(connection, 2)
        assert planner.plan_all()
    else:
        with catalog.write() as slow:
            add(slow, 1)
            with catalog.write() as quick:
                add(quick, 2)
            assert planner.plan_all()
        assert planner.plan_all()
    assert number(catalog, "SELECT COUNT(*) FROM tasks") == 10


def test_what_could_not_be_entered_is_entered_later(catalog, planner, monkeypatch):
    with catalog.write() as connection:
        add(connection, 1)
    plan_media, calls = planning.plan_media_tasks, []

    def away_once(*arguments):
        calls.append(arguments)
        if len(calls) == 2:  # the artworks'
            raise CatalogUnavailableError("the connection is gone")
        return plan_media(*arguments)

    monkeypatch.setattr(planning, "plan_media_tasks", away_once)
    with pytest.raises(CatalogUnavailableError):
        planner.plan_all()
    assert planner.plan_all()
    assert number(catalog, "SELECT COUNT(*) FROM tasks") == 5


def test_one_pairing_stored_twice_is_one(catalog):
    with catalog.write() as connection:
        mapper = recipes.ensure_recipe(connection, Recipe(Role.MAPPER, Kind.TRACK, "x", "1", {}))
    row = PairingColumns(
        digest="d" * 64,
        profile="p",
        method="greedy",
        vector="whole",
        metric="cosine",
        track_recipe_id=mapper,
        artwork_recipe_id=mapper,
        parameters={},
        **dict.fromkeys(("pairs", "unpaired_tracks", "unpaired_artworks"), 0),
        **dict.fromkeys(("mean", "tenth_percentile", "minimum", "maximum", "null_mean"), 0.5),
    )
    ids = []
    for _ in range(2):
        with catalog.write() as connection:
            ids.append(pairings.write_pairing(connection, row, np.empty(0, pairings.PAIR), ()))
    assert ids[0] == ids[1]
    assert number(catalog, "SELECT COUNT(*) FROM pairings") == 1


def test_an_item_whose_file_was_replaced_has_no_work_left(catalog, planner):
    with catalog.write() as connection:
        add(connection, 1)
    planner.plan_all()
    with catalog.write() as connection:
        items.retire_replaced_items(connection, "file:///1", "f" * 64)
    assert number(catalog, "SELECT COUNT(*) FROM tasks") == 0
    assert number(catalog, "SELECT COUNT(*) FROM items WHERE uri IS NULL") == 1
