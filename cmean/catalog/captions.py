"""Captions as mappers, embedders and controls read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from cmean.catalog.tables import captions, fragments, items, recipes, tasks
from cmean.domain import POSITIONS, Caption, FinishReason, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row, ScalarSelect
    from sqlalchemy.engine import Connection

    from cmean.catalog.job_queue import Claim


_NAMES = ("text", "finish_reason", "measurements", "tokens", "seconds", "language", "windows")
_COLUMNS = [captions.c[name] for name in _NAMES]


@dataclass(frozen=True, slots=True)
class StoredCaption:
    """A caption of the catalog with its key."""

    id: int
    caption: Caption


@dataclass(frozen=True, slots=True)
class ControlItem:
    """An item of a control recipe, which gives it the captions of another item.

    `key` orders items independently of their ids; `entered` is when its tasks were planned.
    """

    key: str
    entered: datetime


def read_caption_texts(connection: Connection, claim: Claim) -> dict[int, tuple[int, str]]:
    """Read the id and the text of the caption of each task of a claim."""
    query = select(captions.c.fragment_id, captions.c.id, captions.c.text).where(
        captions.c.recipe_id == _select_source(claim),
        captions.c.fragment_id.in_([work.fragment_id for work in claim.work]),
    )
    found = {fragment: (caption, text) for fragment, caption, text in connection.execute(query)}
    return {work.task_id: found[work.fragment_id] for work in claim.work}


def read_captions(connection: Connection, claim: Claim) -> dict[int, StoredCaption]:
    """Read the caption of each task of a claim, of a recipe that reads captions."""
    query = select(captions.c.fragment_id, captions.c.id, *_COLUMNS).where(
        captions.c.recipe_id == _select_source(claim),
        captions.c.fragment_id.in_([work.fragment_id for work in claim.work]),
    )
    found = {
        row.fragment_id: StoredCaption(row.id, _build_caption(row))
        for row in connection.execute(query)
    }
    return {work.task_id: found[work.fragment_id] for work in claim.work}


def read_captions_of_items(
    connection: Connection, claim: Claim
) -> dict[int, dict[int, tuple[int, int, str]]]:
    """Read all captions of the items that a claim is about.

    Returns:
        Item id → position → fragment id, caption id and text.
    """
    among = [work.fragment_id for work in claim.work]
    theirs = select(fragments.c.item_id).where(fragments.c.id.in_(among))
    query = (
        select(
            fragments.c.item_id,
            fragments.c.position,
            fragments.c.id,
            captions.c.id,
            captions.c.text,
        )
        .join(captions, captions.c.fragment_id == fragments.c.id)
        .where(captions.c.recipe_id == _select_source(claim), fragments.c.item_id.in_(theirs))
        .order_by(fragments.c.item_id, fragments.c.position)
    )
    result: dict[int, dict[int, tuple[int, int, str]]] = {}
    for item_id, position, *facts in connection.execute(query):
        result.setdefault(item_id, {})[position] = (facts[0], facts[1], facts[2])
    return result


def read_control_items(connection: Connection, recipe_id: int) -> dict[int, ControlItem]:
    """Read the items that a control recipe (permuted captions) has tasks for."""
    query = (
        select(items.c.id, items.c.sha256, func.max(tasks.c.created_at))
        .join(fragments, fragments.c.item_id == items.c.id)
        .join(tasks, tasks.c.fragment_id == fragments.c.id)
        .where(tasks.c.recipe_id == recipe_id)
        .group_by(items.c.id, items.c.sha256)
    )
    return {
        item_id: ControlItem(sha256 or str(item_id), entered)
        for item_id, sha256, entered in connection.execute(query)
    }


def read_item_keys(connection: Connection, recipe_id: int) -> dict[int, str]:
    """Read the keys of the items that have all five captions of a recipe's input recipe."""
    query = (
        select(items.c.id, items.c.sha256)
        .join(fragments, fragments.c.item_id == items.c.id)
        .join(captions, captions.c.fragment_id == fragments.c.id)
        .where(captions.c.recipe_id == _select_source_of(recipe_id))
        .group_by(items.c.id, items.c.sha256)
        .having(func.count() == len(POSITIONS))
    )
    return {item_id: sha256 or str(item_id) for item_id, sha256 in connection.execute(query)}


def read_donor_captions(
    connection: Connection, recipe_id: int, item_ids: Sequence[int]
) -> dict[tuple[int, int], Caption]:
    """Read the captions of a recipe's input recipe, of some items, by item and position."""
    query = (
        select(fragments.c.item_id, fragments.c.position, *_COLUMNS)
        .join(captions, captions.c.fragment_id == fragments.c.id)
        .where(
            captions.c.recipe_id == _select_source_of(recipe_id), fragments.c.item_id.in_(item_ids)
        )
    )
    return {(row.item_id, row.position): _build_caption(row) for row in connection.execute(query)}


def _select_source(claim: Claim) -> ScalarSelect[Any]:
    """Select the id of the recipe whose captions a claim's recipe reads."""
    return _select_source_of(claim.recipe_id)


def _select_source_of(recipe_id: int) -> ScalarSelect[Any]:
    return select(recipes.c.input_id).where(recipes.c.id == recipe_id).scalar_subquery()


def _build_caption(row: Row[Any]) -> Caption:
    windows = tuple(
        Window(
            **{
                "text": row.text,
                "tokens": row.tokens,
                **window,
                "finish_reason": FinishReason(window.get("finish_reason", row.finish_reason)),
            }
        )
        for window in row.windows or ()
    )
    return Caption(
        row.text,
        FinishReason(row.finish_reason),
        row.measurements,
        row.tokens,
        row.seconds,
        row.language,
        windows,
    )
