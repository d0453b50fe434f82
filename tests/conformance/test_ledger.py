"""The ledger of work, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cmean.catalog import (
    captions,
    failures,
    items,
    job_queue,
    planning,
    recipes,
    results,
    task_recovery,
    user_queries,
    workers,
)
from cmean.catalog.job_queue import MAX_ERRORS
from cmean.catalog.task_counts import count_tasks
from cmean.catalog.task_recovery import MAX_CRASHES, MAX_DEVICE_FAULTS
from cmean.domain import RGB, Caption, Kind, Recipe, Role
from cmean.errors import ItemError

LEASE = 60.0


def new_item(number, kind=Kind.ARTWORK):
    return items.NewItem(kind, f"{number:064x}", f"file:///{number}", 1, 0.0, "PNG", str(number))


def enter(connection, count=4):
    """Some artworks, a captioner recipe with its tasks planned, a worker."""
    for number in range(count):
        items.add_item(connection, new_item(number))
    captioner = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", "1", {})
    recipe = recipes.ensure_recipe(connection, captioner)
    planning.plan_media_tasks(connection, "caption", recipe, Kind.ARTWORK)
    return recipe, workers.register_worker(connection, workers.ProcessIdentity("here", 1, 0.0))


@pytest.fixture
def planned(catalog):
    with catalog.write() as connection:
        return enter(connection)


def claim(catalog, planned, limit=5, lease=LEASE):
    with catalog.write() as connection:
        return job_queue.claim_tasks(connection, *planned, limit, lease)


def tally(catalog):
    with catalog.read() as connection:
        return count_tasks(connection)["caption"].as_dict()


def outcomes(claimed, text="red"):
    return {work.task_id: Caption(text) for work in claimed.work}


def commit(catalog, claimed):
    with catalog.write() as connection:
        return results.commit_captions(connection, claimed, outcomes(claimed))


def test_planning_twice_adds_nothing(catalog, planned):
    assert tally(catalog)["ready"] == 20
    with catalog.write() as connection:
        assert planning.plan_media_tasks(connection, "caption", planned[0], Kind.ARTWORK) == 0


def test_planning_takes_only_items_of_the_kind(catalog, planned):
    with catalog.write() as connection:
        items.add_item(connection, new_item(99, Kind.TRACK))
        assert planning.plan_media_tasks(connection, "caption", planned[0], Kind.ARTWORK) == 0


def test_claims_are_disjoint_and_oldest_first(catalog, planned):
    first, second = claim(catalog, planned), claim(catalog, planned)
    assert [w.task_id for w in first.work] == sorted(w.task_id for w in first.work)
    assert max(w.task_id for w in first.work) < min(w.task_id for w in second.work)


def test_concurrent_claims_never_share_a_task(catalog, planned):
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: claim(catalog, planned, limit=3), range(12)))
    taken = [work.task_id for c in claims if c for work in c.work]
    assert len(taken) == len(set(taken)) == 20


def test_a_commit_writes_results_once(catalog, planned):
    claimed = claim(catalog, planned)
    assert commit(catalog, claimed) == 5
    assert commit(catalog, claimed) == 0
    assert tally(catalog)["done"] == 5


def test_results_carry_the_id_of_their_task(catalog, planned):
    claimed = claim(catalog, planned)
    commit(catalog, claimed)
    with user_queries.run_query(catalog, "SELECT id FROM captions ORDER BY id") as (_, rows):
        assert [row[0] for row in rows] == [work.task_id for work in claimed.work]


def test_the_fence_drops_results_of_a_lost_lease(catalog, planned):
    late = claim(catalog, planned, lease=-1.0)
    with catalog.write() as connection:
        assert task_recovery.sweep_tasks(connection) == 5
    assert commit(catalog, late) == 0
    assert tally(catalog)["done"] == 0
    # another worker may have it meanwhile: still nothing of the late one gets in
    again = claim(catalog, planned)
    assert commit(catalog, late) == 0
    assert commit(catalog, again) == len(again.work)


def test_a_lease_that_is_renewed_is_not_swept(catalog, planned):
    claimed = claim(catalog, planned, lease=-1.0)
    with catalog.write() as connection:
        assert job_queue.renew_lease(connection, claimed.token, LEASE) == 5
        assert task_recovery.sweep_tasks(connection) == 0
    assert commit(catalog, claimed) == 5


def test_a_lost_lease_cannot_be_renewed(catalog, planned):
    claimed = claim(catalog, planned, lease=-1.0)
    with catalog.write() as connection:
        task_recovery.sweep_tasks(connection)
        assert job_queue.renew_lease(connection, claimed.token, LEASE) == 0


def test_what_took_a_worker_down_is_claimed_alone(catalog, planned):
    claim(catalog, planned, lease=-1.0)
    with catalog.write() as connection:
        task_recovery.sweep_tasks(connection)
    # those never held before come first, together
    assert [len(claim(catalog, planned).work) for _ in range(8)] == [5, 5, 5, 1, 1, 1, 1, 1]


def test_a_task_that_keeps_taking_workers_down_is_dead(catalog, planned):
    # each of the twenty once, then the first again and again
    for _ in range(20 + MAX_CRASHES - 1):
        claim(catalog, planned, limit=1, lease=-1.0)
        with catalog.write() as connection:
            task_recovery.sweep_tasks(connection)
    assert tally(catalog)["dead"] == 1
    with catalog.read() as connection:
        assert failures.list_failed_tasks(connection)[0]["reason"] == "worker-crashed"


def test_faults_of_a_device_are_held_against_a_task_from_the_third_on(catalog, planned):
    def fault(limit):
        claimed = claim(catalog, planned, limit)
        with catalog.write() as connection:
            task_recovery.free_tasks_after_fault(connection, claimed.token)
        return claimed

    assert [fault(5).suspect for _ in range(MAX_DEVICE_FAULTS)] == [False] * MAX_DEVICE_FAULTS
    fresh = claim(catalog, planned, 15)
    assert (len(fresh.work), fresh.suspect) == (15, False)
    commit(catalog, fresh)
    for _ in range(MAX_CRASHES - 1):  # the third was the first that counted
        suspect = fault(5)
        assert (len(suspect.work), suspect.suspect) == (1, True)
    assert tally(catalog) == {"ready": 4, "leased": 0, "done": 15, "failed": 0, "dead": 1}
    with user_queries.run_query(catalog, "SELECT reason FROM tasks WHERE state = 'dead'") as found:
        assert list(found[1]) == [("worker-crashed",)]


def test_killed_runs_are_never_held_against_a_task(catalog, planned):
    for _ in range(3 * MAX_CRASHES):
        claim(catalog, planned)
        with catalog.write() as connection:
            task_recovery.release_workers(connection, [planned[1]], crashed=False)
    assert tally(catalog)["dead"] == 0
    assert len(claim(catalog, planned).work) == 5


def test_what_is_given_back_is_ready_with_a_clean_slate(catalog, planned):
    claimed = claim(catalog, planned)
    with catalog.write() as connection:
        job_queue.return_tasks(connection, claimed.token)
    assert tally(catalog)["ready"] == 20
    assert len(claim(catalog, planned).work) == 5


def fail_first(catalog, planned, error):
    claimed = claim(catalog, planned, limit=1)
    with catalog.write() as connection:
        job_queue.fail_tasks(connection, claimed.token, {claimed.work[0].task_id: error})


def test_a_failure_that_nothing_mends_is_dead_with_its_reason(catalog, planned):
    fail_first(catalog, planned, ItemError("decode-error", "cut short"))
    assert tally(catalog)["dead"] == 1
    with catalog.read() as connection:
        row = failures.list_failed_tasks(connection)[0]
    assert (row["reason"], row["detail"]) == ("decode-error", "cut short")


def test_a_failure_that_may_pass_waits_before_its_next_try(catalog, planned):
    fail_first(catalog, planned, ItemError("backend-error", "unplugged", retryable=True))
    assert tally(catalog)["failed"] == 1
    with catalog.write() as connection:
        assert task_recovery.sweep_tasks(connection) == 0  # its time has not come


def test_a_failure_that_may_pass_is_dead_in_the_end(catalog, planned):
    for _ in range(MAX_ERRORS):
        fail_first(catalog, planned, ItemError("backend-error", "unplugged", retryable=True))
        with catalog.write() as connection:
            connection.exec_driver_sql("UPDATE tasks SET not_before = 0 WHERE state = 'failed'")
            task_recovery.sweep_tasks(connection)
    assert tally(catalog)["dead"] == 1


def test_retry_gives_a_clean_slate(catalog, planned):
    fail_first(catalog, planned, ItemError("decode-error", "cut short"))
    fail_first(catalog, planned, ItemError("silent", "nothing"))
    with catalog.write() as connection:
        assert task_recovery.retry_tasks(connection, reason="silent") == 1
        assert task_recovery.retry_tasks(connection, stage="emotion") == 0
        assert task_recovery.retry_tasks(connection, stage="caption") == 1
    assert tally(catalog)["ready"] == 20


def test_emotions_are_planned_for_captions_only(catalog, planned):
    captioner = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", "1", {})
    mapper = Recipe(Role.MAPPER, Kind.ARTWORK, "embedded-mapper", "1", {}, captioner)
    commit(catalog, claim(catalog, planned))
    with catalog.write() as connection:
        recipe = recipes.ensure_recipe(connection, mapper, planned[0])
        assert planning.plan_caption_tasks(connection, "emotion", recipe, planned[0]) == 5
        assert planning.plan_caption_tasks(connection, "emotion", recipe, planned[0]) == 0
        claimed = job_queue.claim_tasks(connection, recipe, planned[1], 10, LEASE)
        texts = captions.read_caption_texts(connection, claimed)
        triples = {task: (caption, RGB(1, 2, 3)) for task, (caption, _) in texts.items()}
        assert results.commit_emotions(connection, claimed, triples) == 5


def test_claiming_and_sweeping_use_their_indexes(catalog, planned):
    claimed = claim(catalog, planned)
    explain = "EXPLAIN QUERY PLAN " if catalog.is_sqlite else "EXPLAIN "
    queries_of = {
        "ix_tasks_ready": "SELECT id FROM tasks WHERE state = 'ready' AND recipe_id = 1"
        " ORDER BY id LIMIT 5",
        "ix_tasks_leased": "SELECT id FROM tasks WHERE state = 'leased' AND lease_until < 5",
    }
    assert claimed is not None
    with catalog.read() as connection:
        if not catalog.is_sqlite:  # a table of 20 rows is read whole otherwise
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for index, query in queries_of.items():
            plan = " ".join(str(row) for row in connection.exec_driver_sql(explain + query))
            assert index in plan
