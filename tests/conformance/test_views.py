"""The views of a database are those of the file that people read."""

# ruff: noqa: S608 - the statements hold numbers and words of these tests only

from __future__ import annotations

from sqlalchemy import inspect  # noqa: TID251 - looks into the catalog

from cmean.catalog.sql_files import read_views


def definition(connection, name):
    if connection.dialect.name == "sqlite":
        query = f"SELECT sql FROM sqlite_master WHERE type = 'view' AND name = '{name}'"
    else:
        query = f"SELECT pg_get_viewdef('{name}'::regclass)"
    return connection.exec_driver_sql(query).scalar_one().replace("_read", "")


def test_the_database_has_the_views_of_the_file(catalog):
    views = read_views()
    with catalog.write() as connection:
        assert sorted(inspect(connection).get_view_names()) == sorted(views)
        for name, statement in views.items():
            copy = statement.replace(f"CREATE VIEW {name} AS", f"CREATE VIEW {name}_read AS")
            connection.exec_driver_sql(copy)
            assert definition(connection, name) == definition(connection, f"{name}_read")
            connection.exec_driver_sql(f"DROP VIEW {name}_read")
