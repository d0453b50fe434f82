"""What a worker can carry out: the recipes of its queues, and the one model that is loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Kind, Recipe, Role
from cmean.errors import CmeanError, ConfigError
from cmean.inference import steps
from cmean.inference.queues import queue_of
from cmean.inference.recipes import backend_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cmean.catalog.engine import Connection
    from cmean.inference.steps import Step


_REFUSAL_SECONDS = (60.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Served:
    """A recipe that the worker can carry out."""

    id: int
    queue: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Taken:
    """A recipe's work with its model in memory; `fresh` when it had to be loaded."""

    step: Step
    fresh: bool


class Bench:
    """The recipes of some queues, and at most one loaded model.

    Attributes:
        unable: recipe id → why this worker cannot carry it out.
        news: set when `unable` has changed.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.unable: dict[str, str] = {}
        self.news = False
        self._known: dict[int, Served | None] = {}
        self._loaded: tuple[int, str, Step] | None = None
        self._refused: dict[int, float] = {}
        self._pauses: dict[int, float] = {}

    def served(self, connection: Connection) -> list[Served]:
        """The recipes in the catalog that this worker can carry out."""
        self._forgive()
        for recipe_id in recipe_rows.ids(connection):
            if recipe_id not in self._known:
                (row,) = recipe_rows.rows(connection, [recipe_id])
                self._known[recipe_id] = self._examined(row)
        return [entry for entry in self._known.values() if entry is not None]

    def refuse(self, recipe_id: int, why: str) -> None:
        """Take a recipe off the bench for a while: a minute, then twice as long, up to an hour."""
        pause = min(2 * self._pauses.get(recipe_id, _REFUSAL_SECONDS[0] / 2), _REFUSAL_SECONDS[1])
        self._pauses[recipe_id] = pause
        self._refused[recipe_id] = time.monotonic() + pause
        self._known[recipe_id] = None
        self.unable[str(recipe_id)] = why
        self.news = True

    def _forgive(self) -> None:
        """Look again at recipes that were refused long enough ago."""
        for recipe_id, until in list(self._refused.items()):
            if time.monotonic() >= until:
                del self._refused[recipe_id], self._known[recipe_id]
                self.unable.pop(str(recipe_id), None)
                self.news = True

    def take(self, served: Served) -> Taken:
        """The work of a recipe. A model that another recipe left in memory is used again.

        Raises:
            CmeanError: the model cannot be loaded; whatever else its library raises comes through.
        """
        key = steps.model_key(served.recipe)
        if self._loaded is not None:
            recipe_id, loaded_key, loaded = self._loaded
            if recipe_id == served.id:
                return Taken(loaded, fresh=False)
            if loaded_key == key:
                again = steps.load(served.recipe, shared=loaded)
                self._loaded = (served.id, key, again)
                return Taken(again, fresh=False)
        self.clear()
        made = steps.load(served.recipe)
        self._loaded = (served.id, key, made)
        return Taken(made, fresh=True)

    def has(self, served: Served) -> bool:
        """Whether the recipe's model is in memory."""
        return self._loaded is not None and self._loaded[1] == steps.model_key(served.recipe)

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
            _require_revision(recipe)
        except Exception as error:  # noqa: BLE001 - a recipe of another version may lack anything
            kind = "" if isinstance(error, CmeanError) else f"{type(error).__name__}: "
            self.unable[str(row["id"])] = f"{kind}{error}"
            self.news = True
            return None
        return Served(row["id"], queue, recipe)


def _require_revision(recipe: Recipe) -> None:
    """The back-end that is here must be the one that the recipe was made for."""
    role = backend_role(recipe)
    here = registry.create_backend(recipe.backend, role, recipe.parameters["backend"]).revision
    if here != recipe.revision:
        raise ConfigError(
            f"{recipe.backend} is here in revision {here}, and the recipe wants "
            f"{recipe.revision}; install the same version of cmean"
        )
