"""Plans the missing tasks of a profile, so that new items are processed without a command."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.catalog import items, planning, results, workers
from cmean.errors import ConfigError, MissingExtraError, WeightsError
from cmean.inference import controls, recipes
from cmean.inference.queues import get_queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.config import Settings
    from cmean.inference.recipes import EnteredRecipe, RecipeSet
    from cmean.jobs.hints import HintSender

_LOG = logging.getLogger(__name__)


def plan_recipe_tasks(
    connection: Connection, entry: EnteredRecipe, fragment_ids: Sequence[int] | None = None
) -> int:
    """Plan a recipe's missing tasks: insert all, or those that read captions of some fragments.

    Tasks of a recipe that shuffles captions are planned only once all captions exist, since
    captions are permuted among items; and only once its earlier tasks are completed, so that the
    items among which a worker permutes stay the same until the last of them.

    Returns:
        How many tasks were inserted.
    """
    if entry.source_id is None:
        return planning.plan_media_tasks(connection, entry.stage, entry.id, entry.recipe.kind)
    if entry.shuffles:
        planning.lock_recipe(connection, entry.id)
        if planning.has_open_work(connection, entry.id):
            return 0
        fragment_ids = None
    return planning.plan_caption_tasks(
        connection,
        entry.stage,
        entry.id,
        entry.source_id,
        fragment_ids,
        whole_items=entry.whole_items,
    )


def _read_input_state(connection: Connection, entry: EnteredRecipe) -> object:
    """Return a value that changes whenever a recipe's inputs do."""
    if entry.source_id is None:
        return items.count_fragments(connection)
    if entry.shuffles:  # its input is complete once the last task has failed, too
        is_open = planning.has_open_work(connection, entry.id)
        return is_open, results.count_results(connection, [entry.source_id])
    return results.count_results(connection, [entry.source_id])


class Planner:
    """Plans the missing tasks of the settings' profile.

    Args:
        catalog: an open catalog.
        settings: name the profile.
        queues: only tasks of these are planned; other workers plan the rest.
        send_hint: wakes the workers of a queue after the commit.
    """

    def __init__(
        self, catalog: Catalog, settings: Settings, queues: Sequence[str], send_hint: HintSender
    ) -> None:
        self.catalog = catalog
        self.settings = settings
        self.queues = queues
        self.send_hint = send_hint
        self._recipe_set: RecipeSet | None = None
        self._has_failed = False
        self._planned_states: dict[int, object] = {}

    def plan_all(self) -> bool:
        """Plan all missing tasks. Returns whether any input had changed since the last call.

        Costs a few counts while nothing was added to the catalog. After False, everything that
        existed at the last call but one has been planned.
        """
        recipe_set = self._enter_recipes()
        if recipe_set is None:
            return False
        has_changed = False
        for entry in recipe_set.entries:
            queue = get_queue(entry.recipe.role, entry.recipe.kind)
            with self.catalog.read() as connection:
                state = _read_input_state(connection, entry)
            if queue not in self.queues or self._planned_states.get(entry.id) == state:
                continue
            with self.catalog.write() as connection:
                added = plan_recipe_tasks(connection, entry)
            self._planned_states[entry.id] = state  # only now: it is committed
            if added:
                _LOG.info("%s: %d tasks entered", queue, added)
                self._send_hints(entry)
            has_changed = True
        return has_changed

    def plan_dependent_tasks(self, recipe_id: int, fragment_ids: Sequence[int]) -> None:
        """Plan the tasks of the recipes that read captions which were just written."""
        recipe_set = self._enter_recipes()
        for entry in recipe_set.list_dependents(recipe_id) if recipe_set else ():
            with self.catalog.write() as connection:
                added = plan_recipe_tasks(connection, entry, fragment_ids)
            if added:
                self._send_hints(entry)

    def _send_hints(self, entry: EnteredRecipe) -> None:
        """Send a hint for each worker of a recipe's queue; further hints are redundant."""
        queue = get_queue(entry.recipe.role, entry.recipe.kind)
        with self.catalog.read() as connection:
            serving = workers.count_serving_workers(connection, queue)
        if serving:
            self.send_hint(queue, entry.recipe.digest, copies=serving)

    def _enter_recipes(self) -> RecipeSet | None:
        """Return the profile's recipes; None, with one warning, where they cannot be built.

        A worker continues without them: it then executes only tasks that others plan.
        """
        if self._recipe_set is None and not self._has_failed:
            try:
                profile = controls.find_profile(self.settings)
                with self.catalog.write() as connection:
                    self._recipe_set = recipes.enter_recipes(connection, profile, self.queues)
            except (ConfigError, MissingExtraError, WeightsError) as error:
                self._has_failed = True
                _LOG.warning("this worker enters no tasks, it only executes them: %s", error)
        return self._recipe_set
