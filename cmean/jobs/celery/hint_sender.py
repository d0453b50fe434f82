"""Sends hints that a queue has work through Celery: after the commit, and without any guarantee."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from cmean.jobs import delays
from cmean.jobs.celery.app import HINT_SECONDS, check_broker, make_app

if TYPE_CHECKING:
    from celery import Celery

_LOG = logging.getLogger(__name__)


class CeleryHintSender:
    """Wakes workers through a broker. Never raises, and never waits for long.

    Args:
        broker: the app, or its broker's URL.

    Raises:
        ConfigError: the URL is not that of a Redis server.
    """

    def __init__(self, broker: Celery | str) -> None:
        if isinstance(broker, str):
            check_broker(broker)
            broker = make_app(broker)
        self._app = broker
        self._not_before: dict[str, float] = {}
        self._away_until = 0.0

    def __call__(self, queue: str, recipe: str | None = None, copies: int = 1) -> None:
        """Send a hint that a queue has work.

        Args:
            queue: its name.
            recipe: the digest of the recipe that has work, if it is known.
            copies: how many workers to wake.
        """
        now = time.monotonic()
        if now < self._away_until or now < self._not_before.get(queue, 0.0):
            return
        self._not_before[queue] = now + delays.HINT
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
                for _ in range(copies):
                    self._app.send_task(
                        f"cmean.{queue}",
                        kwargs={"recipe": recipe},
                        queue=queue,
                        expires=HINT_SECONDS,
                        connection=connection,
                        retry=False,
                    )
        except Exception as error:  # noqa: BLE001 - a hint that fails costs a poll interval
            self._away_until = now + delays.BROKER_RETRY
            _LOG.warning(
                "the broker cannot be reached (%s); no work is lost: idle workers poll the "
                "catalog every few seconds",
                (str(error).strip().splitlines() or [type(error).__name__])[0],
            )
