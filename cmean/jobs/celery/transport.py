"""Kombu's Redis transport, made robust against malformed messages.

A malformed message (text that is not JSON, JSON of another shape) otherwise ends a Celery worker
with an unrecoverable error. Here it is refused with a line in the log.
"""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

_LOG = logging.getLogger(__name__)


class Channel(redis.Channel):
    """A channel that refuses messages which it cannot parse; they have left the queue by then."""

    def _brpop_read(self, **options: Any) -> Any:  # noqa: ANN401 - kombu's signature
        try:
            return super()._brpop_read(**options)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _LOG.warning("rejected a malformed message: %s: %s", type(error).__name__, error)
            return True


class Transport(redis.Transport):
    """Kombu's Redis transport with the robust channel."""

    Channel = Channel


def register_transport() -> None:
    """Make kombu use this transport for redis:// and rediss:// URLs."""
    target = f"{__name__}:{Transport.__name__}"
    TRANSPORT_ALIASES.update(redis=target, rediss=target)
