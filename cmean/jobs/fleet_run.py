"""A run with a broker: enters the missing tasks, wakes the workers, watches until all is done."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cmean.catalog import migrate, workers
from cmean.catalog.engine import Catalog
from cmean.catalog.task_counts import TaskCounts, count_ready_by_recipe, count_tasks
from cmean.errors import CatalogUnavailableError
from cmean.inference import recipes
from cmean.inference.queues import get_queue
from cmean.jobs import delays
from cmean.jobs.local_run import StageResult
from cmean.jobs.monitor import Observer
from cmean.jobs.planner import Planner
from cmean.util.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.config import Profile, Settings
    from cmean.inference.recipes import EnteredRecipe
    from cmean.jobs.hints import HintSender
    from cmean.jobs.monitor import FleetView


def run_with_fleet(
    settings: Settings,
    profile: Profile,
    stages: Sequence[str] | None,
    send_hint: HintSender,
    on_observation: Callable[[FleetView], None] = lambda _: None,
    on_unavailable: Callable[[str], None] = lambda _: None,
    before_observation: Callable[[], object] | None = None,
) -> dict[str, StageResult]:
    """Have the workers execute a profile's missing tasks; the calling process only watches.

    Args:
        settings: the catalog.
        profile: whose recipes.
        stages: of `run.STAGES` (None: those of the profile).
        send_hint: wakes workers.
        on_observation: called with each observation, about once a second.
        on_unavailable: called with a line while the database is unavailable; the run tries again.
        before_observation: called before each observation; the run then never ends.

    Raises:
        CatalogError: the catalog is of another version.
        KeyboardInterrupt: interrupted; the fleet continues.
    """
    catalog = Catalog(settings.database_url)
    migrate.ensure_schema(catalog)
    try:
        chosen = stages or recipes.list_stages(profile)
        return _FleetRun(catalog, settings, profile, chosen, send_hint).run(
            on_observation, on_unavailable, before_observation
        )
    finally:
        catalog.close()


class _FleetRun:
    def __init__(
        self,
        catalog: Catalog,
        settings: Settings,
        profile: Profile,
        stages: Sequence[str],
        send_hint: HintSender,
    ) -> None:
        self.catalog = catalog
        self.send_hint = send_hint
        with catalog.write() as connection:
            entered = recipes.enter_recipes(connection, profile, stages)
        self.recipes: dict[str, list[EnteredRecipe]] = {s: entered.list_of_stage(s) for s in stages}
        chosen = [entry for entries in self.recipes.values() for entry in entries]
        self.recipe_ids = [entry.id for entry in chosen]
        queues = {get_queue(entry.recipe.role, entry.recipe.kind) for entry in chosen}
        own = replace(settings, profile=profile.name)
        self.planner = Planner(catalog, own, sorted(queues), send_hint)
        self.observer = Observer(catalog, stages, self.recipe_ids, fleet=True)
        self.started = time.monotonic()
        self.seconds = dict.fromkeys(stages, 0.0)
        self.remind_at = self.started
        self.before = self._count_tasks()

    def run(
        self,
        on_observation: Callable[[FleetView], None],
        on_unavailable: Callable[[str], None],
        before_observation: Callable[[], object] | None,
    ) -> dict[str, StageResult]:
        """Observe until no task is ready or leased and none is missing."""
        backoff = Backoff(*delays.DATABASE_RETRY)
        while True:
            began = time.monotonic()
            try:
                if before_observation is not None:
                    before_observation()
                # Observe before planning, which adds the tasks that depend on those done by then.
                view = self.observer.observe()
                news = self.planner.plan_all()
                self._resend_hints()
                open_ = any(stage.ready or stage.leased for stage in view.stages)
                results = None if news or open_ or before_observation else self._collect_results()
            except CatalogUnavailableError as error:
                on_unavailable(str(error))
                time.sleep(backoff.next_delay())
                continue
            backoff.reset()
            on_observation(view)
            for stage in view.stages:
                if stage.ready or stage.leased:
                    self.seconds[stage.stage] = time.monotonic() - self.started
            if results is not None:
                return results
            time.sleep(
                max(delays.OBSERVATION, delays.OBSERVATION_FACTOR * (time.monotonic() - began))
            )

    def _resend_hints(self) -> None:
        """Send hints again for ready tasks, since a hint may have been lost."""
        if time.monotonic() < self.remind_at:
            return
        self.remind_at = time.monotonic() + delays.HINT_REMINDER
        with self.catalog.read() as connection:
            waiting = {recipe_id for *_, recipe_id, _ in count_ready_by_recipe(connection)}
            for entries in self.recipes.values():
                for entry in entries:
                    queue = get_queue(entry.recipe.role, entry.recipe.kind)
                    if entry.id in waiting and workers.count_serving_workers(connection, queue):
                        self.send_hint(queue, entry.recipe.digest)

    def _count_tasks(self) -> dict[str, TaskCounts]:
        with self.catalog.read() as connection:
            found = count_tasks(connection, self.recipe_ids)
        return {stage: found.get(stage, TaskCounts()) for stage in self.recipes}

    def _collect_results(self) -> dict[str, StageResult]:
        after = self._count_tasks()
        return {
            stage: StageResult(
                done=now.done - self.before[stage].done,
                failed=now.failures,
                remaining=now.open,
                seconds=self.seconds[stage],
            )
            for stage, now in after.items()
        }
