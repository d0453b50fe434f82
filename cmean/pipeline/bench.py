"""What a worker can carry out: the recipes of its queues, and the one model that is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Kind, Recipe, Role
from cmean.errors import CmeanError, ConfigError
from cmean.pipeline import work
from cmean.pipeline.queues import queue_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cmean.catalog.engine import Connection
    from cmean.pipeline.work import Loaded


@dataclass(frozen=True, slots=True)
class Served:
    """A recipe that the worker can carry out."""

    id: int
    queue: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Taken:
    """A recipe's work with its model in memory; `fresh` when it had to be loaded."""

    work: Loaded
    fresh: bool


class Bench:
    """The recipes of some queues, and at most one loaded model.

    Attributes:
        unable: recipe id → why this worker cannot carry it out.
        news: set when `unable` has grown.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.unable: dict[str, str] = {}
        self.news = False
        self._known: dict[int, Served | None] = {}
        self._loaded: tuple[int, str, Loaded] | None = None

    def served(self, connection: Connection) -> list[Served]:
        """The recipes in the catalog that this worker can carry out."""
        for recipe_id in recipe_rows.ids(connection):
            if recipe_id not in self._known:
                (row,) = recipe_rows.rows(connection, [recipe_id])
                self._known[recipe_id] = self._examined(row)
        return [entry for entry in self._known.values() if entry is not None]

    def refuse(self, recipe_id: int, why: str) -> None:
        """Take a recipe off the bench."""
        self._known[recipe_id] = None
        self.unable[str(recipe_id)] = why
        self.news = True

    def take(self, served: Served) -> Taken:
        """The work of a recipe. A model that another recipe left in memory is used again.

        Raises:
            CmeanError: the model cannot be loaded; whatever else its library raises comes through.
        """
        key = _model(served.recipe)
        if self._loaded is not None:
            recipe_id, loaded_key, loaded = self._loaded
            if recipe_id == served.id:
                return Taken(loaded, fresh=False)
            if loaded_key == key:
                again = work.load(served.recipe, shared=loaded)
                self._loaded = (served.id, key, again)
                return Taken(again, fresh=False)
        self.clear()
        made = work.load(served.recipe)
        self._loaded = (served.id, key, made)
        return Taken(made, fresh=True)

    def has(self, served: Served) -> bool:
        """Whether the recipe's model is in memory."""
        return self._loaded is not None and self._loaded[1] == _model(served.recipe)

    def clear(self) -> None:
        """Give the memory back."""
        if self._loaded is not None:
            self._loaded[2].backend.unload()
            self._loaded = None

    def _examined(self, row: Mapping[str, Any]) -> Served | None:
        queue = queue_of(row["role"], row["kind"])
        if queue not in self.queues:
            return None
        recipe = Recipe(
            Role(row["role"]), Kind(row["kind"]), row["backend"], row["revision"], row["parameters"]
        )
        try:
            made = registry.create(recipe.backend, recipe.parameters["backend"])
            if made.revision != recipe.revision:
                raise ConfigError(
                    f"{recipe.backend} is here in revision {made.revision}, and the recipe wants "
                    f"{recipe.revision}; install the same version of cmean"
                )
        except CmeanError as error:
            self.unable[str(row["id"])] = str(error)
            self.news = True
            return None
        return Served(row["id"], queue, recipe)


def _model(recipe: Recipe) -> str:
    """What must be in memory: recipes that differ elsewhere only can share it."""
    parameters = json.dumps(recipe.parameters["backend"], sort_keys=True)
    return f"{recipe.role}/{recipe.backend}/{recipe.revision}/{parameters}"
