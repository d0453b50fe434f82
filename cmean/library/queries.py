"""Read-only queries of users, and the exports, which are queries with a name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmean.catalog import user_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.catalog.engine import Catalog

    QueryResult = tuple[list[str], Iterator[tuple[Any, ...]]]

EXPORT_NAMES = tuple(user_queries.EXPORTS)
"""What can be exported."""


@contextmanager
def open_query(catalog: Catalog, query: str) -> Iterator[QueryResult]:
    """Run one query that cannot write; yields its column names and its rows, streamed.

    Raises:
        InputError: the query is empty, fails, writes, or is of a kind that returns no rows.
    """
    with user_queries.run_query(catalog, query) as result:
        yield result


@contextmanager
def open_export(catalog: Catalog, name: str) -> Iterator[QueryResult]:
    """Open a stream of columns and rows of an export of `EXPORT_NAMES`."""
    with open_query(catalog, user_queries.EXPORTS[name]) as result:
        yield result
