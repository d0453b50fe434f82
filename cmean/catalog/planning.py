"""Create tasks: one statement enters all missing tasks of a recipe.

Planners may run at the same time, on any machine: what another has entered meanwhile is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, literal, select

from cmean.catalog.tables import captions, fragments, items, recipes, tasks
from cmean.catalog.task_counts import has_open_tasks
from cmean.catalog.upsert import build_insert
from cmean.domain import POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement, Select

    from cmean.domain import Kind


def plan_media_tasks(connection: Connection, stage: str, recipe_id: int, kind: Kind) -> int:
    """Create a ready task for each fragment of that kind that the recipe has none for.

    Returns:
        How many tasks were added.
    """
    wanted = (
        select(literal(stage), literal(recipe_id), fragments.c.id)
        .join(items, items.c.id == fragments.c.item_id)
        .where(items.c.kind == kind.value, items.c.uri.is_not(None))
        .where(~_has_task(recipe_id, fragments.c.id))
        .order_by(fragments.c.id)
    )
    return _insert_tasks(connection, wanted)


def plan_caption_tasks(
    connection: Connection,
    stage: str,
    recipe_id: int,
    source_id: int,
    fragment_ids: Sequence[int] | None = None,
    *,
    whole_items: bool = False,
) -> int:
    """Create a ready task for each caption of a recipe that another recipe has none for.

    Args:
        connection: an open write transaction.
        stage: of the tasks.
        recipe_id: the recipe that reads the captions.
        source_id: the recipe that wrote them.
        fragment_ids: only captions of these, or, with `whole_items`, of their items (default: all).
        whole_items: only captions of items all of whose fragments have one.

    Returns:
        How many tasks were added.
    """
    wanted = (
        select(literal(stage), literal(recipe_id), captions.c.fragment_id)
        .where(captions.c.recipe_id == source_id)
        .where(~_has_task(recipe_id, captions.c.fragment_id))
        .order_by(captions.c.fragment_id)
    )
    among = None if fragment_ids is None else list(fragment_ids)
    if whole_items:
        complete = _select_complete_items(source_id, among)
        theirs = select(fragments.c.id).where(fragments.c.item_id.in_(complete))
        wanted = wanted.where(captions.c.fragment_id.in_(theirs))
    elif among is not None:
        wanted = wanted.where(captions.c.fragment_id.in_(among))
    return _insert_tasks(connection, wanted)


def _select_complete_items(source_id: int, among: list[int] | None) -> Select[tuple[int]]:
    """Select the items all of whose fragments have a caption of that recipe."""
    found = (
        select(fragments.c.item_id)
        .join(captions, captions.c.fragment_id == fragments.c.id)
        .where(captions.c.recipe_id == source_id)
        .group_by(fragments.c.item_id)
        .having(func.count() == len(POSITIONS))
    )
    if among is None:
        return found
    theirs = select(fragments.c.item_id).where(fragments.c.id.in_(among))
    return found.where(fragments.c.item_id.in_(theirs))


def lock_recipe(connection: Connection, recipe_id: int) -> None:
    """Let other transactions that lock the same recipe wait for the end of this one.

    On SQLite, where a write transaction excludes all others, there is nothing to do.
    """
    locked = select(recipes.c.id).where(recipes.c.id == recipe_id)
    connection.execute(locked.with_for_update(key_share=True))  # tasks may refer to it meanwhile


def has_open_work(connection: Connection, recipe_id: int) -> bool:
    """Tell whether a recipe, or one of its input recipes, has tasks that are ready or leased."""
    recipe: int | None = recipe_id
    while recipe is not None:
        if has_open_tasks(connection, recipe):
            return True
        source = select(recipes.c.input_id).where(recipes.c.id == recipe)
        recipe = connection.execute(source).scalar_one()
    return False


def plan_request(
    connection: Connection,
    stage: str,
    digest: str,
    request: Mapping[str, Any],
    pairing_id: int | None = None,
) -> int:
    """Enter a request for a pairing or an evaluation, or find the equal one. Returns its id."""
    values = {
        "stage": stage,
        "digest": digest,
        "request": dict(request),
        "pairing_id": pairing_id,
    }
    statement = build_insert(connection, tasks).values(values)
    connection.execute(statement.on_conflict_do_nothing())
    return int(connection.execute(select(tasks.c.id).where(tasks.c.digest == digest)).scalar_one())


def _has_task(recipe_id: int, fragment_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(tasks.c.recipe_id == recipe_id, tasks.c.fragment_id == fragment_id)


def _insert_tasks(connection: Connection, wanted: Select[tuple[str, int, int]]) -> int:
    statement = build_insert(connection, tasks).from_select(
        ["stage", "recipe_id", "fragment_id"], wanted
    )
    # Without the option the number is lost on PostgreSQL.
    counted = {"preserve_rowcount": True}
    return connection.execute(
        statement.on_conflict_do_nothing(), execution_options=counted
    ).rowcount
