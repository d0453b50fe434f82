"""A catalog with emotion triples of a test's choice, as if captioners and mappers had made them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import insert, select  # noqa: TID251 - writes what no user can

from cmean.catalog import items
from cmean.catalog.tables import captions, emotions, fragments, tasks
from cmean.config import Settings
from cmean.inference import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Catalog
    from cmean.domain import Kind

AS_THE_STUDY = ("--metric", "cosine", "--calibrate", "none")
"""How the study compares triples, whatever a profile chooses."""

_number = count(1)


class Triples:
    """Adds items with triples of a profile's recipes, and triples to items."""

    def __init__(self, catalog: Catalog, profile: str = "embedded") -> None:
        self.catalog = catalog
        self.profile = Settings().get_profile(profile)
        with catalog.write() as connection:
            self.recipes = recipes.enter_recipes(connection, self.profile)

    def add(self, kind: Kind, triples: Mapping[int, tuple[int, int, int]]) -> int:
        """An item with these triples by position. Returns its id."""
        n = next(_number)
        name = f"{kind.value} {n}"
        with self.catalog.write() as connection:
            new = items.NewItem(kind, f"{n:064x}", f"file:///nowhere/{n}", 1, 0.0, "PNG", name)
            item_id = items.add_item(connection, new)
        self.give(item_id, kind, triples)
        return item_id

    def give(self, item_id: int, kind: Kind, triples: Mapping[int, tuple[int, int, int]]) -> None:
        """Captions and triples for an item that is there."""
        captioner, mapper = self.recipes.captioners[kind].id, self.recipes.mappers[kind].id
        with self.catalog.write() as connection:
            query = select(fragments.c.position, fragments.c.id).where(
                fragments.c.item_id == item_id
            )
            places = dict(connection.execute(query).all())
            for position, rgb in triples.items():
                done = {"fragment_id": places[position], "state": "done"}
                task = insert(tasks).values(stage="caption", recipe_id=captioner, **done)
                caption = connection.execute(task.returning(tasks.c.id)).scalar_one()
                text = {"text": "Some words.", "words": 2, "finish_reason": "stop"}
                connection.execute(
                    insert(captions).values(
                        id=caption,
                        recipe_id=captioner,
                        fragment_id=places[position],
                        measurements={},
                        **text,
                    )
                )
                task = insert(tasks).values(stage="emotion", recipe_id=mapper, **done)
                emotion = connection.execute(task.returning(tasks.c.id)).scalar_one()
                channels = dict(zip(("red", "green", "blue"), rgb, strict=True))
                connection.execute(
                    insert(emotions).values(
                        id=emotion, recipe_id=mapper, caption_id=caption, **channels
                    )
                )
