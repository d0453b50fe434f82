"""Opening a catalog, and creating or upgrading one: what entry points call first."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.catalog import migrate, task_counts
from cmean.catalog.engine import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Catalog", "CatalogUpgrade", "open_catalog", "upgrade_catalog"]


@dataclass(frozen=True, slots=True)
class CatalogUpgrade:
    """What an upgrade found and did.

    Attributes:
        name: the catalog's URL without its password.
        before: the schema's revision before; None: there was none.
        after: the revision now.
        recounted: whether the counters of tasks had been wrong, and were counted anew.
    """

    name: str
    before: str | None
    after: str
    recounted: bool


@contextmanager
def open_catalog(database_url: str) -> Iterator[Catalog]:
    """Open a catalog whose schema is this version's; an empty SQLite catalog is created.

    Raises:
        CatalogError: the URL is of another kind of database, or the schema of another version.
    """
    catalog = Catalog(database_url)
    try:
        migrate.ensure_schema(catalog)
        yield catalog
    finally:
        catalog.close()


def upgrade_catalog(database_url: str) -> CatalogUpgrade:
    """Create a catalog's schema, or bring it to this version's; count its tasks anew.

    Raises:
        CatalogError: the catalog is of a newer version, or is another program's database.
    """
    catalog = Catalog(database_url)
    try:
        before, after = migrate.upgrade_schema(catalog)
        with catalog.write() as connection:
            recounted = task_counts.recount_tasks(connection)
    finally:
        catalog.close()
    return CatalogUpgrade(catalog.name, before, after, recounted)
