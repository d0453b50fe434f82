"""The apps of the other queues that `queues.py` measures: each with a task that does nothing."""

from __future__ import annotations

import os

from celery import Celery
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

procrastinate_app = App(connector=SyncPsycopgConnector(conninfo=os.environ["BENCH_DATABASE_URL"]))
procrastinate_worker = procrastinate_app.with_connector(
    PsycopgConnector(conninfo=os.environ["BENCH_DATABASE_URL"])
)
celery_app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"])
celery_app.conf.update(task_ignore_result=True, task_default_queue="bench")


@procrastinate_app.task(name="nothing")
def nothing(number: int) -> None:
    """Do nothing."""


@celery_app.task(name="celery_nothing")
def celery_nothing(number: int) -> None:
    """Do nothing."""
