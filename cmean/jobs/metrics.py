"""Prometheus metrics of the whole fleet, read from the catalog: one endpoint serves all machines.

The catalog knows every queue, failure and heartbeat, so a worker needs no port of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from cmean.catalog import failures, items, workers
from cmean.catalog.task_counts import TaskCounts, count_tasks
from cmean.errors import CatalogError, InputError
from cmean.jobs.status import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from cmean.catalog.engine import Catalog, Connection


@contextmanager
def serve_metrics(catalog: Catalog, host: str, port: int) -> Iterator[str]:
    """Serve ``/metrics`` while the block lasts. Yields the address, ``host:port``.

    Raises:
        InputError: the address cannot be used.
    """
    registry = CollectorRegistry()
    registry.register(FleetCollector(catalog))
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"cannot listen on {host}:{port}: {why}; name another --port") from error
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FleetCollector(Collector):
    """Reads the catalog at each scrape. When it cannot be read, `cmean_up` is 0."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: registering must not wait for the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Collect all metrics."""
        try:
            with self.catalog.read() as connection:
                found = [
                    _measure_items(connection),
                    *_measure_tasks(connection),
                    *_measure_workers(connection),
                ]
        except CatalogError:
            found = []
        yield GaugeMetricFamily("cmean_up", "Whether the catalog can be read.", bool(found))
        yield from found


def _measure_items(connection: Connection) -> Metric:
    family = GaugeMetricFamily("cmean_items", "Registered items.", labels=["kind"])
    for kind, number in items.count_items(connection).items():
        family.add_metric([kind], number)
    return family


def _measure_tasks(connection: Connection) -> list[Metric]:
    depth = GaugeMetricFamily(
        "cmean_tasks",
        "Tasks by stage and state: the depth of the queues.",
        labels=["stage", "state"],
    )
    done = CounterMetricFamily(
        "cmean_tasks_done", "Tasks done; its rate is the fleet's.", labels=["stage"]
    )
    failed = GaugeMetricFamily(
        "cmean_task_failures", "Tasks that are failed or dead.", labels=["stage", "reason"]
    )
    counted = count_tasks(connection)
    for stage in STAGES:
        numbers = counted.get(stage, TaskCounts())
        for state, number in numbers.as_dict().items():
            depth.add_metric([stage, state], number)
        done.add_metric([stage], numbers.done)
    for stage, reason, number in failures.count_failures_by_reason(connection):
        failed.add_metric([stage, reason], number)
    return [depth, done, failed]


def _measure_workers(connection: Connection) -> list[Metric]:
    labels = ["worker", "host"]
    age = GaugeMetricFamily(
        "cmean_worker_heartbeat_age_seconds", "Since a worker was heard of.", labels=labels
    )
    batches = SummaryMetricFamily(
        "cmean_worker_batch_seconds", "Batches of a worker, and the time they took.", labels=labels
    )
    done = CounterMetricFamily("cmean_worker_tasks", "Tasks a worker did.", labels=labels)
    failed = CounterMetricFamily(
        "cmean_worker_task_failures", "Tasks that failed with a worker.", labels=labels
    )
    found = [row for row in workers.list_workers(connection) if row["queues"] is not None]
    living = GaugeMetricFamily("cmean_workers", "Workers heard of within a minute.", len(found))
    for row in found:
        key = [str(row["worker"]), row["host"]]
        age.add_metric(key, max(0.0, row["heartbeat_age"]))
        batches.add_metric(key, count_value=row["batches"], sum_value=row["batch_seconds"])
        done.add_metric(key, row["done"])
        failed.add_metric(key, row["failed"])
    return [living, age, batches, done, failed]
