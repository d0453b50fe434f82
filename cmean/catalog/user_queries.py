"""Read-only SQL: queries that users write, and the named queries of the exports."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.catalog.engine import Catalog

EXPORTS = {
    "items": "SELECT * FROM v_items ORDER BY item_id",
    "captions": "SELECT * FROM v_captions ORDER BY caption_id",
    "emotions": "SELECT * FROM v_emotions ORDER BY emotion_id",
    "embeddings": "SELECT * FROM embeddings ORDER BY id",
    "pairs": "SELECT * FROM v_pairs ORDER BY pairing_id, position, rank",
    "ratings": "SELECT * FROM v_ratings ORDER BY rating_id",
}
"""What can be exported, and the query that gives it."""


def select_ratings_of(pairing_id: int) -> str:
    """Build the query of `EXPORTS` for ratings, of the pairs of one pairing."""
    return EXPORTS["ratings"].replace(" ORDER", f" WHERE pairing_id = {pairing_id:d} ORDER")


@contextmanager
def run_query(
    catalog: Catalog, query: str
) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """Run one read-only query; yields its column names and its rows, streamed.

    Raises:
        InputError: the query is empty, fails, writes, or is of a kind that returns no rows.
    """
    if not query.strip():
        raise InputError("the query is empty; try: cmean sql 'SELECT * FROM v_items'")
    with catalog.read_only() as connection:
        try:
            options = {"stream_results": True, "no_parameters": True}
            result = connection.exec_driver_sql(query, execution_options=options)
        except DBAPIError as error:
            message = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
            raise InputError(f"the query failed: {message}") from error
        if not result.returns_rows:
            raise InputError("only queries that return rows are allowed here, e.g. SELECT")
        yield list(result.keys()), (tuple(row) for row in result)
        result.close()
