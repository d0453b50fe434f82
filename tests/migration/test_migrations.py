"""The migrations make exactly the schema that the code declares, up and down."""

from __future__ import annotations

import numpy as np
import pytest
import study_files
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, text  # noqa: TID251 - compares schemas

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.catalog.tables import metadata
from cmean.errors import CatalogError
from cmean.reproduction import service as reproduction_service


def config(connection=None):
    made = Config()
    made.set_main_option("script_location", str(migrate.find_migrations()))
    made.attributes["connection"] = connection
    return made


def test_the_known_revisions_are_the_scripts():
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    assert tuple(reversed([script.revision for script in scripts])) == migrate.REVISIONS


def test_models_equal_migrations(catalog):
    with catalog.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_checks_equal_migrations(catalog):
    """Alembic's comparison passes over CHECK constraints, so they are compared by name and text."""
    with catalog.read() as connection:
        migrated = checks(connection)
    with catalog.write() as connection:
        for view in inspect(connection).get_view_names():
            connection.exec_driver_sql(f"DROP VIEW {view}")
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
        metadata.create_all(connection)
    with catalog.read() as connection:
        assert checks(connection) == migrated


def checks(connection):
    inspector = inspect(connection)
    return {
        table: sorted((c["name"], c["sqltext"]) for c in inspector.get_check_constraints(table))
        for table in metadata.tables
    }


def test_a_catalog_of_the_first_schema_keeps_its_rows(database_url):
    catalog = Catalog(database_url)
    with catalog.alter() as connection:
        command.upgrade(config(connection), "0001")
        for statement in FIRST_ROWS.split(";"):
            connection.exec_driver_sql(statement)
    assert migrate.upgrade_schema(catalog) == ("0001", migrate.REVISIONS[-1])
    with catalog.read() as connection:
        tasks = connection.exec_driver_sql("SELECT id, stage, state FROM tasks ORDER BY id").all()
        captions = connection.exec_driver_sql("SELECT caption_id, text FROM v_captions").all()
        done = connection.exec_driver_sql("SELECT done, ready FROM v_progress").all()
    assert [tuple(row) for row in tasks] == [(1, "caption", "done"), (2, "caption", "ready")]
    assert [tuple(row) for row in captions] == [(1, "red")]
    assert [tuple(row) for row in done] == [(1, 1)]
    with pytest.raises(CatalogError), catalog.write() as connection:  # keys hold as before
        connection.exec_driver_sql("DELETE FROM tasks WHERE id = 1")
    with catalog.alter() as connection:
        command.downgrade(config(connection), "0001")
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM captions").scalar_one() == 1
    catalog.close()


FIRST_ROWS = """
INSERT INTO items (id, kind, uri, metadata) VALUES (1, 'artwork', 'file:///x', '{}');
INSERT INTO fragments (id, item_id, position, name) VALUES (1, 1, 0, 'whole');
INSERT INTO fragments (id, item_id, position, name) VALUES (2, 1, 1, 'top left');
INSERT INTO recipes (id, digest, role, kind, backend, revision, parameters)
    VALUES (1, 'd', 'captioner', 'artwork', 'x', '1', '{}');
INSERT INTO tasks (id, stage, recipe_id, fragment_id, state) VALUES (1, 'caption', 1, 1, 'done');
INSERT INTO tasks (id, stage, recipe_id, fragment_id) VALUES (2, 'caption', 1, 2);
INSERT INTO captions (id, recipe_id, fragment_id, text, words, finish_reason, measurements)
    VALUES (1, 1, 1, 'red', 1, 'stop', '{}')
"""


def test_down_and_up_again(catalog):
    with catalog.alter() as connection:
        command.downgrade(config(connection), "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        command.upgrade(config(connection), "head")
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_going_back_keeps_what_the_earlier_schema_has_a_place_for(catalog, tmp_path):
    found = reproduction_service.reproduce_study(catalog, study_files.write(tmp_path / "DIR"))
    with catalog.alter() as connection:
        command.downgrade(config(connection), "0003")
    with catalog.alter() as connection:
        kept = connection.exec_driver_sql("SELECT id FROM pairings").scalars().all()
        assert kept == []  # the published pairs lack triples, the earlier run lacks captions
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM captions").scalar_one() > 0
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM v_emotions").scalar_one() > 0
        command.upgrade(config(connection), "head")
    again = reproduction_service.reproduce_study(catalog, tmp_path / "DIR")
    assert again.cells == found.cells


def test_the_weak_end_of_older_pairings_is_filled_in_and_calibrated_ones_go(catalog):
    with catalog.alter() as connection:
        command.downgrade(config(connection), "0004")
    similarities = {1: [0.5, 0.9, 0.7], 2: [0.25], 3: [n / 32 for n in range(11)]}
    with catalog.alter() as connection:
        connection.exec_driver_sql(
            "INSERT INTO recipes (id, digest, role, kind, backend, revision, parameters)"
            " VALUES (1, 'd', 'mapper', 'track', 'x', '1', '{}')"
        )
        for kind, first in (("track", 1), ("artwork", 101)):
            rows = [{"id": first + n, "kind": kind} for n in range(11)]
            connection.execute(text(OLD_ITEM), rows)
        for pairing, found in similarities.items():
            row = {"id": pairing, "digest": f"d{pairing}", "pairs": len(found)}
            connection.execute(text(OLD_PAIRING), row | {"minimum": min(found)})
            rows = [
                {"pairing": pairing, "rank": rank, "value": value, "other": 100 + rank}
                for rank, value in enumerate(found, start=1)
            ]
            connection.execute(text(OLD_PAIR), rows)
        command.upgrade(config(connection), "head")
    query = "SELECT id, tenth_percentile, calibrate, below_floor FROM pairings ORDER BY id"
    with catalog.alter() as connection:
        rows = connection.exec_driver_sql(query).all()
        assert [row[0] for row in rows] == [1, 2, 3]
        for row in rows:
            assert row[1] == pytest.approx(np.quantile(similarities[row[0]], 0.1))
            assert (row[2], row[3]) == ("none", 0)
        connection.exec_driver_sql("UPDATE pairings SET calibrate = 'quantile' WHERE id = 1")
        connection.exec_driver_sql("UPDATE pairings SET min_similarity = 0.25 WHERE id = 2")
    with catalog.alter() as connection:
        command.downgrade(config(connection), "0004")
        kept = connection.exec_driver_sql("SELECT id FROM pairings").scalars().all()
        assert kept == [3]
        shown = connection.exec_driver_sql("SELECT COUNT(*) FROM v_pairs").scalar_one()
        assert shown == len(similarities[3])
    with pytest.raises(CatalogError), catalog.write() as connection:  # keys hold as before
        connection.exec_driver_sql("DELETE FROM pairings WHERE id = 3")


OLD_ITEM = """
INSERT INTO items (id, kind, uri, metadata) VALUES (:id, :kind, 'file:///nowhere', '{}')
"""
OLD_PAIRING = """
INSERT INTO pairings (id, digest, profile, method, vector, metric, pairs, parameters,
    track_recipe_id, artwork_recipe_id, unpaired_tracks, unpaired_artworks, mean, minimum, maximum)
VALUES (:id, :digest, 'p', 'greedy', 'whole', 'cosine', :pairs, '{}', 1, 1, 0, 0, 0.5, :minimum, 1)
"""
OLD_PAIR = """
INSERT INTO pairs (pairing_id, position, rank, similarity, track_id, artwork_id)
VALUES (:pairing, 0, :rank, :value, :rank, :other)
"""


def test_several_machines_may_upgrade_at_once(database_url):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only here

    catalogs = [Catalog(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert {after for _, after in pool.map(migrate.upgrade_schema, catalogs)} == {
            migrate.REVISIONS[-1]
        }
    for catalog in catalogs:
        catalog.close()
