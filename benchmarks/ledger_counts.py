"""What counting tasks costs, and what keeping the counters costs claims and commits.

Run by `benchmarks/ledger.py`. The triggers are taken away for the comparison, and put back.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

import psutil

from cmean.catalog.sql_files import create_count_triggers
from cmean.catalog.task_counts import count_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmean.catalog.engine import Catalog, Connection

TRIGGERS = ("new_group", "insert", "delete", "state", "group")
REPEATS = 50


def drop_triggers(connection: Connection) -> None:
    """Stop counting. On PostgreSQL the triggers are switched off, on SQLite dropped."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE tasks DISABLE TRIGGER USER")
        return
    for name in TRIGGERS:
        connection.exec_driver_sql(f"DROP TRIGGER task_counts_{name}")


def restore_triggers(connection: Connection) -> None:
    """Count again; the counters themselves are then off by what happened meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE tasks ENABLE TRIGGER USER")
        return
    create_count_triggers(connection)


def read_processor_seconds(catalog: Catalog) -> float:
    """Read the processor time that this process and its PostgreSQL backend have used.

    A few per cent cannot be told by the clock on a machine that does other things as well.
    """
    seconds = time.process_time()
    if not catalog.is_sqlite:
        with catalog.read() as connection:  # one at a time, so the pool has one connection
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        times = psutil.Process(backend).cpu_times()
        seconds += times.user + times.system
    return seconds


def measure_trigger_cost(
    catalog: Catalog, rounds: int, measure: Callable[[str], float]
) -> tuple[float, float]:
    """Measure something with and without the triggers, in turn.

    Args:
        catalog: an open catalog.
        rounds: of each.
        measure: called with a name of the round; returns rows a second of processor time.

    Returns:
        The best with and the best without.
    """
    kept, dropped = [], []
    for turn in range(rounds):
        kept.append(measure(f"counted {turn}"))
        with catalog.write() as connection:
            drop_triggers(connection)
        dropped.append(measure(f"uncounted {turn}"))
        with catalog.write() as connection:
            restore_triggers(connection)
    return max(kept), max(dropped)


def measure_counting(catalog: Catalog) -> tuple[float, float]:
    """Median seconds of `count_tasks`, and of COUNT(*) over the tasks, a transaction each."""

    def count_rows(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT stage, state, COUNT(*) FROM tasks GROUP BY stage, state")

    found = []
    for function, repeats in ((count_tasks, REPEATS), (count_rows, 3)):
        seconds = []
        for _ in range(repeats):
            started = time.perf_counter()
            with catalog.read() as connection:
                function(connection)
            seconds.append(time.perf_counter() - started)
        found.append(median(seconds))
    return found[0], found[1]
