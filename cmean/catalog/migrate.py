"""Create, upgrade and check the catalog's schema with Alembic.

Alembic takes half a second to import, so a catalog that is up to date is recognised without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select, text
from sqlalchemy import table as light_table
from sqlalchemy.sql import column

from cmean.errors import CatalogError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

    from cmean.catalog.engine import Catalog

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every revision that this version knows, oldest first; a test compares it with the scripts."""

_LOCK = 0x636D65616E  # "cmean" in ASCII: the key of PostgreSQL's advisory lock
_VERSION_TABLE = light_table("alembic_version", column("version_num"))


def find_migrations() -> Path:
    """Find the migration scripts: in the installed package, else at the top of the repository."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def upgrade_schema(catalog: Catalog) -> tuple[str | None, str]:
    """Bring the schema to the newest revision; safe when several processes start at once.

    Returns:
        The revision before (None: there was none) and after.

    Raises:
        CatalogError: the catalog is from a newer version, or is some other program's database.
    """
    with catalog.alter() as connection:
        if not catalog.is_sqlite:  # SQLite's writers already wait for each other
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = _read_revision(connection, catalog)
        if before != REVISIONS[-1]:
            from alembic import command  # noqa: PLC0415 - slow to import, rarely needed

            command.upgrade(_build_config(connection), "head")
    return before, REVISIONS[-1]


def ensure_schema(catalog: Catalog) -> None:
    """Check that the schema is this version's; create it in an empty SQLite catalog.

    Raises:
        CatalogError: the catalog is older, newer, or (PostgreSQL) has no schema yet.
    """
    with catalog.read() as connection:
        revision = _read_revision(connection, catalog)
    if revision == REVISIONS[-1]:
        return
    if revision is not None:
        raise CatalogError(
            f"catalog {catalog.name} is from an older version of cmean; run: cmean init"
        )
    if not catalog.is_sqlite:
        raise CatalogError(f"catalog {catalog.name} has no tables yet; run: cmean init")
    upgrade_schema(catalog)


def _read_revision(connection: Connection, catalog: Catalog) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise CatalogError(
                f"catalog {catalog.name} holds another program's tables; name another database"
            )
        return None
    found = connection.execute(select(_VERSION_TABLE.c.version_num)).scalar_one_or_none()
    if found is not None and found not in REVISIONS:
        raise CatalogError(
            f"catalog {catalog.name} is from a newer version of cmean (schema {found}); "
            "upgrade cmean: pip install --upgrade cmean"
        )
    return None if found is None else str(found)


def _build_config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - slow to import, rarely needed

    config = Config()
    # The connection itself, not a URL: a password with % would break the ini format.
    config.attributes["connection"] = connection
    config.set_main_option("script_location", find_migrations().as_posix().replace("%", "%%"))
    return config
