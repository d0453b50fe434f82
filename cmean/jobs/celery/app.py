"""The Celery app: how hints travel.

`celery -A cmean.jobs.celery.app status` and Flower find it here.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from celery import Celery
from kombu.entity import Queue

from cmean.config import load_settings
from cmean.errors import ConfigError
from cmean.inference.queues import QUEUES
from cmean.jobs.celery import transport

HINT_SECONDS: Final = 120
"""After so long a hint expires: idle workers have polled meanwhile."""

_SCHEMES = {"redis", "rediss", "redis+socket"}


def check_broker(url: str) -> None:
    """Check a broker's URL; the error does not contain it, since it has a password.

    Raises:
        ConfigError: it is not that of a Redis server, or cannot be parsed.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname or parts.path)
        _ = parts.port  # parsed only when asked for
        (parts.hostname or "").encode("idna")  # a name that can be looked up
        if parts.scheme != "redis+socket":
            int(parts.path.strip("/") or 0)  # the number of a database
            usable = usable and not (parts.scheme == "redis" and parts.query)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            "CMEAN_BROKER_URL must look like redis://:password@host:6379/0 "
            "(or rediss://, redis+socket://)"
        )


def make_app(broker_url: str | None) -> Celery:
    """Make the Celery app for a broker (None: a default one, for `celery -A` to import)."""
    transport.register_transport()
    celery = Celery("cmean", broker=broker_url, include=["cmean.jobs.celery.wake"])
    celery.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=False,
        task_queues=[Queue(name) for name in QUEUES],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        worker_hijack_root_logger=False,
        worker_send_task_events=True,  # for Flower
    )
    return celery


app = make_app(load_settings().broker_url)
