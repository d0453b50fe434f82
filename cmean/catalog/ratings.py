"""Ratings of pairs by people, and the control pairings that they are compared with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import select

from cmean.catalog.pairing_rows import PairingKey
from cmean.catalog.tables import items, pairings, pairs, ratings
from cmean.catalog.upsert import build_insert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

    from cmean.catalog.pairing_rows import PairingRow

HIGHEST: Final = 2**63 - 1
"""The largest key that a database can be asked for."""

LONGEST_RATER: Final = 100
"""Characters of a rater's name, at most."""

_PARAMETERS: Final = 10_000
"""Parameters of one statement: below the limits of both databases."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating of a pair by a rater: the columns of `ratings`.

    Attributes:
        pair_id: of the pair.
        rater: a name, whatever it is.
        congruence: 1..5; None where this was not answered.
        preferred: in a forced choice ``pair`` or ``random``; None where it was not answered.
        other_artwork_id: in a forced choice the random artwork offered with the pair's, if known.
        comment: in the rater's words.
        seconds: how long it took.
    """

    pair_id: int
    rater: str
    congruence: int | None = None
    preferred: str | None = None
    other_artwork_id: int | None = None
    comment: str | None = None
    seconds: float | None = None


def find_ratings(connection: Connection, pair_ids: Iterable[int]) -> dict[tuple[int, str], Rating]:
    """Find the ratings of some pairs, by pair and rater."""
    columns = [ratings.c[field.name] for field in fields(Rating)]
    found = {}
    for part in _split_ids(pair_ids):
        query = select(*columns).where(ratings.c.pair_id.in_(part))
        for row in connection.execute(query):
            found[row.pair_id, row.rater] = Rating(*row)
    return found


def write_ratings(connection: Connection, given: Sequence[Rating]) -> None:
    """Write ratings; a later one of the same pair by the same rater replaces the earlier one."""
    if not given:
        return
    made = build_insert(connection, ratings)
    keys = ("pair_id", "rater")
    changed = {f.name: made.excluded[f.name] for f in fields(Rating) if f.name not in keys}
    made = made.on_conflict_do_update(index_elements=list(keys), set_=changed)
    connection.execute(made, [asdict(rating) for rating in given])


def read_artworks_of_pairs(connection: Connection, pair_ids: Iterable[int]) -> dict[int, int]:
    """Read the artwork of each of these pairs that exists."""
    found: dict[int, int] = {}
    for part in _split_ids(pair_ids):
        query = select(pairs.c.id, pairs.c.artwork_id).where(pairs.c.id.in_(part))
        found.update((row.id, row.artwork_id) for row in connection.execute(query))
    return found


def read_titles_of_pairs(
    connection: Connection, pair_ids: Iterable[int]
) -> dict[int, tuple[str | None, str | None]]:
    """Read the titles of the track and the artwork of each of these pairs that exists."""
    track, artwork = items.alias(), items.alias()
    found: dict[int, tuple[str | None, str | None]] = {}
    for part in _split_ids(pair_ids):
        query = (
            select(pairs.c.id, track.c.title, artwork.c.title)
            .join(track, track.c.id == pairs.c.track_id)
            .join(artwork, artwork.c.id == pairs.c.artwork_id)
            .where(pairs.c.id.in_(part))
        )
        found.update((row[0], (row[1], row[2])) for row in connection.execute(query))
    return found


def find_artworks(connection: Connection, item_ids: Iterable[int]) -> set[int]:
    """Find which of these ids are artworks."""
    found: set[int] = set()
    for part in _split_ids(item_ids):
        query = select(items.c.id).where(items.c.id.in_(part), items.c.kind == "artwork")
        found.update(connection.execute(query).scalars())
    return found


def _split_ids(ids: Iterable[int]) -> Iterator[list[int]]:
    wanted = sorted({key for key in ids if 0 < key <= HIGHEST})
    for start in range(0, len(wanted), _PARAMETERS):
        yield wanted[start : start + _PARAMETERS]


_ALIKE: Final = ("track_recipe_id", "artwork_recipe_id", "vector")
"""What a random pairing shares with those that its pairs are controls for."""


def find_control_pairings(connection: Connection, pairing: PairingRow) -> list[int]:
    """Find the other random pairings over the same recipes and vector, oldest first."""
    query = select(pairings.c.id).where(pairings.c.method == "random")
    query = query.where(pairings.c.id != pairing.id)
    query = query.where(*(pairings.c[name] == getattr(pairing, name) for name in _ALIKE))
    return list(connection.execute(query.order_by(pairings.c.id)).scalars())


def read_pairings_with_controls(
    connection: Connection,
) -> list[tuple[PairingKey, list[PairingKey]]]:
    """Read each pairing that is not random, with its random control pairings.

    Returns:
        Their keys, in the order they were made.
    """
    columns = (pairings.c[name] for name in ("id", "digest", "method", *_ALIKE))
    query = select(*columns).order_by(pairings.c.id)
    made: list[tuple[PairingKey, tuple[Any, ...]]] = []
    random: dict[tuple[Any, ...], list[PairingKey]] = {}
    for pairing_id, digest, method, *shared in connection.execute(query):
        key, alike = PairingKey(pairing_id, digest), tuple(shared)
        if method == "random":
            random.setdefault(alike, []).append(key)
        else:
            made.append((key, alike))
    return [(key, random.get(alike, [])) for key, alike in made]


RATED: Final = np.dtype(
    [
        ("pair_id", "<i8"),
        ("pairing_id", "<i8"),
        ("similarity", "<f8"),
        ("congruence", "<f8"),
        ("preferred", "U6"),
        ("other_artwork_id", "<i8"),
        ("seconds", "<f8"),
        ("rater", "O"),
    ]
)
"""A rating with its pair: NaN, an empty text and 0 where there is none."""


def read_ratings(connection: Connection, pairing_ids: Sequence[int]) -> NDArray[np.void]:
    """Read all ratings of the pairs of some pairings, `RATED`, by pair and rater."""
    columns = (
        ratings.c.pair_id,
        pairs.c.pairing_id,
        pairs.c.similarity,
        ratings.c.congruence,
        ratings.c.preferred,
        ratings.c.other_artwork_id,
        ratings.c.seconds,
        ratings.c.rater,
    )
    query = select(*columns).join(pairs, pairs.c.id == ratings.c.pair_id)
    query = query.where(pairs.c.pairing_id.in_(pairing_ids))
    rows = sorted(connection.execute(query), key=lambda row: (row.pair_id, row.rater))
    return np.array([_fill_gaps(row) for row in rows], dtype=RATED)


def _fill_gaps(row: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a row
    values = row._mapping  # noqa: SLF001 - this is SQLAlchemy's public name for it
    gaps = {"congruence": np.nan, "preferred": "", "other_artwork_id": 0, "seconds": np.nan}
    names = RATED.names or ()
    return tuple(gaps.get(n) if values[n] is None else values[n] for n in names)
