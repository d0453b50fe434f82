"""INSERT … ON CONFLICT, which both databases have, each in its own SQLAlchemy dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection


def build_insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Build an INSERT that offers `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
