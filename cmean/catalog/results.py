"""Captions and emotions: written through the ledger's fence, read for the next stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from cmean.catalog import ledger
from cmean.catalog.tables import captions, emotions, recipes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from cmean.catalog.ledger import Claim
    from cmean.domain import RGB, Caption


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
            "measurements": dict(results[task_id][0].measurements),
        }
        for task_id in sorted(ledger.finish(connection, claim.token, results))
    ]
    if rows:
        connection.execute(insert(captions), rows)
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
        for task_id in sorted(ledger.finish(connection, claim.token, results))
    ]
    if rows:
        connection.execute(insert(emotions), rows)
    return len(rows)


def captions_to_map(connection: Connection, claim: Claim) -> dict[int, tuple[int, str]]:
    """The caption id and text that each task of an emotion claim is about."""
    captioner = select(recipes.c.input_id).where(recipes.c.id == claim.recipe_id).scalar_subquery()
    query = select(captions.c.fragment_id, captions.c.id, captions.c.text).where(
        captions.c.recipe_id == captioner,
        captions.c.fragment_id.in_([work.fragment_id for work in claim.work]),
    )
    found = {fragment: (caption, text) for fragment, caption, text in connection.execute(query)}
    return {work.task_id: found[work.fragment_id] for work in claim.work}
