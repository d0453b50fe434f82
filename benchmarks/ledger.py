"""How fast work is claimed, committed and counted, compared with the same SQL issued raw.

    python benchmarks/ledger.py            # claim + commit on both databases
    python benchmarks/ledger.py --million  # and planning, claiming and counting 1,000,000 tasks

Everything of a table is measured in one run, on a PostgreSQL server started for it.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from ledger_counts import measure_counting, measure_trigger_cost, read_processor_seconds
from servers import new_database, postgresql

from cmean.catalog import items, job_queue, migrate, planning, recipes, results, workers
from cmean.catalog.engine import Catalog
from cmean.domain import Caption, Kind, Recipe, Role

if TYPE_CHECKING:
    from collections.abc import Callable

BATCHES = (16, 64)
ROWS = 4_000
ROUNDS = 5
LEASE = 60.0
MEASURED: dict[str, float | int | str] = {
    "lightness": 61.2,
    "chroma": 30.1,
    "warmth": 0.4,
    "colour": "red",
}
TEXT = "A red picture, warm and bright, full of movement and joy; a crowd dances in the street."

NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch FROM clock_timestamp())::float8",
}
CLAIM = """WITH c AS {materialized} (
    SELECT id FROM tasks WHERE state = 'ready' AND recipe_id = ? AND lease_attempts = 0
    ORDER BY id LIMIT ? {lock})
UPDATE tasks SET state = 'leased', token = ?, worker_id = ?, lease_until = {now} + ?,
    lease_attempts = lease_attempts + 1
WHERE id IN (SELECT id FROM c) RETURNING id, fragment_id, stage, request"""
FINISH = """UPDATE tasks SET state = 'done', token = NULL, lease_until = NULL, reason = NULL,
    detail = NULL, finished = {now}
WHERE state = 'leased' AND token = ? AND id IN ({marks}) RETURNING id"""
INSERT = """INSERT INTO captions
    (id, recipe_id, fragment_id, text, words, finish_reason, measurements)
VALUES (?, ?, ?, ?, ?, 'stop', ?)"""


class Raw:
    """The ledger's SQL on a bare driver connection: the floor."""

    def __init__(self, url: str) -> None:
        self.name = "sqlite" if url.startswith("sqlite") else "postgresql"
        self.connection: Any
        if self.name == "sqlite":
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self.connection.execute("PRAGMA synchronous = NORMAL")
            self.connection.execute("PRAGMA foreign_keys = ON")
        else:
            self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        lock, materialized = ("FOR UPDATE SKIP LOCKED", "MATERIALIZED")
        if self.name == "sqlite":
            lock = materialized = ""
        self.claim_sql = self._sql(CLAIM, lock=lock, materialized=materialized)

    def _sql(self, text: str, **parts: str) -> str:
        made = text.format(now=NOW[self.name], **parts)
        return made if self.name == "sqlite" else made.replace("?", "%s")

    def batch(self, recipe_id: int, worker_id: int, size: int) -> int:
        """Claim and commit once."""
        cursor = self.connection.cursor()
        begin = "BEGIN IMMEDIATE" if self.name == "sqlite" else "BEGIN"
        token = secrets.token_hex(16)
        cursor.execute(begin)
        cursor.execute(self.claim_sql, (recipe_id, size, token, worker_id, LEASE))
        taken = cursor.fetchall()
        cursor.execute("COMMIT")
        if not taken:
            return 0
        cursor.execute(begin)
        marks = ", ".join("?" * len(taken))
        cursor.execute(self._sql(FINISH, marks=marks), (token, *(row[0] for row in taken)))
        held = {row[0] for row in cursor.fetchall()}
        words = len(TEXT.split())
        rows = [
            (task_id, recipe_id, fragment_id, TEXT, words, json.dumps(MEASURED))
            for task_id, fragment_id, *_ in taken
            if task_id in held
        ]
        cursor.executemany(self._sql(INSERT), rows)
        cursor.execute("COMMIT")
        return len(held)


def through_cmean(catalog: Catalog, recipe_id: int, worker_id: int, size: int) -> int:
    """Claim and commit once as a worker does."""
    with catalog.write() as connection:
        claim = job_queue.claim_tasks(connection, recipe_id, worker_id, size, LEASE)
    if claim is None:
        return 0
    caption = Caption(TEXT, measurements=MEASURED)
    made = {work.task_id: caption for work in claim.work}
    with catalog.write() as connection:
        return results.commit_captions(connection, claim, made)


def prepared(url: str, rows: int) -> tuple[Catalog, int]:
    """A catalog with so many fragments and a worker."""
    catalog = Catalog(url)
    migrate.upgrade_schema(catalog)
    with catalog.write() as connection:
        for number in range(rows // 5):
            item = items.NewItem(
                Kind.ARTWORK, f"{number:064x}", f"file:///{number}", 1, 0.0, "PNG", str(number)
            )
            items.add_item(connection, item)
        worker_id = workers.register_worker(connection, workers.ProcessIdentity("here", 1, 0.0))
    return catalog, worker_id


def new_recipe(catalog: Catalog, revision: str) -> int:
    """A recipe with all its work entered."""
    with catalog.write() as connection:
        recipe = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", revision, {})
        recipe_id = recipes.ensure_recipe(connection, recipe)
        planning.plan_media_tasks(connection, "caption", recipe_id, Kind.ARTWORK)
    return recipe_id


def drained(batch: Callable[[], int]) -> float:
    """Rows a second until nothing is ready."""
    started, rows = time.perf_counter(), 0
    while done := batch():
        rows += done
    return rows / (time.perf_counter() - started)


def claim_and_commit(url: str) -> None:
    """The first table, for one database."""
    catalog, worker_id = prepared(url, ROWS)
    raw = Raw(url)
    for size in BATCHES:
        ours, floor = [], []
        for turn in range(ROUNDS):  # in turn, so that both meet the same table and machine
            recipe = new_recipe(catalog, f"cmean {size} {turn}")
            ours.append(drained(partial(through_cmean, catalog, recipe, worker_id, size)))
            recipe = new_recipe(catalog, f"raw {size} {turn}")
            floor.append(drained(partial(raw.batch, recipe, worker_id, size)))
        best, best_raw = max(ours), max(floor)
        print(f"| {raw.name} | {size} | {best_raw:,.0f} | {best:,.0f} | {best / best_raw:.2f} |")
    raw.connection.close()
    catalog.close()


def compare_triggers(url: str) -> None:
    """Print what a row costs with and without the triggers that count tasks, for one database."""
    catalog, worker_id = prepared(url, ROWS)
    for size in BATCHES:

        def measure(name: str, size: int = size) -> float:
            recipe = new_recipe(catalog, f"{name} {size}")
            started = read_processor_seconds(catalog)
            drained(partial(through_cmean, catalog, recipe, worker_id, size))
            return ROWS / (read_processor_seconds(catalog) - started)

        with_, without = measure_trigger_cost(catalog, ROUNDS, measure)
        name = catalog.url.get_backend_name()
        print(f"| {name} | {size} | {without:,.0f} | {with_:,.0f} | {with_ / without:.2f} |")
    catalog.close()


def among_a_million(url: str) -> None:
    """Planning 1,000,000 tasks in one statement, claiming from them and counting them."""
    catalog = Catalog(url)
    migrate.upgrade_schema(catalog)
    numbers = (
        "generate_series(1, 200000) AS g(n)"
        if not catalog.is_sqlite
        else "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000) "
        "SELECT n FROM c) AS g"
    )
    with catalog.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO items (kind, sha256, uri, metadata) "  # noqa: S608 - no input
            f"SELECT 'artwork', CAST(n AS TEXT), 'file:///x', '{{}}' FROM {numbers}"
        )
        connection.exec_driver_sql(
            "INSERT INTO fragments (item_id, position, name) SELECT i.id, p.position, 'x' FROM "
            "items i CROSS JOIN (SELECT 0 AS position UNION ALL SELECT 1 UNION ALL SELECT 2 "
            "UNION ALL SELECT 3 UNION ALL SELECT 4) AS p"
        )
        worker_id = workers.register_worker(connection, workers.ProcessIdentity("here", 1, 0.0))
    new_recipe_of_few(catalog, "first", 1_000)
    few, few_rows = measure_counting(catalog)
    started = time.perf_counter()
    recipe = new_recipe(catalog, "a million")
    seconds = time.perf_counter() - started
    name = "sqlite" if catalog.is_sqlite else "postgresql"
    early = _claims(catalog, recipe, worker_id)
    with catalog.write() as connection:
        connection.exec_driver_sql("UPDATE tasks SET state = 'done', token = NULL, worker_id = 1")
    many, many_rows = measure_counting(catalog)
    late_recipe = new_recipe_of_few(catalog, "late", 10_000)
    late = _claims(catalog, late_recipe, worker_id)
    print(
        f"| {name} | {seconds:.1f} s | {early * 1e3:.2f} ms | {late * 1e3:.2f} ms | "
        f"{few * 1e3:.2f} ms | {many * 1e3:.2f} ms | "
        f"{many / few:.2f} | {many_rows / few_rows:.0f} |"
    )
    catalog.close()


def new_recipe_of_few(catalog: Catalog, revision: str, number: int) -> int:
    """Enter another recipe with so many tasks."""
    with catalog.write() as connection:
        recipe = Recipe(Role.CAPTIONER, Kind.ARTWORK, "embedded-artwork", revision, {})
        recipe_id = recipes.ensure_recipe(connection, recipe)
        connection.exec_driver_sql(
            "INSERT INTO tasks (stage, recipe_id, fragment_id) "  # noqa: S608 - no input
            f"SELECT 'caption', {recipe_id}, id FROM fragments ORDER BY id LIMIT {number}"
        )
    return recipe_id


def _claims(catalog: Catalog, recipe_id: int, worker_id: int) -> float:
    """Median seconds of claiming and committing 16 tasks."""
    taken = []
    for _ in range(100):
        started = time.perf_counter()
        through_cmean(catalog, recipe_id, worker_id, 16)
        taken.append(time.perf_counter() - started)
    return sorted(taken)[len(taken) // 2]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="the table of 1,000,000 rows too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        print("| database | batch | raw SQL, rows/s | cmean, rows/s | ratio |")
        print("| --- | --- | --- | --- | --- |")
        claim_and_commit(f"sqlite:///{Path(folder) / 'ledger.db'}")
        claim_and_commit(new_database(server))
        print("\n| database | batch | rows per processor second without counters | with | ratio |")
        print("| --- | --- | --- | --- | --- |")
        compare_triggers(f"sqlite:///{Path(folder) / 'triggers.db'}")
        compare_triggers(new_database(server))
        if args.million:
            print(
                "\n| database | plan 1,000,000 | claim 16, none done | 1,000,000 done "
                "| count 1,000 | count 1,000,000 | ratio | ratio of COUNT(*) |"
            )
            print("| --- | --- | --- | --- | --- | --- | --- | --- |")
            among_a_million(f"sqlite:///{Path(folder) / 'million.db'}")
            among_a_million(new_database(server))


if __name__ == "__main__":
    main()
