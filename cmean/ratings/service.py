"""Ratings one by one, and exports of ratings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmean.catalog import pairings, user_queries
from cmean.catalog.ratings import Rating
from cmean.library.queries import open_export, open_query
from cmean.ratings import importer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmean.catalog.engine import Catalog
    from cmean.library.queries import QueryResult


def add_rating(  # noqa: PLR0913 - one argument for each answer
    catalog: Catalog,
    pair_id: int,
    rater: str,
    *,
    congruence: int | None = None,
    preferred: str | None = None,
    other_artwork_id: int | None = None,
    comment: str = "",
    seconds: float | None = None,
    overwrite: bool = False,
) -> bool:
    """Write one rating. Returns whether anything is new.

    Args:
        catalog: an open catalog.
        pair_id: which pair was rated.
        rater: by whom.
        congruence: 1..5, how well track and artwork go together.
        preferred: ``pair`` or ``random``, the answer to a choice between two artworks.
        other_artwork_id: the random artwork of that choice.
        comment: in the rater's words.
        seconds: how long the answer took.
        overwrite: whether it replaces another answer of the same rater.

    Raises:
        InputError: there is no such pair or artwork, or the rater answered otherwise before.
        UsageError: there is no answer.
    """
    rating = Rating(pair_id, rater, congruence, preferred, other_artwork_id, comment, seconds)
    return importer.store_rating(catalog, rating, overwrite=overwrite)


@contextmanager
def open_rating_export(catalog: Catalog, pairing_id: int | None = None) -> Iterator[QueryResult]:
    """Open a stream of columns and rows of all ratings, or of those of one pairing.

    Raises:
        InputError: there is no such pairing.
    """
    if pairing_id is None:
        with open_export(catalog, "ratings") as result:
            yield result
        return
    with catalog.read() as connection:
        found = pairings.read_pairing(connection, pairing_id).id
    with open_query(catalog, user_queries.select_ratings_of(found)) as result:
        yield result
