"""The inputs of a pairing: ids of captions, triples and embeddings that existed at its computation.

A timestamp does not identify them: rows are stamped with the start of their transaction, to the
second on SQLite, so a later commit may have an earlier timestamp. Nor does the highest id: of two
transactions the one with the lower ids may commit later. So a pairing keeps the ids themselves,
read in the transaction in which it read its vectors, and all later queries about the pairing use
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import func, insert, select

from cmean.catalog.id_runs import IdRuns, build_runs, decode_runs, encode_runs
from cmean.catalog.tables import captions, embeddings, emotions, pairing_inputs, recipes
from cmean.domain import Kind
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from cmean.catalog.pairing_rows import PairingChoices

ResultName = Literal["caption", "emotion", "embedding"]

_TABLES: Final[Mapping[ResultName, Table]] = {
    "caption": captions,
    "emotion": emotions,
    "embedding": embeddings,
}


@dataclass(frozen=True, slots=True, eq=False)
class PairingInput:
    """The results of one recipe that a pairing was computed from, as the ids of their rows.

    Of a mapper and its captioner all positions, including those that the pairing did not compare:
    its evaluation uses them, too.
    """

    result: ResultName
    recipe_id: int
    ids: IdRuns


def read_current_inputs(
    connection: Connection, pairing: PairingChoices
) -> tuple[PairingInput, ...]:
    """Read the ids of the present results of a pairing's recipes.

    Args:
        connection: the transaction in which its vectors are read.
        pairing: whose recipes.
    """
    wanted: set[tuple[ResultName, int]] = set()
    for kind in Kind:
        mapper_id = pairing.recipe_id(kind)
        wanted.add(("emotion", mapper_id))
        query = select(recipes.c.input_id).where(recipes.c.id == mapper_id)
        captioner_id = connection.execute(query).scalar_one()
        if captioner_id is not None:
            wanted.add(("caption", captioner_id))
        embedder_id = pairing.embedding_recipe_id(kind)
        if embedder_id is not None:
            wanted.add(("embedding", embedder_id))
    return tuple(
        PairingInput(result, recipe_id, _read_present_ids(connection, _TABLES[result], recipe_id))
        for result, recipe_id in sorted(wanted)
    )


def _read_present_ids(connection: Connection, table: Table, recipe_id: int) -> IdRuns:
    # Consecutive ids differ from their row numbers by one and the same number: that is their run.
    run = table.c.id - func.row_number().over(order_by=table.c.id)
    numbered = select(table.c.id, run.label("run")).where(table.c.recipe_id == recipe_id).subquery()
    first = func.min(numbered.c.id)
    query = select(first, func.max(numbered.c.id)).group_by(numbered.c.run).order_by(first)
    return build_runs([tuple(row) for row in connection.execute(query)])


def write_inputs(connection: Connection, pairing_id: int, inputs: Iterable[PairingInput]) -> None:
    """Write the inputs of a new pairing, in the transaction that writes the pairing."""
    rows = [
        {
            "pairing_id": pairing_id,
            "result": each.result,
            "recipe_id": each.recipe_id,
            "number": len(each.ids),
            "ids": encode_runs(each.ids),
        }
        for each in inputs
    ]
    if rows:
        connection.execute(insert(pairing_inputs), rows)


def read_inputs(connection: Connection, pairing_id: int) -> tuple[PairingInput, ...]:
    """Read all inputs of a pairing."""
    query = select(pairing_inputs).where(pairing_inputs.c.pairing_id == pairing_id)
    query = query.order_by(pairing_inputs.c.result, pairing_inputs.c.recipe_id)
    return tuple(
        PairingInput(row.result, row.recipe_id, decode_runs(row.ids))
        for row in connection.execute(query)
    )


def read_input_ids(
    connection: Connection, pairing_id: int, result: ResultName, recipe_id: int
) -> IdRuns:
    """Read the ids of a recipe's results that a pairing was computed from.

    Raises:
        InputError: the pairing has no record of that recipe.
    """
    query = select(pairing_inputs.c.ids).where(
        pairing_inputs.c.pairing_id == pairing_id,
        pairing_inputs.c.result == result,
        pairing_inputs.c.recipe_id == recipe_id,
    )
    encoded = connection.execute(query).scalar_one_or_none()
    if encoded is None:
        raise InputError(
            f"pairing {pairing_id} has no record of the {result}s of recipe {recipe_id} that it "
            "was made from; pair again: cmean pair"
        )
    return decode_runs(encoded)
