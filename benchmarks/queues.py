"""Jobs per second of two workers, compared with procrastinate and Celery (a message per item).

    python benchmarks/queues.py

All three on the same PostgreSQL and Redis servers, in one run, with two worker processes each and
work that costs nothing. Timed is the middle of the run, from the moment when a tenth of the jobs is
done until nine tenths are, so that no start-up counts. cmean does more than the others: it reads a
caption and writes a triple for each job.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from ledger import prepared
from servers import PLUGINS, new_database, postgresql, redis_server

from cmean.catalog import planning, recipes
from cmean.domain import Kind, Recipe, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmean.catalog.engine import Catalog

HERE = Path(__file__).parent
JOBS = {"cmean": 40_000, "procrastinate": 4_000, "celery": 20_000}
WORKERS = 2


@contextmanager
def running(command: Sequence[str], **environment: str) -> Iterator[None]:
    """Two processes of a command."""
    processes = [
        subprocess.Popen(
            command,
            cwd=HERE,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(WORKERS)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def rate(done: Callable[[], int], total: int) -> float:
    """Jobs a second between a tenth and nine tenths of the work."""
    marks = []
    for share in (0.1, 0.9):
        while (count := done()) < share * total:
            time.sleep(0.02)
        marks.append((time.perf_counter(), count))
    (start, first), (end, last) = marks
    return (last - first) / (end - start)


def cmean(server: str, broker: str) -> float:
    """Emotion tasks over captions that are there."""
    total = JOBS["cmean"]
    url = new_database(server)
    catalog, _ = prepared(url, total)
    captioner = Recipe(Role.CAPTIONER, Kind.ARTWORK, "testing-captioner", "1", {})
    mapper = Recipe(Role.MAPPER, Kind.ARTWORK, "testing-mapper", "1", {"backend": {}}, captioner)
    with catalog.write() as connection:
        captioner_id = recipes.ensure_recipe(connection, captioner)
        planning.plan_media_tasks(connection, "caption", captioner_id, Kind.ARTWORK)
        connection.exec_driver_sql("UPDATE tasks SET state = 'done'")
        connection.exec_driver_sql(
            "INSERT INTO captions (id, recipe_id, fragment_id, text, words, finish_reason, "
            "measurements) SELECT id, recipe_id, fragment_id, 'A red picture.', 3, 'stop', '{}' "
            "FROM tasks"
        )
        mapper_id = recipes.ensure_recipe(connection, mapper, captioner_id)
        planning.plan_caption_tasks(connection, "emotion", mapper_id, captioner_id)
        connection.exec_driver_sql("ANALYZE")
    environment = {
        "CMEAN_DATABASE_URL": url,
        "CMEAN_BROKER_URL": broker,
        "PYTHONPATH": str(PLUGINS),
    }
    command = [sys.executable, "-m", "cmean", "worker", "--queue", "emotion"]
    with running(command, **environment):
        found = rate(lambda: _count(catalog), total)
    catalog.close()
    return found


def _count(catalog: Catalog) -> int:
    with catalog.read() as connection:
        result = connection.exec_driver_sql("SELECT COUNT(*) FROM emotions")
        return int(result.scalar_one())


def procrastinate(url: str) -> float:
    """Jobs of procrastinate, deferred beforehand."""
    total = JOBS["procrastinate"]
    import queue_apps  # noqa: PLC0415 - reads the environment

    with queue_apps.procrastinate_app.open():
        queue_apps.procrastinate_app.schema_manager.apply_schema()
        arguments: list[dict[str, Any]] = [{"number": number} for number in range(total)]
        queue_apps.nothing.batch_defer(*arguments)
    command = [sys.executable, "-m", "procrastinate", "--app=queue_apps.procrastinate_worker"]
    with psycopg.connect(url, autocommit=True) as connection, running([*command, "worker"]):

        def done() -> int:
            query = "SELECT COUNT(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
            row: Any = connection.execute(query).fetchone()
            return int(row[0])

        return rate(done, total)


def celery(server: Any) -> float:  # noqa: ANN401 - the tests' Redis
    """One message an item."""
    total = JOBS["celery"]
    import queue_apps  # noqa: PLC0415 - reads the environment

    server.client.flushall()
    with queue_apps.celery_app.pool.acquire(block=True) as connection:
        for number in range(total):
            queue_apps.celery_nothing.apply_async((number,), connection=connection)
    command = [sys.executable, "-m", "celery", "--app=queue_apps:celery_app", "worker"]
    options = ["--pool=solo", "--without-gossip", "--without-mingle", "--queues=bench"]
    with running([*command, *options]):
        return rate(lambda: total - int(server.client.llen("bench")), total)


def main() -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql() as server,
        redis_server(Path(folder)) as broker,
    ):
        theirs = new_database(server).replace("+psycopg", "")
        os.environ.update(BENCH_DATABASE_URL=theirs, BENCH_BROKER_URL=broker.url)
        others = {
            "Celery on the same Redis, one message per item": celery(broker),
            "procrastinate on the same PostgreSQL": procrastinate(theirs),
        }
        ours = cmean(server, broker.url)
        print("| two workers, no-op work | jobs/s | cmean / this |")
        print("| --- | --- | --- |")
        print(f"| cmean (PostgreSQL, batches of 64) | {ours:,.0f} | |")
        for name, found in others.items():
            print(f"| {name} | {found:,.0f} | {ours / found:.1f} |")


if __name__ == "__main__":
    main()
