"""What the tasks of a claim read and write: items located, results written through the fence."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, insert, select, update

from cmean.catalog import job_queue
from cmean.catalog.engine import PreparedStatement
from cmean.catalog.items import LOCATED_COLUMNS, LocatedItem
from cmean.catalog.tables import (
    captions,
    embeddings,
    emotions,
    fragments,
    items,
    tasks,
)
from cmean.domain import Kind, MeanRGB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from cmean.catalog.job_queue import Claim, ClaimedTask
    from cmean.domain import RGB, Caption


def _prepare_insert(table: Table, *columns: str) -> PreparedStatement:
    return PreparedStatement(insert(table).values({name: bindparam(name) for name in columns}))


_insert_captions = _prepare_insert(
    captions,
    *("id", "recipe_id", "fragment_id", "text", "words", "finish_reason", "measurements"),
    *("tokens", "seconds", "language", "windows"),
)
_insert_emotions = _prepare_insert(
    emotions,
    *("id", "recipe_id", "caption_id", "red", "green", "blue"),
    *("samples", "red_sd", "green_sd", "blue_sd"),
)
_insert_embeddings = _prepare_insert(
    embeddings, "id", "recipe_id", "fragment_id", "caption_id", "width", "vector"
)


def locate_tasks(
    connection: Connection, work: Sequence[ClaimedTask]
) -> dict[LocatedItem, dict[int, int]]:
    """Find the items whose fragments some tasks are about: item → task id → position."""
    task_of = {each.fragment_id: each.task_id for each in work}
    query = (
        select(fragments.c.id, fragments.c.position, *LOCATED_COLUMNS)
        .join(items, items.c.id == fragments.c.item_id)
        .where(fragments.c.id.in_(list(task_of)))
        .order_by(fragments.c.id)
    )
    found: dict[LocatedItem, dict[int, int]] = {}
    for fragment_id, position, item_id, kind, *rest in connection.execute(query):
        item = LocatedItem(item_id, Kind(kind), *rest)
        found.setdefault(item, {})[task_of[fragment_id]] = position
    return found


def commit_captions(connection: Connection, claim: Claim, results: Mapping[int, Caption]) -> int:
    """Write the captions of the tasks that are still held.

    Args:
        connection: an open write transaction.
        claim: the claim under which the tasks were done.
        results: task id → caption.

    Returns:
        How many were written. Those that were freed meanwhile are dropped.
    """
    fragment = {work.task_id: work.fragment_id for work in claim.work}
    rows = [
        {
            "id": task_id,
            "recipe_id": claim.recipe_id,
            "fragment_id": fragment[task_id],
            "text": results[task_id].text,
            "words": results[task_id].words,
            "finish_reason": results[task_id].finish_reason.value,
            "measurements": json.dumps(dict(results[task_id].measurements)),
            "tokens": results[task_id].tokens,
            "seconds": results[task_id].seconds,
            "language": results[task_id].language,
            "windows": _dump_windows(results[task_id]),
        }
        for task_id in sorted(_finish_claimed(connection, claim, results))
    ]
    if rows:
        _insert_captions.execute_many(connection, rows)
    return len(rows)


def _dump_windows(caption: Caption) -> str | None:
    """Dump the windows of a caption as JSON; a single one without its text, the caption itself."""
    if not caption.windows:
        return None
    single = len(caption.windows) == 1
    hidden = {"text", "finish_reason", "tokens"} if single else set()
    return json.dumps(
        [
            {name: value for name, value in asdict(window).items() if name not in hidden}
            for window in caption.windows
        ]
    )


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
            **_build_spread_columns(results[task_id][1]),
        }
        for task_id in sorted(_finish_claimed(connection, claim, results))
    ]
    if rows:
        _insert_emotions.execute_many(connection, rows)
    return len(rows)


def _build_spread_columns(rgb: RGB) -> dict[str, float | None]:
    samples, spread = (
        (rgb.samples, rgb.spread) if isinstance(rgb, MeanRGB) else (None, (None, None, None))
    )
    return {"samples": samples} | dict(zip(("red_sd", "green_sd", "blue_sd"), spread, strict=True))


def commit_embeddings(
    connection: Connection,
    claim: Claim,
    results: Mapping[int, tuple[int | None, NDArray[np.float32]]],
) -> int:
    """Write vectors of the tasks that are still held. `results`: task id → caption id, vector."""
    fragment = {work.task_id: work.fragment_id for work in claim.work}
    rows = [
        {
            "id": task_id,
            "recipe_id": claim.recipe_id,
            "fragment_id": fragment[task_id],
            "caption_id": results[task_id][0],
            "width": len(results[task_id][1]),
            "vector": results[task_id][1].astype("<f4").tobytes(),
        }
        for task_id in sorted(_finish_claimed(connection, claim, results))
    ]
    if rows:
        _insert_embeddings.execute_many(connection, rows)
    return len(rows)


def _finish_claimed(
    connection: Connection, claim: Claim, results: Mapping[int, object]
) -> set[int]:
    everything = len(results) == len(claim.work)
    return job_queue.finish_tasks(connection, claim.token, None if everything else results)


def count_results(connection: Connection, recipe_ids: Sequence[int]) -> list[int]:
    """Count the captions or triples of each recipe.

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


def count_truncated_captions(connection: Connection, recipe_ids: Sequence[int]) -> int:
    """Count the captions of some recipes that ended at their token cap."""
    query = select(func.count()).select_from(captions)
    query = query.where(captions.c.recipe_id.in_(recipe_ids), captions.c.finish_reason == "length")
    return int(connection.execute(query).scalar_one())


def set_pairing(connection: Connection, task_id: int, pairing_id: int) -> None:
    """Record the pairing that a request resulted in."""
    connection.execute(update(tasks).where(tasks.c.id == task_id).values(pairing_id=pairing_id))


def read_pairing_id(connection: Connection, task_id: int) -> int:
    """Read the id of the pairing that a request resulted in."""
    query = select(tasks.c.pairing_id).where(tasks.c.id == task_id)
    return int(connection.execute(query).scalar_one())
