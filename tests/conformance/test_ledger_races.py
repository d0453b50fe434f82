"""What processes do to the ledger at the same moment, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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
from cmean.catalog.task_recovery import MAX_CRASHES
from cmean.domain import Caption, Kind, Recipe, Role
from cmean.errors import CatalogUnavailableError
from cmean.jobs.executor import write_with_retry


def number(catalog, query):
    with user_queries.run_query(catalog, query) as (_, rows):
        return next(iter(rows))[0]


def enter(catalog, artworks, revision="1"):
    """Artworks, a recipe, a worker."""
    with catalog.write() as connection:
        for n in range(artworks):
            item = items.NewItem(Kind.ARTWORK, f"{n:064x}", f"file:///{n}", 1, 0.0, "PNG", str(n))
            items.add_item(connection, item)
        recipe = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", revision, {})
        recipe_id = recipes.ensure_recipe(connection, recipe)
        worker_id = workers.register_worker(connection, workers.ProcessIdentity("here", 1, 0.0))
    return recipe_id, worker_id


def commit(catalog, claimed):
    """As a worker commits: again when PostgreSQL ended the transaction to solve a deadlock."""
    made = {work.task_id: Caption("red") for work in claimed.work}

    def write(connection):
        return results.commit_captions(connection, claimed, made)

    return write_with_retry(catalog, write, lambda: False)


def test_the_sweeper_races_commits(catalog):
    """Leases end at once and sweepers never rest: still each result is written exactly once."""
    recipe_id, worker_id = enter(catalog, 40)
    with catalog.write() as connection:
        planning.plan_media_tasks(connection, "caption", recipe_id, Kind.ARTWORK)
    finished = threading.Event()

    def sweeper():
        while not finished.is_set():
            # as in a worker, whose next look comes after one that a deadlock ended
            with suppress(CatalogUnavailableError), catalog.write() as connection:
                task_recovery.sweep_tasks(connection)
                # suspicion is not what is tested here
                connection.exec_driver_sql(
                    "UPDATE tasks SET lease_attempts = 0, state = 'ready' "
                    "WHERE state IN ('ready', 'dead')"
                )

    def worker(seed):
        written = 0
        moments = random.Random(seed)  # noqa: S311 - picks sizes, guards no secret
        while number(catalog, "SELECT COUNT(*) FROM tasks WHERE state <> 'done'"):
            with catalog.write() as connection:
                lease = moments.choice([-1.0, 0.0, 60.0])
                size = moments.randrange(1, 9)
                claimed = job_queue.claim_tasks(connection, recipe_id, worker_id, size, lease)
            if claimed is not None:
                written += commit(catalog, claimed)
        return written

    with ThreadPoolExecutor(5) as pool:
        sweeping = pool.submit(sweeper)
        try:
            written = sum(pool.map(worker, range(3)))
        finally:
            finished.set()
        sweeping.result()
    assert written == 200
    assert number(catalog, "SELECT COUNT(*) FROM captions") == 200
    assert number(catalog, "SELECT COUNT(*) FROM tasks WHERE state = 'done'") == 200


def test_planners_at_the_same_moment_enter_each_task_once(catalog):
    recipe_id, _ = enter(catalog, 60)

    def plan(_):
        with catalog.write() as connection:
            return planning.plan_media_tasks(connection, "caption", recipe_id, Kind.ARTWORK)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(plan, range(8))) == 300
    assert number(catalog, "SELECT COUNT(*) FROM tasks") == 300


def test_recipes_entered_at_the_same_moment_are_one_row(catalog):
    def ensure(_):
        recipe = Recipe(Role.MAPPER, Kind.TRACK, "x", "1", {"prompt": "same"})
        with catalog.write() as connection:
            return recipes.ensure_recipe(connection, recipe)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ensure, range(12)))) == 1


def test_a_request_is_entered_once_and_claimed_once(catalog):
    _, worker_id = enter(catalog, 0)

    def ask(_):
        with catalog.write() as connection:
            return planning.plan_request(connection, "pair", "d" * 64, {"method": "greedy"})

    def take(_):
        with catalog.write() as connection:
            return job_queue.claim_request(connection, worker_id, 60.0, stage="pair")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
        taken = [found for found in pool.map(take, range(8)) if found is not None]
    assert [found.request for found in taken] == [{"method": "greedy"}]
    with catalog.write() as connection:
        assert job_queue.claim_request(connection, worker_id, 60.0, stage="evaluate") is None
        assert job_queue.finish_tasks(connection, taken[0].token, [taken[0].task_id]) == {
            taken[0].task_id
        }


def test_a_request_that_keeps_taking_workers_down_is_dead(catalog):
    _, worker_id = enter(catalog, 0)
    with catalog.write() as connection:
        planning.plan_request(connection, "pair", "d" * 64, {"method": "greedy"})
    for _ in range(MAX_CRASHES):
        with catalog.write() as connection:
            assert job_queue.claim_request(connection, worker_id, -1.0, stage="pair") is not None
            task_recovery.sweep_tasks(connection)
    assert number(catalog, "SELECT state FROM tasks") == "dead"


def test_a_silent_worker_counts_as_gone_until_it_is_heard_of(catalog):
    with catalog.write() as connection:
        worker_id = workers.register_worker(
            connection, workers.ProcessIdentity("far", 1, 0.0), queues=["pair"]
        )
        assert workers.count_serving_workers(connection, "pair") == 1
        assert workers.count_serving_workers(connection, "emotion") == 0
        connection.exec_driver_sql("UPDATE workers SET heartbeat = heartbeat - 3600")
        assert workers.count_serving_workers(connection, "pair") == 0
        assert workers.stop_silent_workers(connection) == 1
        assert workers.list_workers(connection) == []
        workers.record_heartbeat(connection, worker_id)
        assert workers.count_serving_workers(connection, "pair") == 1


def test_claiming_among_many_that_are_done_uses_its_index(catalog):
    """Of a real claim, as it is issued, among a hundred thousand tasks."""
    recipe_id, worker_id = enter(catalog, 200)
    with catalog.write() as connection:
        planning.plan_media_tasks(connection, "caption", recipe_id, Kind.ARTWORK)
        connection.exec_driver_sql("UPDATE tasks SET state = 'done'")
    others = 100 if catalog.is_sqlite else 99
    with catalog.write() as connection:  # more of the kind: 100,000 rows in all
        for n in range(others):
            made = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", f"r{n}", {})
            other = recipes.ensure_recipe(connection, made)
            connection.exec_driver_sql(
                "INSERT INTO tasks (stage, recipe_id, fragment_id, state) "  # noqa: S608 - a number
                f"SELECT 'caption', {other}, id, 'done' FROM fragments"
            )
    last, _ = enter(catalog, 0, revision="last")
    with catalog.write() as connection:
        planning.plan_media_tasks(connection, "caption", last, Kind.ARTWORK)
        connection.exec_driver_sql("ANALYZE")
    assert number(catalog, "SELECT COUNT(*) FROM tasks WHERE state = 'done'") >= 99_000
    from cmean.catalog.job_queue import _take_fresh  # noqa: PLC0415 - what a claim issues

    with catalog.write() as connection:
        text, fixed, order = _take_fresh._compile(connection)  # noqa: SLF001 - as above
        values = {"recipe": last, "holder": "t", "worker": worker_id, "seconds": 9.0, "size": 16}
        bound = {**fixed, **values}
        explain = "EXPLAIN QUERY PLAN " if catalog.is_sqlite else "EXPLAIN "
        parameters = bound if order is None else tuple(bound[name] for name in order)
        plan = " ".join(str(row) for row in connection.exec_driver_sql(explain + text, parameters))
    assert "ix_tasks_ready" in plan
    assert "Seq Scan on tasks" not in plan
    assert "SCAN tasks" not in plan
    assert len(claim_all(catalog, last, worker_id)) == 1_000


def claim_all(catalog, recipe_id, worker_id):
    with catalog.write() as connection:
        return job_queue.claim_tasks(connection, recipe_id, worker_id, 20_000, 60.0).work
