"""The recipes that a worker can execute, and the one model that it has in memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Kind, Recipe, Role
from cmean.errors import CmeanError, ConfigError
from cmean.inference import steps
from cmean.inference.queues import get_queue
from cmean.inference.recipes import get_backend_role
from cmean.jobs import delays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from cmean.catalog.engine import Connection
    from cmean.inference.steps import Step


@dataclass(frozen=True, slots=True)
class ServedRecipe:
    """A recipe that the worker can execute."""

    id: int
    queue: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class LoadedStep:
    """A recipe's step with its model in memory; `is_fresh` when it had to be loaded."""

    step: Step
    is_fresh: bool


class ModelCache:
    """The recipes of some queues, and at most one loaded model.

    Attributes:
        unable: recipe id → why this worker cannot execute it.
        has_changed: set when `unable` has changed; the caller resets it.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.unable: dict[str, str] = {}
        self.has_changed = False
        self._checked: dict[int, ServedRecipe | None] = {}
        self._loaded: tuple[int, str, Step] | None = None
        self._excluded_until: dict[int, float] = {}
        self._exclusion_seconds: dict[int, float] = {}  # of the last one, kept for the next

    def list_recipes(self, connection: Connection) -> list[ServedRecipe]:
        """List the recipes in the catalog that this worker can execute now."""
        self._readmit_recipes()
        for recipe_id in recipe_rows.read_recipe_ids(connection):
            if recipe_id not in self._checked:
                (row,) = recipe_rows.read_recipes(connection, [recipe_id])
                self._checked[recipe_id] = self._check_recipe(row)
        return [served for served in self._checked.values() if served is not None]

    def exclude_recipe(self, recipe_id: int, why: str) -> None:
        """Leave a recipe out for a minute, after each further failure twice as long, to an hour."""
        first, longest = delays.RECIPE_EXCLUSION
        seconds = min(2 * self._exclusion_seconds.get(recipe_id, first / 2), longest)
        self._exclusion_seconds[recipe_id] = seconds
        self._excluded_until[recipe_id] = time.monotonic() + seconds
        self._checked[recipe_id] = None
        self.unable[str(recipe_id)] = why
        self.has_changed = True

    def _readmit_recipes(self) -> None:
        """Check those recipes anew whose exclusion is over."""
        for recipe_id, until in list(self._excluded_until.items()):
            if time.monotonic() >= until:
                del self._excluded_until[recipe_id], self._checked[recipe_id]
                self.unable.pop(str(recipe_id), None)
                self.has_changed = True

    def load_step(self, served: ServedRecipe) -> LoadedStep:
        """Load a recipe's model, or use the equal one that another recipe left in memory.

        Raises:
            CmeanError: the model cannot be loaded; whatever else its library raises comes through.
        """
        key = steps.make_model_key(served.recipe)
        if self._loaded is not None:
            recipe_id, loaded_key, loaded = self._loaded
            if recipe_id == served.id:
                return LoadedStep(loaded, is_fresh=False)
            if loaded_key == key:
                shared = steps.load_step(served.recipe, shared=loaded)
                self._loaded = (served.id, key, shared)
                return LoadedStep(shared, is_fresh=False)
        self.unload()
        step = steps.load_step(served.recipe)
        self._loaded = (served.id, key, step)
        return LoadedStep(step, is_fresh=True)

    def is_loaded(self, served: ServedRecipe) -> bool:
        """Tell whether the recipe's model is in memory."""
        return self._loaded is not None and self._loaded[1] == steps.make_model_key(served.recipe)

    def unload(self) -> None:
        """Give the model's memory back."""
        if self._loaded is not None:
            self._loaded[2].backend.unload()
            self._loaded = None

    def _check_recipe(self, row: Mapping[str, Any]) -> ServedRecipe | None:
        """Return the recipe of a row, or None where this worker cannot execute it."""
        queue = get_queue(row["role"], row["kind"])
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
            self.has_changed = True
            return None
        return ServedRecipe(row["id"], queue, recipe)


def _require_revision(recipe: Recipe) -> None:
    """Raise ConfigError unless the installed back-end is the one that the recipe was made for."""
    role = get_backend_role(recipe)
    installed = registry.create_backend(recipe.backend, role, recipe.parameters["backend"]).revision
    if installed != recipe.revision:
        raise ConfigError(
            f"{recipe.backend} is installed here in revision {installed}, but the recipe needs "
            f"revision {recipe.revision}; install the same version of cmean"
        )
