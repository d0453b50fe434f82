"""What the fault tests share: a fleet on each database."""

from __future__ import annotations

import pytest
from fleet import fleet_on


@pytest.fixture
def fleet(tmp_path, database_url, request):
    """A fleet on each database: with a broker on PostgreSQL, without one on SQLite."""
    server = None
    if database_url.startswith("postgresql"):
        server = request.getfixturevalue("redis_server")
    with fleet_on(tmp_path / "fleet", database_url, server and server.url) as made:
        yield made
