"""The counters of tasks: always what COUNT(*) says, and read without reading a task."""

# ruff: noqa: S608 - the statements hold numbers and words of these tests only

from __future__ import annotations

import itertools
import secrets
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event  # noqa: TID251 - looks at what is issued

from cmean.catalog import (
    failures,
    items,
    job_queue,
    planning,
    recipes,
    task_counts,
    task_recovery,
    workers,
)
from cmean.domain import Kind, Recipe, Role
from cmean.errors import ItemError

COUNTED = """
SELECT stage, recipe_id,
    SUM(CASE WHEN state = 'ready' THEN 1 ELSE 0 END),
    SUM(CASE WHEN state = 'leased' THEN 1 ELSE 0 END),
    SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END),
    SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END),
    SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END)
FROM tasks GROUP BY stage, recipe_id
"""
PROGRESS = "SELECT stage, recipe_id, ready, leased, done, failed, dead FROM v_progress"


def rows(connection, query):
    return sorted(map(tuple, connection.exec_driver_sql(query)), key=str)


def check(connection):
    """The view, and every function that counts, against COUNT(*)."""
    counted = rows(connection, COUNTED)
    assert rows(connection, PROGRESS) == counted
    stages = task_counts.count_tasks(connection)
    assert {stage: tuple(numbers.as_dict().values()) for stage, numbers in stages.items()} == {
        stage: tuple(map(sum, zip(*(row[2:] for row in each), strict=True)))
        for stage, each in itertools.groupby(counted, key=lambda row: row[0])
    }
    ready, leased = Counter(), Counter()
    for row in counted:
        if row[1] is not None:
            ready[row[1]] += row[2]
            leased[row[1]] += row[3]
    ready = +ready
    assert {row[3]: row[4] for row in task_counts.count_ready_by_recipe(connection)} == ready
    for recipe_id in leased:
        is_open = bool(ready[recipe_id] + leased[recipe_id])
        assert task_counts.has_open_tasks(connection, recipe_id) == is_open


def add_recipes(connection):
    """Two recipes with their work, a request, and a worker."""
    for number in range(2):
        item = items.NewItem(Kind.ARTWORK, f"{number:064x}", f"file:///{number}", 1, 0.0, "PNG")
        items.add_item(connection, item)
    ids = [
        recipes.ensure_recipe(connection, Recipe(Role.CAPTIONER, Kind.ARTWORK, name, "1", {}))
        for name in "ab"
    ]
    planning.plan_media_tasks(connection, "caption", ids[0], Kind.ARTWORK)
    planning.plan_request(connection, "pair", "d", {"method": "greedy"})
    return ids, workers.register_worker(connection, workers.ProcessIdentity("here", 1, 0.0))


class Transitions:
    """Everything that may happen to tasks, through the job queue and by raw SQL."""

    def __init__(self, connection, recipe_ids, worker_id):
        self.connection, self.recipe_ids, self.worker_id = connection, recipe_ids, worker_id
        self.claims = []

    def sql(self, text):
        self.connection.exec_driver_sql(text, execution_options={"no_parameters": True})

    def claim(self, number):
        recipe_id = self.recipe_ids[number % 2]
        for made in (
            job_queue.claim_tasks(self.connection, recipe_id, self.worker_id, 1 + number, 60.0),
            job_queue.claim_request(self.connection, self.worker_id, 60.0),
        ):
            self.claims += [made.token] if made else []

    def token(self, number):
        return self.claims[number % len(self.claims)] if self.claims else "none"

    def held(self, number):
        query = f"SELECT id FROM tasks WHERE token = '{self.token(number)}' ORDER BY id"
        return list(self.connection.exec_driver_sql(query).scalars())

    def finish(self, number):
        job_queue.finish_tasks(self.connection, self.token(number), self.held(number)[: number + 1])

    def finish_all(self, number):
        job_queue.finish_tasks(self.connection, self.token(number))

    def fail(self, number):
        reason = ("missing", "decode", "invalid")[number % 3]
        error = ItemError(reason, "x", retryable=number % 2 == 0)
        failures = dict.fromkeys(self.held(number)[:2], error)
        job_queue.fail_tasks(self.connection, self.token(number), failures)

    def give_back(self, number):
        job_queue.return_tasks(self.connection, self.token(number))

    def renew(self, number):
        job_queue.renew_lease(self.connection, self.token(number), -1.0)

    def sweep(self, number):
        if number % 2:
            self.sql("UPDATE tasks SET not_before = 0 WHERE state = 'failed'")
        task_recovery.sweep_tasks(self.connection)

    def retry(self, number):
        task_recovery.retry_tasks(self.connection, reason=(None, "decode")[number % 2])

    def release(self, number):
        task_recovery.release_workers(self.connection, [self.worker_id], crashed=number % 2 == 0)

    def plan(self, number):
        stage = ("caption", "embed")[number % 2]
        planning.plan_media_tasks(self.connection, stage, self.recipe_ids[1], Kind.ARTWORK)

    def request(self, number):
        stage = ("pair", "evaluate")[number % 2]
        planning.plan_request(self.connection, stage, f"d{number}", {"method": "greedy"})

    def retire(self, number):
        items.retire_replaced_items(self.connection, f"file:///{number % 2}", "another")

    def raw_delete(self, number):
        self.sql(f"DELETE FROM tasks WHERE id % 7 = {number}")

    def raw_insert(self, number):
        for ignored in ("done", "dead"):  # the second meets the first
            self.sql(
                "INSERT INTO tasks (stage, recipe_id, fragment_id, state)"
                f" SELECT 'caption', {self.recipe_ids[1]}, id, '{ignored}' FROM fragments"
                f" WHERE position = {number % 5} ON CONFLICT DO NOTHING"
            )

    def raw_move(self, number):
        """To another stage and another recipe, together with another state."""
        self.sql(
            f"UPDATE tasks SET stage = 'embed', recipe_id = {self.recipe_ids[1]}, state = 'done',"
            f" token = NULL WHERE id % 5 = {number} AND recipe_id = {self.recipe_ids[0]} AND"
            " NOT EXISTS (SELECT 1 FROM tasks o WHERE o.fragment_id = tasks.fragment_id"
            f" AND o.recipe_id = {self.recipe_ids[1]})"
        )

    def raw_state(self, number):
        state = ("ready", "done", "dead", "failed")[number % 4]
        self.sql(f"UPDATE tasks SET state = '{state}', token = NULL WHERE id % 3 = {number % 3}")

    def lease_by_hand(self, number):
        token = secrets.token_hex(16)
        self.sql(
            f"UPDATE tasks SET state = 'leased', token = '{token}', lease_until = 0"
            f" WHERE id % 4 = {number % 4}"
        )

    def fold(self, _number):
        task_counts.compact_counts(self.connection)


class Undone(Exception):  # noqa: N818 - no error
    """Ends an example, so that the next one starts with an empty catalog."""


NAMES = sorted(name for name in vars(Transitions) if name[0] != "_")
ACTIONS = [name for name in NAMES if name not in {"sql", "token", "held"}]


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 6)), max_size=25))
def test_counters_equal_counts_after_any_transitions(catalog, steps):
    with suppress(Undone), catalog.write() as connection:
        transitions = Transitions(connection, *add_recipes(connection))
        check(connection)
        for name, number in steps:
            kept = number % 3
            savepoint = connection.begin_nested() if not kept else None
            getattr(transitions, name)(number)
            check(connection)
            if savepoint is not None:
                savepoint.rollback()
                check(connection)
        raise Undone
    with catalog.read() as connection:
        check(connection)


def test_a_rollback_undoes_the_count(catalog):
    with suppress(Undone), catalog.write() as connection:
        add_recipes(connection)
        raise Undone
    with catalog.read() as connection:
        assert task_counts.count_tasks(connection) == {}


def test_each_transaction_counts_for_itself(catalog):
    """What another has not committed is not counted, nor is it lost when the rows are folded."""
    if catalog.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with catalog.write() as connection:
        (first, _), worker_id = add_recipes(connection)
    with catalog.write() as one:
        job_queue.claim_tasks(one, first, worker_id, 3, 60.0)
        with catalog.write() as other:
            job_queue.claim_tasks(other, first, worker_id, 2, 60.0)
            assert task_counts.count_tasks(other)["caption"].leased == 2
            task_counts.compact_counts(other)
            assert task_counts.count_tasks(other)["caption"].leased == 2
        assert task_counts.count_tasks(one)["caption"].leased == 5
        task_counts.compact_counts(one)
    with catalog.read() as connection:
        assert task_counts.count_tasks(connection)["caption"].leased == 5
        check(connection)


def test_folding_leaves_one_row_a_group(catalog):
    with catalog.write() as connection:
        (first, _), worker_id = add_recipes(connection)
        for _ in range(5):
            job_queue.claim_tasks(connection, first, worker_id, 1, 60.0)
        task_recovery.sweep_tasks(connection)
        number = connection.exec_driver_sql("SELECT COUNT(*) FROM task_counts").scalar_one()
        assert number == 2
        check(connection)


def test_a_sweep_folds_when_rows_pile_up(catalog):
    with catalog.write() as connection:
        assert not task_counts.needs_compaction(connection)
        connection.exec_driver_sql(
            "INSERT INTO task_counts (stage, ready) WITH RECURSIVE n(n) AS"
            " (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 600) SELECT 'pair', 0 FROM n"
        )
        assert task_counts.needs_compaction(connection)


def test_truncated_tasks_are_counted(catalog):
    if catalog.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with catalog.write() as connection:
        add_recipes(connection)
        connection.exec_driver_sql("TRUNCATE tasks CASCADE")
        assert task_counts.count_tasks(connection) == {}


def test_counting_reads_no_task(catalog):
    """The plan of every statement that counts names no table of tasks, whatever is in it."""
    with catalog.write() as connection:
        add_recipes(connection)
    issued = statements_of(
        catalog,
        task_counts.count_tasks,
        lambda connection: task_counts.count_tasks(connection, [1]),
        lambda connection: task_counts.has_open_tasks(connection, 1),
        task_counts.needs_compaction,
        task_counts.count_ready_by_recipe,
        lambda connection: task_counts.count_ready_requests(connection, ["pair"]),
        lambda connection: rows(connection, "SELECT * FROM v_progress"),
    )
    assert len(issued) == 7
    for plan in plans(catalog, issued):
        assert "tasks" not in plan, plan


def test_failures_are_found_by_an_index(catalog):
    with catalog.write() as connection:
        add_recipes(connection)
    issued = statements_of(catalog, failures.list_failed_tasks, failures.count_failures_by_reason)
    assert len(issued) == 2
    for plan in plans(catalog, issued):
        assert "ix_tasks_failures" in plan, plan
        assert "SEQ SCAN ON TASKS" not in plan.upper(), plan


def test_tasks_of_dead_workers_are_found_by_an_index(catalog):
    with catalog.write() as connection:
        add_recipes(connection)
    issued = statements_of(
        catalog,
        lambda connection: workers.find_workers_on_host(connection, "here", None),
        task_recovery.needs_sweep,
    )
    assert len(issued) == 3
    for plan in plans(catalog, issued):
        assert "ix_tasks_leased" in plan or "ix_tasks_failed" in plan, plan


def statements_of(catalog, *calls):
    """The statements that some functions issue, with their parameters."""
    issued = []

    def note(_connection, _cursor, statement, parameters, *_):
        issued.append((statement, parameters))

    event.listen(catalog.engine, "before_cursor_execute", note)
    try:
        with catalog.read() as connection:
            for call in calls:
                call(connection)
    finally:
        event.remove(catalog.engine, "before_cursor_execute", note)
    return issued


def plans(catalog, issued):
    """How the database carries statements out. PostgreSQL would scan a table that is so small."""
    explain = "EXPLAIN QUERY PLAN" if catalog.is_sqlite else "EXPLAIN"
    with catalog.read() as connection:
        if not catalog.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in issued:
            found = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            yield "\n".join(str(row[-1]) for row in found)


@pytest.mark.parametrize("bypass", ["replace", "replica"])
def test_counters_that_a_statement_bypassed_are_mended(catalog, bypass):
    if (bypass == "replace") is not catalog.is_sqlite:
        pytest.skip("of the other database")
    with catalog.write() as connection:
        add_recipes(connection)
        assert not task_counts.recount_tasks(connection)
        if catalog.is_sqlite:
            connection.exec_driver_sql("INSERT OR REPLACE INTO tasks SELECT * FROM tasks")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql("DELETE FROM tasks WHERE recipe_id IS NOT NULL")
            connection.exec_driver_sql("SET LOCAL session_replication_role = DEFAULT")
    with catalog.write() as connection:
        assert rows(connection, COUNTED) != rows(connection, PROGRESS)
        assert task_counts.recount_tasks(connection)
        check(connection)
        assert not task_counts.recount_tasks(connection)
