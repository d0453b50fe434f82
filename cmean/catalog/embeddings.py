"""Embeddings as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import exists, func, select

from cmean.catalog.pairing_inputs import read_input_ids
from cmean.catalog.tables import (
    embeddings,
    fragments,
    items,
    recipes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

    from cmean.domain import Kind

_CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingSet:
    """Embeddings of one recipe at one position.

    Attributes:
        items: ids of the items, ascending, shape (n,).
        captions: ids of the embedded captions, shape (n,); 0 where the media were embedded.
        unit: vectors of unit length, shape (n, width).
    """

    items: NDArray[np.int64]
    captions: NDArray[np.int64]
    unit: NDArray[np.float32]

    def of(self, items: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Find the rows of some items, and which of the items have one."""
        if not len(self.items):
            return np.zeros(len(items), np.intp), np.zeros(len(items), bool)
        at = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return at, self.items[at] == items

    def select(self, chosen: NDArray[np.bool_]) -> EmbeddingSet:
        """Select rows by a mask of shape (n,)."""
        return EmbeddingSet(self.items[chosen], self.captions[chosen], self.unit[chosen])


def find_newest_embedder(
    connection: Connection, backend: str, kind: Kind, source_id: int | None
) -> int | None:
    """Find the newest recipe of an embedder that has embedded anything.

    Args:
        connection: an open transaction.
        backend: the embedder.
        kind: of the items.
        source_id: the recipe of the captions that were embedded; None: the media were.
    """
    query = (
        select(recipes.c.id)
        .where(recipes.c.role == "embedder", recipes.c.backend == backend)
        .where(recipes.c.kind == kind.value, recipes.c.input_id.is_not_distinct_from(source_id))
        .where(exists().where(embeddings.c.recipe_id == recipes.c.id))
        .order_by(recipes.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def read_vectors(
    connection: Connection, recipe_id: int, position: int, pairing_id: int | None = None
) -> EmbeddingSet:
    """Read the vectors of a recipe at a position, by item id.

    With a pairing only those that were there when it was made.
    """
    query = (
        select(embeddings.c.id, fragments.c.item_id, embeddings.c.caption_id, embeddings.c.vector)
        .join(fragments, fragments.c.id == embeddings.c.fragment_id)
        .where(embeddings.c.recipe_id == recipe_id, fragments.c.position == position)
        .order_by(fragments.c.item_id)
    )
    inputs = None
    if pairing_id is not None:
        inputs = read_input_ids(connection, pairing_id, "embedding", recipe_id)
        query = query.where(embeddings.c.id <= inputs.highest)  # spares what came much later
    found = connection.execute(query.execution_options(yield_per=_CHUNK)).all()
    if inputs is not None:
        here = inputs.contains(np.array([row.id for row in found], np.int64))
        found = list(compress(found, here))
    width = len(found[0].vector) // 4 if found else 1
    joined = b"".join(row.vector for row in found)
    return EmbeddingSet(
        np.array([row.item_id for row in found], np.int64),
        np.array([row.caption_id or 0 for row in found], np.int64),
        np.frombuffer(joined, "<f4").reshape(-1, width),
    )


def count_embeddings(connection: Connection, recipe_id: int | None = None) -> int:
    """Count the embeddings of all recipes or of one; they are never removed."""
    query = select(func.count()).select_from(embeddings)
    if recipe_id is not None:
        query = query.where(embeddings.c.recipe_id == recipe_id)
    return int(connection.execute(query).scalar_one())


def count_incomplete_items(
    connection: Connection, kind: Kind, recipe_id: int, positions: Sequence[int]
) -> int:
    """Count the items of a kind without an embedding of a recipe at one of these positions.

    One without media, which nothing can be made of any more, counts only if it has some.
    """
    placed = (
        select(fragments.c.item_id, func.count().label("number"))
        .join(embeddings, embeddings.c.fragment_id == fragments.c.id)
        .where(embeddings.c.recipe_id == recipe_id, fragments.c.position.in_(positions))
        .group_by(fragments.c.item_id)
        .subquery()
    )
    query = (
        select(func.count())
        .select_from(items)
        .outerjoin(placed, placed.c.item_id == items.c.id)
        .where(items.c.kind == kind.value)
        .where(func.coalesce(placed.c.number, 0) < len(positions))
        .where(items.c.uri.is_not(None) | placed.c.number.is_not(None))
    )
    return int(connection.execute(query).scalar_one())
