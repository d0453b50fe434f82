"""Keeping a profile's missing work entered, so that what is ingested is picked up by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.catalog import items, planning, results, workers
from cmean.domain import Kind, Role
from cmean.errors import CatalogUnavailableError, CmeanError
from cmean.pipeline import recipes
from cmean.pipeline.queues import queue_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings
    from cmean.pipeline.recipes import RecipeSet
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
        self._seen: dict[str, object] = {}

    def plan(self) -> bool:
        """Enter what is missing. Returns whether there was anything.

        Costs next to nothing while nothing was added to the catalog.
        """
        entered = self._recipes()
        if entered is None:
            return False
        added = 0
        for kind in Kind:
            captioner, mapper = entered.captioners[kind], entered.mappers[kind]
            with self.catalog.read() as connection:
                fragments = items.newest_fragment(connection)
                captions = results.numbers(connection, [captioner.id])
            if self._is_news(queue := queue_of(Role.CAPTIONER, kind), fragments):
                with self.catalog.write() as connection:
                    new = planning.plan_captions(connection, captioner.id, kind)
                added += self._tell(queue, captioner.recipe.digest, new)
            if self._is_news(queue := queue_of(Role.MAPPER, kind), captions, kind):
                with self.catalog.write() as connection:
                    new = planning.plan_emotions(connection, mapper.id, captioner.id)
                added += self._tell(queue, mapper.recipe.digest, new)
        return added > 0

    def _tell(self, queue: str, digest: str, added: int) -> int:
        """Wake all who serve a queue that has got tasks. Returns their number."""
        if added:
            _LOG.info("%s: %d tasks entered", queue, added)
            with self.catalog.read() as connection:
                serving = workers.serving(connection, queue)
            self.announce(queue, digest, copies=max(1, serving))
        return added

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
                self.announce(queue_of(Role.MAPPER, kind), mapper.recipe.digest)

    def _is_news(self, queue: str, now: object, kind: Kind | None = None) -> bool:
        """Whether a queue is served, and its sources have changed since the last look."""
        key = f"{queue}/{kind}"
        if queue not in self.queues or self._seen.get(key) == now:
            return False
        self._seen[key] = now
        return True

    def _recipes(self) -> RecipeSet | None:
        """The profile's recipes; None where they cannot be made, which is said once.

        A worker can do without: it then only does what others enter.
        """
        if self._entered is None and not self._broken:
            try:
                profile = self.settings.get_profile()
                with self.catalog.write() as connection:
                    self._entered = recipes.enter(connection, profile)
            except CatalogUnavailableError:
                raise  # for now; the profile is not to blame
            except CmeanError as error:
                self._broken = True
                _LOG.warning("only work that others enter is done here: %s", error)
        return self._entered
