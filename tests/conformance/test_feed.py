"""Work that is prepared ahead of a model does no harm, on SQLite and on PostgreSQL alike.

Nor does work of which many parts run at the same time.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

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
from cmean.errors import ConfigError, DeviceFaultError, ServerError
from cmean.inference.steps.step import PreparedTasks
from cmean.jobs import local_processes
from cmean.jobs.executor import execute_tasks
from cmean.jobs.session import start_session

LEASE = 60.0
NOTHING = TaskCounts().as_dict()


class Step:
    """Captions at once, two tasks at a time, prepared ahead; notes what is leased meanwhile."""

    batch_size = 2
    prefetches = True
    threads = 1

    def __init__(self, catalog, concurrency=1):
        self.catalog = catalog
        self.concurrency = concurrency
        self.takes_batches = concurrency == 1
        self.prepared = threading.Semaphore(0)
        self.leased = []
        self.fail_at = None

    def prepare_claim(self, _catalog, claim):
        if self.fail_at is not None and claim.work[0].task_id >= self.fail_at:
            raise ConfigError("the recipe cannot be carried out")
        self.prepared.release()

        def make_part(tasks):
            def run(stopped):
                if stopped():
                    return {}
                self.note()
                return self.caption(tasks)

            return run

        tasks = [work.task_id for work in claim.work]
        parts = [tasks] if self.concurrency == 1 else [[task] for task in tasks]
        return PreparedTasks([make_part(part) for part in parts])

    @staticmethod
    def caption(tasks):
        return {task: Caption("red") for task in tasks}

    def count_places(self):
        return self.concurrency

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


@pytest.fixture(params=[1, 4], ids=["batches", "concurrent"])
def step(request, catalog):
    """In batches, or with four parts at the same time."""
    return Step(catalog, request.param)


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
        (part,) = Step.prepare_claim(step, _catalog, claim).parts

        def run(stopped):
            step.prepared.acquire()  # this one
            if tally(catalog)["ready"] or not waited:
                waited.append(step.prepared.acquire(timeout=30))  # and the next, meanwhile
                step.prepared.release()
            return part(stopped)

        return PreparedTasks([run])

    step.prepare_claim = prepare_claim
    assert sum(batch.done for batch in execute_tasks(session, recipe_id, step, lambda: False)) == 10
    assert waited[0]
    assert max(step.leased) >= 4
    assert tally(catalog)["done"] == 10


def test_what_a_worker_died_of_is_done_with_nothing_else_in_hand(catalog, recipe_id, session, step):
    with catalog.write() as connection:
        other = workers.register_worker(connection, workers.ProcessIdentity("there", 1, 0.0))
        died = job_queue.claim_tasks(connection, recipe_id, other, 3, LEASE)
        task_recovery.release_workers(connection, [other], crashed=True)
    done = list(execute_tasks(session, recipe_id, step, lambda: False))
    assert sum(batch.done for batch in done) == 10
    assert [batch.taken for batch in done[-3:]] == [1, 1, 1]
    assert step.leased[-3:] == [1, 1, 1]
    assert len(died.work) == 3


def test_what_was_prepared_and_is_not_done_is_given_back(catalog, recipe_id, session, step):
    with closing(execute_tasks(session, recipe_id, step, lambda: False)) as work:
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


def test_nothing_is_begun_after_a_stop(catalog, recipe_id, session, step):
    list(execute_tasks(session, recipe_id, step, lambda: bool(step.leased)))
    found = tally(catalog)
    assert found["leased"] == 0
    assert 1 <= len(step.leased) <= step.concurrency
    assert found["done"] + found["ready"] == 10


@pytest.mark.parametrize("fail_at", [1, 5])
def test_an_error_that_concerns_all_leaves_the_work_ready(
    catalog, recipe_id, session, step, fail_at
):
    step.fail_at = fail_at
    with pytest.raises(ConfigError):
        list(execute_tasks(session, recipe_id, step, lambda: False))
    found = tally(catalog)
    assert (found["leased"], found["failed"], found["dead"]) == (0, 0, 0)
    assert found["done"] + found["ready"] == 10


def test_a_budget_is_kept(recipe_id, session, step):
    done = list(execute_tasks(session, recipe_id, step, lambda: False, budget=3))
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


# Many parts at the same time


class Gate:
    """Holds tasks until told; the others go on."""

    def __init__(self, step, held):
        self.held = {task: threading.Event() for task in held}
        self.begun = {task: threading.Event() for task in held}
        step.caption = self.caption

    def caption(self, tasks):
        (task,) = tasks
        if task in self.held:
            self.begun[task].set()
            self.held[task].wait()
        return Step.caption(tasks)

    def open(self):
        for event in self.held.values():
            event.set()


@pytest.fixture
def task_ids(catalog, recipe_id):  # noqa: ARG001 - which enters them
    return [row[0] for row in read(catalog, "SELECT id FROM tasks ORDER BY id")]


def read(catalog, query):
    with user_queries.run_query(catalog, query) as (_, rows):
        return list(rows)


def captioned(catalog):
    """The tasks that have a caption."""
    return {row[0] for row in read(catalog, "SELECT id FROM captions")}


def test_nothing_waits_for_the_slowest(catalog, recipe_id, session, task_ids):
    """All others are committed while one is held; then the lease of its claim is whole."""
    step = Step(catalog, concurrency=4)
    gate = Gate(step, task_ids[:1])
    work = execute_tasks(session, recipe_id, step, lambda: False)
    done = 0
    while done < 9:
        done += next(work).done
    assert tally(catalog) | {"done": 9, "leased": 1} == tally(catalog)
    session.heartbeat._beat()  # noqa: SLF001 - now rather than in a while
    gate.open()
    assert [batch.done for batch in work] == [1]
    assert tally(catalog)["done"] == 10


def test_a_server_that_is_away_keeps_what_was_answered(catalog, recipe_id, session, task_ids):
    step = Step(catalog, concurrency=2)
    gate = Gate(step, task_ids[:1])

    def caption(tasks):
        if tasks == [task_ids[3]]:
            gate.open()
            raise ServerError("the model server is away")
        return gate.caption(tasks)

    step.caption = caption
    with pytest.raises(ServerError):
        list(execute_tasks(session, recipe_id, step, lambda: False))
    found = tally(catalog)
    assert (found["leased"], found["failed"], found["dead"]) == (0, 0, 0)
    assert 3 <= found["done"] < 9
    assert {task_ids[0], task_ids[3]} & captioned(catalog) == {task_ids[0]}


def test_a_fault_of_the_device_is_counted_for_all_that_it_had(
    catalog, recipe_id, session, task_ids
):
    step = Step(catalog, concurrency=4)
    gate = Gate(step, [task_ids[0], task_ids[1], task_ids[2]])

    def caption(tasks):
        if tasks == [task_ids[3]]:
            for begun in gate.begun.values():
                begun.wait()
            gate.open()
            raise DeviceFaultError("the GPU failed")
        if tasks[0] in task_ids[:3]:
            gate.caption(tasks)
            raise DeviceFaultError("the GPU failed")
        return Step.caption(tasks)

    step.caption = caption
    with pytest.raises(DeviceFaultError):
        list(execute_tasks(session, recipe_id, step, lambda: False))
    query = "SELECT id, device_faults, lease_attempts FROM tasks WHERE state = 'ready' ORDER BY id"
    ready = {task: counts for task, *counts in read(catalog, query)}
    assert [ready[task] for task in task_ids[:4]] == 4 * [[1, 0]]
    assert all(counts in ([0, 0], [1, 0]) for counts in ready.values())


def test_what_has_begun_is_committed_when_the_caller_leaves(catalog, recipe_id, session, task_ids):
    step = Step(catalog, concurrency=4)
    gate = Gate(step, task_ids[:1])
    with closing(execute_tasks(session, recipe_id, step, lambda: False)) as work:
        next(work)
        gate.begun[task_ids[0]].wait()
        gate.open()
    found = tally(catalog)
    assert found["leased"] == 0
    assert found["done"] + found["ready"] == 10
    assert task_ids[0] in captioned(catalog)


def test_a_lost_lease_ends_what_has_not_begun(catalog, recipe_id, session, task_ids):
    """Another worker has the tasks: their results are dropped, and none of it is done twice."""
    step = Step(catalog, concurrency=4)
    gate = Gate(step, task_ids[:1])
    work = execute_tasks(session, recipe_id, step, lambda: False)
    next(work)
    with catalog.write() as connection:
        task_recovery.release_workers(connection, [session.worker_id], crashed=False)
    session.heartbeat._beat()  # noqa: SLF001 - now rather than in a while
    gate.open()
    list(work)
    found = tally(catalog)
    assert (found["done"], found["leased"]) == (10, 0)


# Workers that their own run has ended


@pytest.mark.parametrize(("ended", "attempts"), [(True, 0), (False, 1)])
def test_tasks_of_a_worker_that_its_run_ended_are_not_suspected(
    catalog, recipe_id, session, ended, attempts
):
    """Only those of a worker that ended by itself are."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    gone = replace(local_processes.describe_this_process(), pid=process.pid, started=1.0)
    with catalog.write() as connection:
        worker = workers.register_worker(connection, gone, session.worker_id)
        job_queue.claim_tasks(connection, recipe_id, worker, 3, LEASE)
    pids = {process.pid} if ended else set()
    local_processes.release_stopped_tasks(catalog, session.worker_id, pids)
    local_processes.release_abandoned_tasks(catalog)
    query = "SELECT MAX(lease_attempts), MAX(state), COUNT(*) FROM tasks"
    assert read(catalog, query) == [(attempts, "ready", 10)]
