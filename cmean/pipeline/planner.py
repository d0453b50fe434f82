"""Keeping a profile's missing work entered, so that what is ingested is picked up by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.catalog import items, planning, results, workers
from cmean.domain import Kind, Role
from cmean.errors import ConfigError, MissingExtraError
from cmean.pipeline import recipes
from cmean.pipeline.queues import queue_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings
    from cmean.pipeline.recipes import Entered, RecipeSet
    from cmean.pipeline.worker import Announce

_LOG = logging.getLogger(__name__)


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
        for kind in Kind:
            captioner, mapper = entered.captioners[kind], entered.mappers[kind]
            with self.catalog.read() as connection:
                fragments = items.number_of_fragments(connection)
                captions = results.numbers(connection, [captioner.id])
            if self._is_news(queue := queue_of(Role.CAPTIONER, kind), captioner, fragments):
                with self.catalog.write() as connection:
                    added = planning.plan_captions(connection, captioner.id, kind)
                self._entered_all(queue, captioner, fragments, added)
                news = True
            if self._is_news(queue := queue_of(Role.MAPPER, kind), mapper, captions):
                with self.catalog.write() as connection:
                    added = planning.plan_emotions(connection, mapper.id, captioner.id)
                self._entered_all(queue, mapper, captions, added)
                news = True
        return news

    def _is_news(self, queue: str, recipe: Entered, now: object) -> bool:
        """Whether a queue is served, and its sources have changed since all was entered."""
        return queue in self.queues and self._seen.get(recipe.id) != now

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
        """Enter the emotions of captions that were just written, and wake who maps them."""
        entered = self._recipes()
        if entered is None:
            return
        for kind, captioner in entered.captioners.items():
            if captioner.id != recipe_id:
                continue
            mapper = entered.mappers[kind]
            with self.catalog.write() as connection:
                added = planning.plan_emotions(connection, mapper.id, recipe_id, fragment_ids)
            if added:
                self._wake(queue_of(Role.MAPPER, kind), mapper)

    def _recipes(self) -> RecipeSet | None:
        """The profile's recipes; None where they cannot be made, which is said once.

        A worker can do without: it then only does what others enter.
        """
        if self._entered is None and not self._broken:
            try:
                profile = self.settings.get_profile()
                with self.catalog.write() as connection:
                    self._entered = recipes.enter(connection, profile)
            except (ConfigError, MissingExtraError) as error:
                self._broken = True
                _LOG.warning("only work that others enter is done here: %s", error)
        return self._entered
