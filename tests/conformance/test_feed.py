"""Work that is prepared ahead of a model does no harm, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from cmean.catalog import (
    items,
    job_queue,
    planning,
    recipes,
    results,
    task_recovery,
    user_queries,
    workers,
)
from cmean.catalog.task_counts import TaskCounts, count_tasks
from cmean.domain import Caption, Kind, Recipe, Role
from cmean.errors import ConfigError
from cmean.jobs.executor import execute_tasks
from cmean.jobs.session import start_session

LEASE = 60.0
NOTHING = TaskCounts().as_dict()


class Step:
    """Captions at once, two tasks at a time, prepared ahead; notes what is leased meanwhile."""

    batch_size = 2
    prefetches = True
    threads = 1

    def __init__(self, catalog):
        self.catalog = catalog
        self.prepared = threading.Semaphore(0)
        self.leased = []
        self.fail_at = None

    def prepare_claim(self, _catalog, claim):
        if self.fail_at is not None and claim.work[0].task_id >= self.fail_at:
            raise ConfigError("the recipe cannot be carried out")
        self.prepared.release()

        def run(stopped):
            if stopped():
                return {}
            self.note()
            return {work.task_id: Caption("red") for work in claim.work}

        return run

    def note(self):
        with self.catalog.read() as connection:
            self.leased.append(count_tasks(connection)["caption"].leased)

    def complete_results(self, good):
        return good

    def write_results(self, connection, claim, good):
        return results.commit_captions(connection, claim, good)


@pytest.fixture
def recipe_id(catalog):
    """Two artworks, ten captions to write."""
    with catalog.write() as connection:
        for n in range(2):
            new = items.NewItem(Kind.ARTWORK, f"{n:064x}", f"file:///{n}", 1, 0.0, "PNG", str(n))
            items.add_item(connection, new)
        captioner = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", "1", {})
        found = recipes.ensure_recipe(connection, captioner)
        planning.plan_media_tasks(connection, "caption", found, Kind.ARTWORK)
        return found


@pytest.fixture
def session(catalog):
    with start_session(catalog, LEASE) as started:
        yield started


def tally(catalog):
    with catalog.read() as connection:
        return NOTHING | count_tasks(connection)["caption"].as_dict()


def test_the_next_batch_is_prepared_while_the_model_works(catalog, recipe_id, session):
    step = Step(catalog)
    waited = []

    def prepare_claim(_catalog, claim):
        job = Step.prepare_claim(step, _catalog, claim)

        def run(stopped):
            step.prepared.acquire()  # this one
            if tally(catalog)["ready"] or not waited:
                waited.append(step.prepared.acquire(timeout=30))  # and the next, meanwhile
                step.prepared.release()
            return job(stopped)

        return run

    step.prepare_claim = prepare_claim
    assert sum(batch.done for batch in execute_tasks(session, recipe_id, step, lambda: False)) == 10
    assert waited[0]
    assert max(step.leased) >= 4
    assert tally(catalog)["done"] == 10


def test_what_a_worker_died_of_is_done_with_nothing_else_in_hand(catalog, recipe_id, session):
    with catalog.write() as connection:
        other = workers.register_worker(connection, workers.ProcessIdentity("there", 1, 0.0))
        died = job_queue.claim_tasks(connection, recipe_id, other, 3, LEASE)
        task_recovery.release_workers(connection, [other], crashed=True)
    step = Step(catalog)
    done = list(execute_tasks(session, recipe_id, step, lambda: False))
    assert sum(batch.done for batch in done) == 10
    assert [batch.taken for batch in done[-3:]] == [1, 1, 1]
    assert step.leased[-3:] == [1, 1, 1]
    assert len(died.work) == 3


def test_what_was_prepared_and_is_not_done_is_given_back(catalog, recipe_id, session):
    with closing(execute_tasks(session, recipe_id, Step(catalog), lambda: False)) as work:
        next(work)
    found = tally(catalog)
    assert found["leased"] == 0
    assert found["done"] + found["ready"] == 10
    with user_queries.run_query(
        catalog, "SELECT MAX(lease_attempts) FROM tasks WHERE state = 'ready'"
    ) as (
        _,
        rows,
    ):
        assert next(iter(rows)) == (0,)


def test_nothing_is_begun_after_a_stop(catalog, recipe_id, session):
    step = Step(catalog)
    list(execute_tasks(session, recipe_id, step, lambda: bool(step.leased)))
    found = tally(catalog)
    assert (found["leased"], len(step.leased)) == (0, 1)
    assert found["done"] + found["ready"] == 10


@pytest.mark.parametrize("fail_at", [1, 5])
def test_an_error_that_concerns_all_leaves_the_work_ready(catalog, recipe_id, session, fail_at):
    step = Step(catalog)
    step.fail_at = fail_at
    with pytest.raises(ConfigError):
        list(execute_tasks(session, recipe_id, step, lambda: False))
    found = tally(catalog)
    assert (found["leased"], found["failed"], found["dead"]) == (0, 0, 0)
    assert found["done"] + found["ready"] == 10


def test_a_budget_is_kept(catalog, recipe_id, session):
    done = list(execute_tasks(session, recipe_id, Step(catalog), lambda: False, budget=3))
    assert sum(batch.taken for batch in done) == 3


def test_items_that_are_mapped_as_a_whole_wait_for_all_their_captions(catalog, recipe_id, session):
    captioner = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", "1", {})
    mapper = Recipe(Role.MAPPER, Kind.ARTWORK, "x", "1", {}, captioner)
    with catalog.write() as connection:
        reader = recipes.ensure_recipe(connection, mapper, recipe_id)

    def planned(fragment_ids=None):
        with catalog.write() as connection:
            return planning.plan_caption_tasks(
                connection, "emotion", reader, recipe_id, fragment_ids, whole_items=True
            )

    list(execute_tasks(session, recipe_id, Step(catalog), lambda: False, budget=4))
    assert planned() == 0
    (last,) = execute_tasks(session, recipe_id, Step(catalog), lambda: False, budget=1)
    assert planned(last.fragment_ids) == 5
    list(execute_tasks(session, recipe_id, Step(catalog), lambda: False))
    assert planned() == 5
