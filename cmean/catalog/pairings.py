"""Pairings: the emotion triples that they compare, and the rows that they consist of.

Both are arrays, a field for each column: a catalog may hold millions of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import desc, func, insert, or_, select

from cmean.catalog.pairing_inputs import read_input_ids, read_inputs, write_inputs
from cmean.catalog.pairing_rows import PairingRow
from cmean.catalog.tables import captions, emotions, fragments, items, pairings, pairs
from cmean.catalog.upsert import build_insert
from cmean.errors import InputError
from cmean.profile_names import CONTROLS
from cmean.util.hashing import hash_json, hash_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

    from cmean.catalog.pairing_inputs import PairingInput
    from cmean.catalog.pairing_rows import PairingColumns

TRIPLE: Final = np.dtype(
    [("item", "<i8"), ("position", "u1"), ("emotion", "<i8"), ("rgb", "u1", 3)]
)
"""An emotion with the item and position that it belongs to."""

PAIR: Final = np.dtype(
    [
        ("position", "u1"),
        ("rank", "<i8"),
        ("similarity", "<f8"),
        ("track_id", "<i8"),
        ("artwork_id", "<i8"),
        ("track_emotion_id", "<i8"),
        ("artwork_emotion_id", "<i8"),
    ]
)
"""The columns of `pairs`, but for its key and its pairing; an emotion's id 0: there is none."""

_EMOTIONS: Final = ("track_emotion_id", "artwork_emotion_id")

_HIGHEST: Final = 2**63 - 1
"""The largest key; a larger number is the key of nothing, but no database can be asked for it."""

_CHUNK: Final = 10_000
"""Rows that are read or written at a time."""


def read_triples(
    connection: Connection,
    recipe_id: int,
    positions: Sequence[int],
    pairing_id: int | None = None,
) -> NDArray[np.void]:
    """Read the triples of an emotion recipe at some positions, by item id and position.

    Args:
        connection: an open transaction.
        recipe_id: the emotion mapper's recipe.
        positions: of 0..4.
        pairing_id: only triples that were there when this pairing was made.

    Returns:
        `TRIPLE`, shape (n,).
    """
    query = (
        _select_positions(recipe_id, positions)
        .add_columns(emotions.c.id, emotions.c.red, emotions.c.green, emotions.c.blue)
        .order_by(fragments.c.item_id, fragments.c.position)
    )
    inputs = None
    if pairing_id is not None:
        inputs = read_input_ids(connection, pairing_id, "emotion", recipe_id)
        query = query.where(emotions.c.id <= inputs.highest)  # spares what came much later
    rows = connection.execute(query.execution_options(yield_per=_CHUNK))
    found = np.fromiter(((item, at, key, rgb) for item, at, key, *rgb in rows), dtype=TRIPLE)
    return found if inputs is None else found[inputs.contains(found["emotion"])]


def _select_positions(recipe_id: int, positions: Sequence[int]) -> Select[Any]:
    """Select item and position of the emotions of a recipe."""
    return (
        select(fragments.c.item_id, fragments.c.position)
        .select_from(emotions)
        .outerjoin(captions, captions.c.id == emotions.c.caption_id)
        .join(
            fragments,
            fragments.c.id == func.coalesce(emotions.c.fragment_id, captions.c.fragment_id),
        )
        .where(emotions.c.recipe_id == recipe_id, fragments.c.position.in_(positions))
    )


def count_incomplete_items(
    connection: Connection, kind: str, recipe_id: int, positions: Sequence[int]
) -> int:
    """Count the items of a kind without a triple of a recipe at one of these positions.

    One without media, which nothing can be made of any more, counts only if it has some.
    """
    placed = _select_positions(recipe_id, positions).subquery()
    grouped = select(placed.c.item_id, func.count().label("number")).group_by(placed.c.item_id)
    found = grouped.subquery()
    query = (
        select(func.count())
        .select_from(items)
        .outerjoin(found, found.c.item_id == items.c.id)
        .where(items.c.kind == kind, func.coalesce(found.c.number, 0) < len(positions))
        .where(items.c.uri.is_not(None) | found.c.number.is_not(None))
    )
    return int(connection.execute(query).scalar_one())


def write_pairing(
    connection: Connection,
    pairing: PairingColumns,
    made: NDArray[np.void],
    inputs: Iterable[PairingInput],
) -> int:
    """Write a pairing with all its pairs, or return the id of the equal one that is there.

    Equal are the parameters and the vectors that were compared, which `digest` identifies, and the
    triples and embeddings at the other positions: evaluations use these, too. Where only the latter
    differ, the pairing gets a digest of both.

    Args:
        connection: an open write transaction.
        pairing: its columns.
        made: its pairs, `PAIR`, shape (n,).
        inputs: the results that there were when its vectors were read.
    """
    inputs = tuple(inputs)
    pairing_id = _insert_pairing(connection, pairing)
    if pairing_id is None:
        equal = _find_by_digest(connection, pairing.digest)
        vectors = _identify_vectors(inputs)
        if vectors == _identify_vectors(read_inputs(connection, equal)):
            return equal
        pairing = replace(pairing, digest=hash_json([pairing.digest, vectors]))
        pairing_id = _insert_pairing(connection, pairing)
    if pairing_id is None:
        return _find_by_digest(connection, pairing.digest)
    write_inputs(connection, pairing_id, inputs)
    for start in range(0, len(made), _CHUNK):
        rows = map(_build_row, made[start : start + _CHUNK].tolist())
        connection.execute(insert(pairs), [{"pairing_id": pairing_id, **row} for row in rows])
    return pairing_id


def _insert_pairing(connection: Connection, pairing: PairingColumns) -> int | None:
    """Insert the row of a pairing; None where there is one of that digest."""
    row = build_insert(connection, pairings).values(pairing.as_columns())
    row = row.on_conflict_do_nothing(index_elements=["digest"])
    return connection.execute(row.returning(pairings.c.id)).scalar_one_or_none()


def _find_by_digest(connection: Connection, digest: str) -> int:
    equal = select(pairings.c.id).where(pairings.c.digest == digest)
    return int(connection.execute(equal).scalar_one())


def _identify_vectors(inputs: Iterable[PairingInput]) -> list[list[str | int]]:
    """Identify the triples and embeddings among some inputs."""
    return sorted(
        [each.result, each.recipe_id, hash_parts(ids.tobytes() for ids in _list_bounds(each))]
        for each in inputs
        if each.result != "caption"
    )


def _list_bounds(inputs: PairingInput) -> list[NDArray[np.int64]]:
    return [inputs.ids.first, inputs.ids.last]


def _build_row(row: tuple[Any, ...]) -> dict[str, Any]:
    named = dict(zip(PAIR.names or (), row, strict=True))
    return named | {name: named[name] or None for name in _EMOTIONS}


def read_pairing(connection: Connection, pairing_id: int | None = None) -> PairingRow:
    """Read a pairing (default: the newest that is no null model, else the newest).

    Null models are random pairings, and those of control profiles.

    Raises:
        InputError: there is none.
    """
    null = or_(
        pairings.c.method == "random",
        *(pairings.c.profile.contains(f"+{name}") for name in CONTROLS),
    )
    query = select(pairings).order_by(null, desc(pairings.c.id)).limit(1)
    if pairing_id is not None:
        query = query.where(pairings.c.id == min(pairing_id, _HIGHEST))
    row = connection.execute(query).mappings().one_or_none()
    if row is None and pairing_id is not None:
        raise InputError(f"there is no pairing {pairing_id}; list them in the table pairings")
    if row is None:
        raise InputError("there is no pairing yet; make one: cmean pair")
    return PairingRow(**row)


def read_pairs(connection: Connection, pairing_id: int) -> NDArray[np.void]:
    """Read the pairs of a pairing by position and rank: `PAIR`, shape (n,)."""
    columns = (pairs.c[name] for name in PAIR.names or ())
    query = select(*(func.coalesce(c, 0) if c.name in _EMOTIONS else c for c in columns))
    query = query.where(pairs.c.pairing_id == pairing_id).order_by(pairs.c.position, pairs.c.rank)
    rows = connection.execute(query.execution_options(yield_per=_CHUNK))
    return np.fromiter(map(tuple, rows), dtype=PAIR)


def read_pair_ids(connection: Connection, pairing_id: int) -> NDArray[np.int64]:
    """Read the keys of a pairing's pairs, in the order of `read_pairs`."""
    query = select(pairs.c.id).where(pairs.c.pairing_id == pairing_id)
    query = query.order_by(pairs.c.position, pairs.c.rank)
    return np.fromiter(connection.execute(query).scalars(), np.int64)
