"""Workers that are killed, stopped or crash at the worst moment lose nothing and double nothing."""

from __future__ import annotations

import os
import random
import signal

import psutil
import pytest
from fleet import WRAPPERS, fleet_on, kill_group, write_picture
from waiting import PATIENCE, wait_for

from cmean.catalog.clock import now
from cmean.catalog.tables import tasks

KILLS = 20
LEASE = 4
"""Seconds: a busy machine may keep the heartbeat waiting for some of them."""
PREFORK = ["--concurrency", "2"]

on_each_pool = pytest.mark.parametrize(
    ("database_url", "pool"),
    [("sqlite", []), ("postgresql", []), ("postgresql", PREFORK)],
    ids=["sqlite", "solo", "prefork"],
    indirect=["database_url"],
)


def processes_of(worker):
    """A worker's process and, of a prefork worker, its children."""
    return [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]


@on_each_pool
def test_killed_twenty_times_over_two_thousand_tasks(fleet, pool):
    fragments = fleet.ingest(400)
    fleet.wish("slow")
    moments = random.Random(20)  # noqa: S311 - picks victims, guards no secret
    crew = [fleet.start(*pool) for _ in range(2)]
    for kill in range(1, KILLS + 1):
        wait_for(
            lambda kill=kill: fleet.in_state("done") >= kill * fragments * 0.9 / KILLS,
            f"the moment of kill {kill}",
        )
        number = moments.randrange(len(crew))
        victim = moments.choice(processes_of(crew[number]))
        victim.kill()
        if victim.pid == crew[number].pid:  # a child is replaced by its parent
            kill_group(crew[number])
            crew[number] = fleet.start(*pool)
    fleet.unwish("slow")
    fleet.finished(fragments)
    assert fleet.stop()
    fleet.check(fragments)


@pytest.mark.parametrize("fence", [True, False], ids=["fence", "no fence"])
def test_a_worker_that_stalls_beyond_its_lease_does_no_harm(tmp_path, database_url, fence):
    """And without the fence it does: so the test would see it."""
    with fleet_on(tmp_path / "fleet", database_url, signed=True) as fleet:
        fleet.ingest(1)
        short = {"CMEAN_LEASE_SECONDS": str(LEASE)}
        fleet.wish("hold")
        queue = ("--queue", "caption.artwork")
        stalled = fleet.start(*queue, wrapper=None if fence else WRAPPERS / "no_fence.py", **short)
        wait_for(
            lambda: stalled.pid in fleet.holding(), "the worker to be in the middle of a batch"
        )
        os.kill(stalled.pid, signal.SIGSTOP)
        rescuer = fleet.start(*queue, **short)
        wait_for(lambda: rescuer.pid in fleet.holding(), "another to take over what it held")
        fleet.wish(f"pass-{stalled.pid}")
        os.kill(stalled.pid, signal.SIGCONT)
        wait_for(lambda: "failed in" in stalled.log.read_text(), "the stalled one to end its batch")
        fleet.unwish("hold")
        wait_for(
            lambda: "failed in" in rescuer.log.read_text() or rescuer.poll() is not None,
            "the rescuer to end its batch",
        )
        # the rescuer took over the first task, alone, as one that may have stopped a worker
        (text,) = fleet.rows("SELECT text FROM captions ORDER BY id LIMIT 1")[0]
        harmless = text.startswith(f"{rescuer.pid} ") and rescuer.poll() is None
        assert harmless is fence


@pytest.mark.parametrize("moment", ["crash_before_commit", "crash_after_commit"])
def test_a_crash_at_the_commit(fleet, moment):
    fragments = fleet.ingest(8)
    crashing = fleet.start(wrapper=WRAPPERS / f"{moment}.py")
    wait_for(lambda: crashing.poll() is not None, "the crash")
    done = fleet.in_state("done")
    assert done == (0 if moment == "crash_before_commit" else 16)
    assert fleet.number("SELECT COUNT(*) FROM captions") == done
    fleet.start()
    fleet.finished(fragments)
    fleet.check(fragments)


def drain_with_replacements(fleet, fragments, pool=()):
    """Work until every task is done or dead, starting a worker wherever one has ended."""
    crew = [fleet.start(*pool)]

    def all_ended():
        if crew[-1].poll() is not None:  # whoever runs workers starts them again
            crew.append(fleet.start(*pool))
        return fleet.in_state("done") + fleet.in_state("dead") == fragments

    wait_for(all_ended, "every task to be done or dead")
    return crew


def test_two_poison_rows_among_320_end_dead_and_harm_no_other(fleet):
    fragments = fleet.ingest(62)
    suffixes = (".bmp", ".tiff")
    for number in range(2):
        path = fleet.folder / f"poison-{number}{suffixes[number]}"  # other bytes, same colour
        fragments += 5 * fleet.register(write_picture(path, (255, 0, 0)))
    fleet.wish("poison")
    drain_with_replacements(fleet, fragments, [] if fleet.catalog.is_sqlite else PREFORK)
    wait_for(lambda: fleet.in_state("done", "emotion") == fragments - 2, "all emotions")
    dead = fleet.rows("SELECT reason, fragment_id FROM tasks WHERE state = 'dead'")
    assert [reason for reason, _ in dead] == ["worker-crashed"] * 2
    fleet.check(fragments, dead=2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fault_of_the_device_ends_the_worker_and_blames_the_batch_only_at_the_third(fleet):
    fragments = fleet.ingest(4)
    poison = write_picture(fleet.folder / "poison.bmp", (255, 0, 0))
    fragments += 5 * fleet.register(poison)
    fleet.wish("device-fault")
    crew = drain_with_replacements(fleet, fragments)
    assert all("the GPU failed: CUDA error" in worker.log.read_text() for worker in crew[:-1])
    faults = fleet.rows("SELECT state, device_faults FROM tasks WHERE device_faults > 0")
    assert [count for state, count in faults if state == "dead"] == [len(crew) - 1]
    # what shared a batch with it was blamed at the third fault, and from then on executed alone
    assert {count for state, count in faults if state == "done"} == {3}
    wait_for(lambda: fleet.in_state("done", "emotion") == fragments - 1, "all emotions")
    fleet.check(fragments, dead=1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_survives_a_fault_of_the_device(fleet):
    fragments = fleet.ingest(2)
    fragments += 5 * fleet.register(write_picture(fleet.folder / "poison.bmp", (255, 0, 0)))
    fleet.wish("device-fault")
    environment = {k: v for k, v in fleet.environment.items() if k != "CMEAN_BROKER_URL"}
    fleet.program.environment = environment
    done = fleet.program.process("run")
    assert done.code == 3, done.err
    assert "another process takes over" in done.err
    fleet.check(fragments, dead=1)


def test_a_lease_is_renewed_through_a_long_batch(fleet):
    from sqlalchemy import select  # noqa: PLC0415, TID251 - asks the database for its time

    fragments = fleet.ingest(1)
    fleet.wish("hold")
    queue = ("--queue", "caption.artwork")
    worker = fleet.start(*queue, CMEAN_LEASE_SECONDS=str(LEASE))
    wait_for(fleet.holding, "a batch that takes long")

    def lease():
        query = select(tasks.c.lease_until, now()).where(tasks.c.state == "leased").limit(1)
        with fleet.catalog.read() as connection:
            return connection.execute(query).one()

    first_end, _ = lease()
    idle = fleet.ready(fleet.start(*queue, CMEAN_LEASE_SECONDS=str(LEASE)))
    wait_for(lambda: lease()[1] > first_end + LEASE, "twice the lease to pass")
    assert fleet.in_state("leased") == fragments
    fleet.unwish("hold")
    wait_for(lambda: fleet.in_state("done") == fragments, "the batch to be committed")
    wait_for(lambda: "0 failed in" in worker.log.read_text(), "the batch to be reported")
    assert "failed in" not in idle.log.read_text()


def test_four_workers_at_once(fleet):
    fragments = fleet.ingest(100)
    started = [fleet.start() for _ in range(4)]
    fleet.finished(fragments)
    for worker in started:  # a slow machine starts the last when all is done
        fleet.ready(worker)
    assert fleet.stop() == [0] * 4
    assert "locked" not in fleet.log()
    assert "Traceback" not in fleet.log()
    fleet.check(fragments)
    if fleet.catalog.is_sqlite:
        assert fleet.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@on_each_pool
def test_a_worker_that_is_asked_to_end_finishes_its_item(fleet, sign, pool):
    fleet.ingest(8)
    fleet.wish("hold")
    worker = fleet.start("--queue", "caption.artwork", *pool)
    wait_for(fleet.holding, "a batch under way")
    worker.send_signal(sign)
    fleet.unwish("hold")
    assert worker.wait(PATIENCE) == 0, worker.log.read_text()
    assert fleet.in_state("leased") == 0
    assert fleet.in_state("done") > 0
    assert fleet.number("SELECT COUNT(*) FROM workers WHERE stopped IS NULL") == 0
