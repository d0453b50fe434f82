"""Keeping a profile's missing work entered, so that what is ingested is picked up by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.catalog import items, planning, results, workers
from cmean.errors import ConfigError, MissingExtraError, WeightsError
from cmean.inference import controls, recipes
from cmean.inference.queues import queue_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.config import Settings
    from cmean.inference.recipes import Entered, RecipeSet
    from cmean.jobs.worker import Announce

_LOG = logging.getLogger(__name__)


def enter_work(
    connection: Connection, entry: Entered, fragment_ids: Sequence[int] | None = None
) -> int:
    """Enter a recipe's missing work, all or that of some fragments' captions. Returns how much.

    Captions are dealt out anew among all items, so when all have theirs.
    """
    if entry.source_id is None:
        return planning.plan_media(connection, entry.stage, entry.id, entry.recipe.kind)
    if entry.shuffles:
        if planning.is_open(connection, entry.source_id):
            return 0
        fragment_ids = None
    return planning.plan_captions(
        connection,
        entry.stage,
        entry.id,
        entry.source_id,
        fragment_ids,
        whole_items=entry.whole_items,
    )


def _sources(connection: Connection, entry: Entered) -> object:
    """What a recipe reads, as a number that changes when anything comes to it."""
    if entry.source_id is None:
        return items.number_of_fragments(connection)
    if entry.shuffles:  # a failure too may be the last that it waited for
        is_open = planning.is_open(connection, entry.source_id)
        return is_open, results.numbers(connection, [entry.source_id])
    return results.numbers(connection, [entry.source_id])


class Planner:
    """Enters the missing work of the settings' profile.

    Args:
        catalog: an open catalog.
        settings: name the profile.
        queues: only work of these is entered; others do the rest.
        announce: wakes the workers of a queue after the commit.
    """

    def __init__(
        self, catalog: Catalog, settings: Settings, queues: Sequence[str], announce: Announce
    ) -> None:
        self.catalog = catalog
        self.settings = settings
        self.queues = queues
        self.announce = announce
        self._entered: RecipeSet | None = None
        self._broken = False
        self._seen: dict[int, object] = {}

    def plan(self) -> bool:
        """Enter what is missing. Returns whether anything had come since the last time.

        Costs next to nothing while nothing was added to the catalog. After False, everything that
        was there at the last time but one has been entered.
        """
        entered = self._recipes()
        if entered is None:
            return False
        news = False
        for entry in entered.entries:
            queue = queue_of(entry.recipe.role, entry.recipe.kind)
            with self.catalog.read() as connection:
                now = _sources(connection, entry)
            if queue not in self.queues or self._seen.get(entry.id) == now:
                continue
            with self.catalog.write() as connection:
                added = enter_work(connection, entry)
            self._entered_all(queue, entry, now, added)
            news = True
        return news

    def _entered_all(self, queue: str, recipe: Entered, now: object, added: int) -> None:
        """Remember, now that it is committed, and wake who serves the queue."""
        self._seen[recipe.id] = now
        if added:
            _LOG.info("%s: %d tasks entered", queue, added)
            self._wake(queue, recipe)

    def _wake(self, queue: str, recipe: Entered) -> None:
        """A hint for each worker that serves a queue: one that nobody takes would only pile up."""
        with self.catalog.read() as connection:
            serving = workers.serving(connection, queue)
        if serving:
            self.announce(queue, recipe.recipe.digest, copies=serving)

    def follow(self, recipe_id: int, fragment_ids: Sequence[int]) -> None:
        """Enter what is to be done with captions that were just written, and wake who does it."""
        entered = self._recipes()
        for entry in entered.readers(recipe_id) if entered else ():
            with self.catalog.write() as connection:
                added = enter_work(connection, entry, fragment_ids)
            if added:
                self._wake(queue_of(entry.recipe.role, entry.recipe.kind), entry)

    def _recipes(self) -> RecipeSet | None:
        """The profile's recipes; None where they cannot be made, which is said once.

        A worker can do without: it then only does what others enter.
        """
        if self._entered is None and not self._broken:
            try:
                profile = controls.find(self.settings)
                with self.catalog.write() as connection:
                    self._entered = recipes.enter(connection, profile, self.queues)
            except (ConfigError, MissingExtraError, WeightsError) as error:
                self._broken = True
                _LOG.warning("only work that others enter is done here: %s", error)
        return self._entered
