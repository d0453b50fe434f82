"""Captions and emotions: written through the ledger's fence, read for the next stage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from cmean.catalog import ledger
from cmean.catalog.hot import Hot
from cmean.catalog.tables import captions, emotions, evaluations, recipes, tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from cmean.catalog.ledger import Claim
    from cmean.domain import RGB, Caption


def _insert(table: Table, *columns: str) -> Hot:
    return Hot(insert(table).values({name: bindparam(name) for name in columns}))


_insert_captions = _insert(
    captions, "id", "recipe_id", "fragment_id", "text", "words", "finish_reason", "measurements"
)
_insert_emotions = _insert(emotions, "id", "recipe_id", "caption_id", "red", "green", "blue")


def commit_captions(
    connection: Connection, claim: Claim, results: Mapping[int, tuple[Caption, int]]
) -> int:
    """Write captions, with their number of words, of the tasks that are still held.

    Args:
        connection: an open write transaction.
        claim: the claim under which the tasks were done.
        results: task id → caption and words.

    Returns:
        How many were written. Those that were freed meanwhile are dropped.
    """
    fragment = {work.task_id: work.fragment_id for work in claim.work}
    rows = [
        {
            "id": task_id,
            "recipe_id": claim.recipe_id,
            "fragment_id": fragment[task_id],
            "text": results[task_id][0].text,
            "words": results[task_id][1],
            "finish_reason": results[task_id][0].finish_reason.value,
            "measurements": json.dumps(dict(results[task_id][0].measurements)),
        }
        for task_id in sorted(_finished(connection, claim, results))
    ]
    if rows:
        _insert_captions.many(connection, rows)
    return len(rows)


def commit_emotions(
    connection: Connection, claim: Claim, results: Mapping[int, tuple[int, RGB]]
) -> int:
    """Write triples of the tasks that are still held. `results`: task id → caption id, triple."""
    rows = [
        {
            "id": task_id,
            "recipe_id": claim.recipe_id,
            "caption_id": results[task_id][0],
            "red": results[task_id][1].red,
            "green": results[task_id][1].green,
            "blue": results[task_id][1].blue,
        }
        for task_id in sorted(_finished(connection, claim, results))
    ]
    if rows:
        _insert_emotions.many(connection, rows)
    return len(rows)


def _finished(connection: Connection, claim: Claim, results: Mapping[int, object]) -> set[int]:
    everything = len(results) == len(claim.work)
    return ledger.finish(connection, claim.token, None if everything else results)


def captions_to_map(connection: Connection, claim: Claim) -> dict[int, tuple[int, str]]:
    """The caption id and text that each task of an emotion claim is about."""
    captioner = select(recipes.c.input_id).where(recipes.c.id == claim.recipe_id).scalar_subquery()
    query = select(captions.c.fragment_id, captions.c.id, captions.c.text).where(
        captions.c.recipe_id == captioner,
        captions.c.fragment_id.in_([work.fragment_id for work in claim.work]),
    )
    found = {fragment: (caption, text) for fragment, caption, text in connection.execute(query)}
    return {work.task_id: found[work.fragment_id] for work in claim.work}


def numbers(connection: Connection, recipe_ids: Sequence[int]) -> list[int]:
    """How many captions or triples each recipe has given.

    Results are never removed, so equal numbers of a recipe are equal sets: a snapshot of the
    inputs of a pairing that costs next to nothing to compare.
    """
    return [
        sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.recipe_id == recipe_id)
            ).scalar_one()
            for table in (captions, emotions)
        )
        for recipe_id in recipe_ids
    ]


def store_evaluation(
    connection: Connection, task_id: int, pairing_id: int, document: Mapping[str, Any]
) -> None:
    """Write the evaluation that a request asked for."""
    row = {"id": task_id, "pairing_id": pairing_id, "document": dict(document)}
    connection.execute(insert(evaluations).values(row))


def evaluation(connection: Connection, task_id: int) -> dict[str, Any]:
    """The evaluation that a request led to."""
    query = select(evaluations.c.document).where(evaluations.c.id == task_id)
    return dict(connection.execute(query).scalar_one())


def set_pairing(connection: Connection, task_id: int, pairing_id: int) -> None:
    """Record which pairing a request led to."""
    connection.execute(update(tasks).where(tasks.c.id == task_id).values(pairing_id=pairing_id))


def pairing_of(connection: Connection, task_id: int) -> int:
    """The pairing that a request led to."""
    query = select(tasks.c.pairing_id).where(tasks.c.id == task_id)
    return int(connection.execute(query).scalar_one())
