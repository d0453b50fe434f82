"""A run without a broker: enters missing tasks and executes them in processes on all cores.

The run itself only watches. A worker that crashes affects no other: its tasks are freed and a new
one is started. When the run is killed, its workers end at once (they watch it), and the next run
frees their tasks, at once on the same host, after the lease elsewhere.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.catalog import job_queue, migrate, results
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.engine import Catalog
from cmean.catalog.task_counts import TaskCounts, count_tasks
from cmean.domain import Role
from cmean.inference import recipes
from cmean.inference.revisions import make_revision_finder
from cmean.jobs.local_processes import release_abandoned_tasks, release_stopped_tasks
from cmean.jobs.planner import plan_recipe_tasks
from cmean.jobs.process_pool import ProcessPool
from cmean.jobs.session import start_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.catalog.engine import Connection
    from cmean.config import Profile, Settings
    from cmean.domain import Recipe
    from cmean.inference.recipes import RecipeSet

STAGES = ("caption", "emotion", "embed")
"""The stages of a run, in the order in which data flows."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a run did in one stage.

    `done` in this run; `failed` tasks that failed or are dead, `remaining` ones still to do, now.
    """

    done: int
    failed: int
    remaining: int
    seconds: float

    def as_dict(self) -> dict[str, float]:
        """Convert to JSON values."""
        return asdict(self) | {"seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stage stands: of `total` tasks planned for this run, how many are finished."""

    stage: str
    done: int
    failed: int
    total: int


def run_locally(
    settings: Settings,
    profile: Profile,
    stages: Sequence[str] | None = None,
    limit: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> dict[str, StageResult]:
    """Execute all missing tasks of a profile.

    Args:
        settings: the catalog and the lease.
        profile: whose recipes to carry out.
        stages: of `STAGES` (default: those of the profile).
        limit: at most so many tasks in each stage.
        on_progress: called a few times a second.

    Raises:
        CmeanError: the catalog fails, or workers cannot be started.
        KeyboardInterrupt: interrupted; everything committed stays, the next run continues.
    """
    catalog = Catalog(settings.database_url)
    migrate.ensure_schema(catalog)
    chosen = stages or recipes.list_stages(profile)
    with catalog.write() as connection:
        entered = recipes.enter_recipes(connection, profile, chosen)
    try:
        with start_session(catalog, settings.lease_seconds) as session:
            run_id = session.worker_id
            return {
                stage: _StageRun(
                    catalog, settings, entered, stage, run_id, limit, on_progress
                ).run()
                for stage in STAGES
                if stage in chosen
            }
    finally:
        catalog.close()


class _StageRun:
    """One stage of a run: its plan, its workers, its progress."""

    def __init__(
        self,
        catalog: Catalog,
        settings: Settings,
        entered: RecipeSet,
        stage: str,
        run_id: int,
        limit: int | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.catalog = catalog
        self.settings = settings
        self.stage = stage
        self.run_id = run_id
        self.limit = limit
        self.on_progress = on_progress
        self.recipes = entered.list_of_stage(stage)
        self.recipe_ids = [entry.id for entry in self.recipes]
        self.before = TaskCounts()
        self.total = 0

    def run(self) -> StageResult:
        """Enter and execute tasks until none is ready, and count them.

        In rounds: recipes of a stage may read what others of it write.
        """
        started = time.monotonic()
        release_abandoned_tasks(self.catalog)
        while self._run_round():
            pass
        with self.catalog.read() as connection:
            after = self._count_tasks(connection)
        return StageResult(
            done=after.done - self.before.done,
            failed=after.failures,
            remaining=after.open,
            seconds=time.monotonic() - started,
        )

    def _run_round(self) -> bool:
        """Enter missing tasks and execute ready ones. Returns whether there may be more."""
        with self.catalog.write() as connection:
            added = sum(plan_recipe_tasks(connection, entry) for entry in self.recipes)
            now = self._count_tasks(connection)
            if self.total == 0:
                self.before = now
            through = self._count_finished(now)
        todo = now.ready if self.limit is None else min(now.ready, self.limit - through)
        if todo < 1 or (self.total and not added):
            return False
        self.total = through + todo
        self._execute(todo)
        return True

    def _count_tasks(self, connection: Connection) -> TaskCounts:
        return count_tasks(connection, self.recipe_ids).get(self.stage, TaskCounts())

    def _count_finished(self, now: TaskCounts) -> int:
        """Count the stage's tasks that this run has finished, done or failed."""
        before = self.before
        return now.done + now.failures - before.done - before.failures

    def _execute(self, todo: int) -> None:
        with self.catalog.read() as connection:
            ready = job_queue.find_oldest_ready(connection, self.recipe_ids)
        entries = [entry for entry in self.recipes if entry.id in ready]
        share = max(_get_share(entry.recipe) for entry in entries)
        jobs = max(1, min(os.cpu_count() or 1, -(-todo // share)))
        pool = ProcessPool(self.settings, entries, self.run_id)
        left_at_crash = todo
        try:
            pool.start(self._split_budget(jobs, todo))
            while pool.processes:
                pool.wait()
                left = self.total - self._report_progress()
                ended = pool.remove_ended()
                if ended.crashed:
                    freed = release_abandoned_tasks(self.catalog)
                    has_worked = freed > 0 or ended.faulted > 0 or left < left_at_crash
                    left_at_crash = left
                    number = pool.count_replacements(ended.crashed, has_worked=has_worked)
                    pool.start(self._split_budget(number, left) if number and left > 0 else [])
        finally:
            release_stopped_tasks(self.catalog, self.run_id, pool.stop())
            release_abandoned_tasks(self.catalog)

    def _split_budget(self, jobs: int, todo: int) -> list[int]:
        """Return how many tasks each worker may take: all or, with a limit, an equal part."""
        if self.limit is None:
            return [todo] * jobs
        return [todo // jobs + (job < todo % jobs) for job in range(jobs)]

    def _report_progress(self) -> int:
        """Report the progress. Returns how many of the stage's tasks are finished."""
        with self.catalog.read() as connection:
            now = self._count_tasks(connection)
        done = now.done - self.before.done
        self.on_progress(Progress(self.stage, done, now.failures, self.total))
        return self._count_finished(now)


def _get_share(recipe: Recipe) -> int:
    return registry.get_info(recipe.backend, recipes.get_backend_role(recipe)).share


def count_truncated_captions(catalog: Catalog, profile: Profile) -> int:
    """Count the captions that a profile maps and that were cut by their token limit."""
    with catalog.read() as connection:
        found = recipes.build_recipes(profile, (), make_revision_finder(connection))
        last = {recipe.kind: recipe for recipe in found if recipe.role is Role.CAPTIONER}
        ids = [recipe_rows.find_recipe(connection, recipe.digest) for recipe in last.values()]
        return results.count_truncated_captions(
            connection, [each for each in ids if each is not None]
        )
