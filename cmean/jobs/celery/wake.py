"""The Celery tasks, one a queue: each wakes the worker of its process, which polls the catalog."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.inference.queues import QUEUES
from cmean.jobs.celery import worker_process
from cmean.jobs.celery.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = logging.getLogger(__name__)


def _make_task(queue: str) -> Callable[..., None]:
    def wake(recipe: object = None) -> None:
        worker = worker_process.get_worker()
        if worker is None:
            return  # it has only just started, and polls anyway
        if recipe is not None and not worker.knows_recipe(recipe):
            _LOG.warning("rejected a message for %s: there is no recipe %.80r", queue, recipe)
            return
        worker.wake()

    wake.__doc__ = (
        f"Wake the worker: the queue {queue} may have work; `recipe` is a recipe's digest."
    )
    return wake


for _queue in QUEUES:
    app.task(name=f"cmean.{_queue}")(_make_task(_queue))
