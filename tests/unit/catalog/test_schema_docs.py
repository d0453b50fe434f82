"""docs/schema.md names every table, view and column, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import inspect  # noqa: TID251 - reads the schema

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog


def documented():
    text = (Path(__file__).parents[3] / "docs" / "schema.md").read_text(encoding="utf-8")
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| ([a-z0-9_, ]+) \|", section, flags=re.MULTILINE)
        columns = {name for row in rows for name in row.split(", ")} - {"column"}
        yield section.split("\n")[0], columns


def test_every_column_is_documented(tmp_path):
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.upgrade_schema(catalog)
    with catalog.read() as connection:
        inspector = inspect(connection)
        names = [*inspector.get_table_names(), *inspector.get_view_names()]
        real = {name: {c["name"] for c in inspector.get_columns(name)} for name in names}
    real.pop("alembic_version")
    assert dict(documented()) == real
