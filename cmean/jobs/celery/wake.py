"""The tasks: one a queue. Each wakes the worker of its process, which looks into the catalog."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cmean.inference.queues import QUEUES
from cmean.jobs.celery import process
from cmean.jobs.celery.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = logging.getLogger(__name__)


def _waker(queue: str) -> Callable[..., None]:
    def wake(recipe: object = None) -> None:
        worker = process.current()
        if worker is None:
            return  # it has only just started, and looks by itself
        if recipe is not None and not worker.knows(recipe):
            _LOG.warning("refused a message for %s: there is no recipe %.80r", queue, recipe)
            return
        worker.wake()

    wake.__doc__ = f"There may be work in the queue {queue}; `recipe` is the digest of a recipe."
    return wake


for _queue in QUEUES:
    app.task(name=f"cmean.{_queue}")(_waker(_queue))
