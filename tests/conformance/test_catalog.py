"""What the catalog holds and refuses, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import signal
import sqlite3

import pytest

from cmean.catalog import items, migrate, recipes, user_queries
from cmean.catalog.engine import Catalog
from cmean.domain import Kind, Recipe, Role
from cmean.errors import CatalogError, InputError


def artwork(number=1, **facts):
    return items.NewItem(
        Kind.ARTWORK, f"{number:064x}", f"file:///{number}", 1, 0.0, "PNG", **facts
    )


def all_rows(catalog, query):
    with user_queries.run_query(catalog, query) as (columns, rows):
        return columns, list(rows)


def test_an_item_has_a_whole_and_four_fragments(catalog):
    with catalog.write() as connection:
        items.add_item(connection, artwork())
    _, rows = all_rows(catalog, "SELECT position, name FROM fragments ORDER BY position")
    assert rows == [
        (0, "whole"),
        (1, "top left"),
        (2, "top right"),
        (3, "bottom left"),
        (4, "bottom right"),
    ]


def test_content_is_identity(catalog):
    with catalog.write() as connection:
        items.add_item(connection, artwork())
    with pytest.raises(CatalogError), catalog.write() as connection:
        items.add_item(connection, artwork())


def test_a_failed_transaction_leaves_nothing(catalog):
    def add_twice():
        with catalog.write() as connection:
            items.add_item(connection, artwork(1))
            items.add_item(connection, artwork(1))

    with pytest.raises(CatalogError):
        add_twice()
    assert all_rows(catalog, "SELECT * FROM items")[1] == []


class Interrupting:
    """A value at which the user presses Ctrl-C."""


def _interrupt(_value):
    signal.raise_signal(signal.SIGINT)


sqlite3.register_adapter(Interrupting, _interrupt)


def test_a_statement_that_is_interrupted_holds_no_lock(tmp_path):
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.upgrade_schema(catalog)
    insert = "INSERT INTO collections (name) VALUES (?)"

    with pytest.raises(KeyboardInterrupt), catalog.write() as connection:
        connection.exec_driver_sql(insert, [("one",), ("two",), (Interrupting(),)])

    with catalog.write() as connection:
        connection.exec_driver_sql(insert, ("three",))
    assert all_rows(catalog, "SELECT name FROM collections")[1] == [("three",)]
    catalog.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO items (kind, metadata) VALUES ('sculpture', '{}')",
        "INSERT INTO fragments (item_id, position, name) VALUES (1, 5, 'sixth')",
        "INSERT INTO fragments (item_id, position, name) VALUES (1, 0, 'again')",
        "INSERT INTO fragments (item_id, position, name) VALUES (999, 0, 'orphan')",
        "INSERT INTO tasks (stage, recipe_id, fragment_id, state) VALUES ('caption', 1, 1, 'lost')",
        "INSERT INTO tasks (stage, recipe_id, fragment_id, state) VALUES ('caption',1,1,'leased')",
        """INSERT INTO captions (id, recipe_id, fragment_id, text, words, finish_reason,
        measurements) VALUES (77, 1, 1, 'no task made this', 4, 'stop', '{}')""",
        "INSERT INTO labels (item_id, name, dimension) VALUES (1, 'deam', 'valence')",
    ],
)
def test_what_must_not_be_is_refused(catalog, statement):
    with catalog.write() as connection:
        items.add_item(connection, artwork())
        recipes.ensure_recipe(connection, Recipe(Role.CAPTIONER, Kind.ARTWORK, "x", "1", {}))
    with pytest.raises(CatalogError), catalog.write() as connection:
        connection.exec_driver_sql(statement)


def test_recipes_are_keyed_by_all_that_determines_a_result(catalog):
    first = Recipe(Role.CAPTIONER, Kind.ARTWORK, "x", "1", {"prompt": "a"})
    variants = [
        first,
        Recipe(Role.CAPTIONER, Kind.ARTWORK, "x", "2", {"prompt": "a"}),
        Recipe(Role.CAPTIONER, Kind.ARTWORK, "x", "1", {"prompt": "b"}),
        Recipe(Role.CAPTIONER, Kind.TRACK, "x", "1", {"prompt": "a"}),
        Recipe(Role.CAPTIONER, Kind.ARTWORK, "x", "1", {"prompt": "a"}, first),
    ]
    with catalog.write() as connection:
        ids = [recipes.ensure_recipe(connection, recipe) for recipe in variants]
        assert recipes.ensure_recipe(connection, first) == ids[0]
    assert len(set(ids)) == len(variants)


def test_a_query_of_a_user_cannot_write(catalog):
    for query in (
        "DELETE FROM items",
        "CREATE TABLE t (a INTEGER)",
        "DROP TABLE ratings",
        "INSERT INTO collections (name) VALUES ('x') RETURNING id",
        "WITH x AS (SELECT 1) INSERT INTO collections (name) VALUES ('x') RETURNING id",
    ):
        with pytest.raises(InputError), user_queries.run_query(catalog, query):
            pass
    with catalog.write() as connection:  # and the connection can write afterwards
        items.add_item(connection, artwork())


@pytest.mark.parametrize(
    "query", ["", "  ", "SELEKT 1", "SELECT * FROM nowhere", "SELECT 1; SELECT 2"]
)
def test_a_wrong_query_is_said_in_one_line(catalog, query):
    with pytest.raises(InputError) as caught, user_queries.run_query(catalog, query) as (_, rows):
        list(rows)
    assert "\n" not in str(caught.value)


def test_a_percent_sign_is_only_a_percent_sign(catalog):
    assert all_rows(catalog, "SELECT 5 % 3 AS rest")[1] == [(2,)]
    assert all_rows(catalog, "SELECT 1 AS one WHERE 'abc' LIKE 'a%'")[1] == [(1,)]


def test_the_views_have_the_columns_that_users_rely_on(catalog):
    contract = {
        "v_pairs": "pairing_id method vector position rank similarity track_id track_title "
        "track_uri track_red track_green track_blue artwork_id artwork_title artwork_uri "
        "artwork_red artwork_green artwork_blue",
        "v_captions": "item_id kind title position text words finish_reason captioner caption_id",
        "v_emotions": "item_id kind title position red green blue mapper captioner",
        "v_items": "item_id kind title creator year licence uri",
        "v_progress": "stage ready leased done failed dead",
    }
    for view, wanted in contract.items():
        columns, _ = all_rows(catalog, f"SELECT * FROM {view}")  # noqa: S608 - names from above
        assert set(wanted.split()) <= set(columns)


def test_opening_twice_changes_nothing(catalog):
    assert migrate.upgrade_schema(catalog) == (migrate.REVISIONS[-1], migrate.REVISIONS[-1])
    migrate.ensure_schema(catalog)


def test_a_newer_catalog_is_refused(catalog):
    with catalog.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for act in (migrate.ensure_schema, migrate.upgrade_schema):
        with pytest.raises(CatalogError, match="newer version"):
            act(catalog)


def test_another_programs_database_is_refused(database_url):
    other = Catalog(database_url)
    with other.write() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(CatalogError, match="another program"):
        migrate.ensure_schema(other)
    other.close()
