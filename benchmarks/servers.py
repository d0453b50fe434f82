"""The servers that benchmarks start: those of the tests, from wheels."""

from __future__ import annotations

import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

TESTS = Path(__file__).resolve().parents[1] / "tests"
PLUGINS = TESTS / "plugins"
sys.path.insert(0, str(TESTS))

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgresql() -> Iterator[str]:
    """A running PostgreSQL server; yields its URL."""
    from support import PostgreSQL  # noqa: PLC0415 - found on the path set above

    with PostgreSQL() as server:
        yield str(server.start())


@contextmanager
def redis_server(folder: Path) -> Iterator[Any]:
    """A running Redis server."""
    from fleet import Redis  # noqa: PLC0415 - found on the path set above

    server = Redis(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def new_database(server_url: str) -> str:
    """A new database on the server; returns its URL."""
    name = f"bench_{uuid.uuid4().hex}"
    plain = server_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    head, _, options = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{options}"
