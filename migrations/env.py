"""Alembic's entry: uses the connection that cmean hands over, else opens the configured catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from cmean.catalog.engine import Catalog
from cmean.catalog.tables import metadata
from cmean.config import load_settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        url=load_settings().database_url, target_metadata=metadata, literal_binds=True
    )
    context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    with Catalog(load_settings().database_url).alter() as opened:
        _run(opened)
