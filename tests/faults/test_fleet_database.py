"""The database server may be restarted at once; machines' clocks may be wrong."""

from __future__ import annotations

import pytest
from fleet import WRAPPERS, fleet_on
from sqlalchemy import select  # noqa: TID251 - asks the database for its time
from waiting import wait_for

from cmean.catalog.clock import now
from cmean.catalog.tables import tasks


@pytest.mark.parametrize("pool", [[], ["--concurrency", "2"]], ids=["solo", "prefork"])
def test_postgresql_is_restarted_at_once(own_postgresql, tmp_path, redis_server, pool):
    with fleet_on(tmp_path / "fleet", own_postgresql.start(), redis_server.url) as fleet:
        fragments = fleet.ingest(60)
        fleet.wish("slow")
        workers = [fleet.start(*pool) for _ in range(2)]
        watching = fleet.program.start("run", "--json")
        assert "caption" in watching.stderr.readline()
        for share in (0.2, 0.5):
            wait_for(lambda share=share: fleet.in_state("done") > share * fragments, "some work")
            own_postgresql.stop_at_once()
            own_postgresql.start()
            fleet.catalog.engine.dispose()
        fleet.unwish("slow")
        fleet.finished(fragments)
        _, err = watching.communicate()
        assert watching.returncode == 0, err
        assert [worker.poll() for worker in workers] == [None, None], fleet.log()
        fleet.check(fragments)


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_worker_whose_clock_is_wrong(fleet, hours):
    fragments = fleet.ingest(8)
    fleet.wish("hold")
    options = {"CMEAN_TESTING_CLOCK": str(hours * 3600), "CMEAN_LEASE_SECONDS": "60"}
    fleet.start(wrapper=WRAPPERS / "wrong_clock.py", **options)
    wait_for(fleet.holding, "a batch under way")
    query = select(tasks.c.lease_until - now()).where(tasks.c.state == "leased")
    with fleet.catalog.read() as connection:
        leases = connection.execute(query).scalars().all()
    assert leases
    assert all(0 < seconds <= 60 for seconds in leases)
    fleet.ready(fleet.start())  # one whose clock is right takes nothing of the other's
    assert fleet.number("SELECT COUNT(DISTINCT token) FROM tasks WHERE token IS NOT NULL") <= 2
    fleet.unwish("hold")
    fleet.finished(fragments)
    fleet.check(fragments)
    assert fleet.number("SELECT MAX(lease_attempts) FROM tasks") == 1
