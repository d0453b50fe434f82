"""Kombu's Redis transport, made to survive what is no message.

Whatever lies in a queue that is not a message (text that is not JSON, JSON of another shape) ends a
Celery worker with an unrecoverable error otherwise. Here it is refused with a line in the log.
"""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

_LOG = logging.getLogger(__name__)


class Channel(redis.Channel):
    """A channel whose reader refuses what it cannot parse. By then it has left the queue."""

    def _brpop_read(self, **options: Any) -> Any:  # noqa: ANN401 - kombu's signature
        try:
            return super()._brpop_read(**options)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _LOG.warning("refused a message that is none: %s: %s", type(error).__name__, error)
            return True


class Transport(redis.Transport):
    """Kombu's Redis transport with that channel."""

    Channel = Channel


def register() -> None:
    """Use it for redis:// and rediss:// URLs."""
    target = f"{__name__}:{Transport.__name__}"
    TRANSPORT_ALIASES.update(redis=target, rediss=target)
