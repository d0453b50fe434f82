"""The broker may forget, vanish, repeat itself or carry rubbish: nothing is lost or doubled."""

from __future__ import annotations

import json
import re
import signal

import pytest
from fleet import Redis, fleet_on, write_picture
from waiting import PATIENCE, wait_for

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def wait_until_half(fleet, fragments):
    wait_for(lambda: fleet.in_state("done") > fragments / 4, "the work to be under way")


def test_the_broker_forgets_everything(fleet, redis_server):
    fragments = fleet.ingest(60)
    fleet.wish("slow")
    for _ in range(2):
        fleet.start()
    wait_until_half(fleet, fragments)
    redis_server.client.flushall()
    redis_server.kill()  # and it keeps nothing on disk
    redis_server.start()
    fleet.finished(fragments)
    fleet.check(fragments)


def test_the_broker_goes_away_and_comes_back(fleet, redis_server):
    fragments = fleet.ingest(20)
    worker = fleet.ready(fleet.start())
    # "Connected" comes first; a broker that ends before "ready" counts as one that never was there
    wait_for(lambda: re.search(r"@\S+ ready\.", worker.log.read_text()), "it to listen")
    redis_server.kill()
    fleet.finished(fragments)
    redis_server.start()
    wait_for(lambda: worker.log.read_text().count("Connected to redis") > 1, "it to connect again")
    more = 5 * fleet.register(write_picture(fleet.folder / "new.png", (9, 9, 9)))
    fleet.finished(fragments + more)
    fleet.check(fragments + more)


def test_the_broker_is_absent_from_the_start(tmp_path, database_url):
    nobody = Redis(tmp_path)  # a port where nothing listens
    with fleet_on(tmp_path / "fleet", database_url, nobody.url) as fleet:
        fragments = fleet.ingest(10)
        fleet.start()
        ran = fleet.program("run", "--json")
        assert ran.code == 0
        assert ran.json["emotion"]["remaining"] == 0
        fleet.check(fragments)
        more = fleet.program("ingest", write_picture(fleet.folder / "more.png", (9, 9, 9)))
        assert more.code == 0
        assert "the broker cannot be reached" in more.err
        fleet.finished(fragments + 5)
        assert fleet.stop() == [0]


def test_every_hint_comes_ten_times(fleet, redis_server):
    fragments = fleet.ingest(40)
    client = redis_server.client
    fleet.wish("slow")
    worker = fleet.ready(fleet.start())
    digests = wait_for(
        lambda: fleet.rows("SELECT digest FROM recipes ORDER BY id"), "the recipes to be entered"
    )
    fleet.start("--concurrency", "2")
    for (digest,) in digests:
        for queue in ("caption.track", "caption.artwork", "emotion", "embed", "pair", "evaluate"):
            for _ in range(10):
                client.lpush(queue, message(queue, digest))
    fleet.finished(fragments)
    wait_for(lambda: not client.llen("emotion"), "the hints to be taken")
    fleet.check(fragments)
    assert "refused" not in worker.log.read_text()


def message(queue, recipe, content_type="application/json", task=None):
    """A message as Celery sends it."""
    body = json.dumps([[], {"recipe": recipe}, {}])
    properties = {
        "correlation_id": "1",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "utf-8",
        "delivery_tag": f"{queue}/{recipe}",
    }
    headers = {
        "lang": "py",
        "task": task or f"cmean.{queue}",
        "id": "1",
        "argsrepr": "",
        "retries": 0,
    }
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": headers,
            "properties": properties,
        }
    )


RUBBISH = {
    "text": "no json {",
    "bytes": b"\xff\xfe\x00",
    "nothing": "",
    "a number": "7",
    "a list": "[1, 2]",
    "another shape": '{"task": "cmean.emotion"}',
    "a pickle": message("emotion", None, content_type="application/x-python-serialize"),
    "another task": message("emotion", None, task="os.system"),
    "an unknown recipe": message("emotion", "0" * 64),
    "a recipe of another type": message("emotion", {"$ne": None}),
}


def test_rubbish_is_refused_and_nothing_is_stuck(fleet, redis_server):
    worker = fleet.ready(fleet.start())
    wait_for(lambda: "ready.\n" in worker.log.read_text(), "it to listen")
    for rubbish in RUBBISH.values():
        redis_server.client.lpush("emotion", rubbish)
    wait_for(lambda: not redis_server.client.llen("emotion"), "the rubbish to be taken")
    fragments = fleet.ingest(10)
    fleet.finished(fragments)
    assert fleet.stop() == [0]
    said = worker.log.read_text()
    assert said.count("rejected a malformed message") == 6
    assert said.count("rejected a message for emotion: there is no recipe") == 2
    assert "os.system" in said
    assert "Refusing to deserialize" in said
    assert not redis_server.client.hlen("unacked")


def test_hints_are_not_sent_when_nothing_is_ready(fleet, redis_server):
    fragments = fleet.ingest(4)
    ran = fleet.program.start("run", "--json")
    fleet.start()
    assert ran.wait(PATIENCE) == 0
    fleet.finished(fragments)
    client = redis_server.client
    wait_for(lambda: not client.llen("caption.artwork") and not client.llen("emotion"), "silence")
    assert fleet.program("run").code == 0  # nothing is left to do
    assert not client.llen("caption.artwork")
    assert not client.llen("emotion")


def test_a_worker_ends_while_the_broker_hangs(fleet, redis_server):
    """Hangs: it takes connections, and answers nothing."""
    fragments = fleet.ingest(10)
    worker = fleet.ready(fleet.start())
    wait_for(lambda: "ready.\n" in worker.log.read_text(), "it to listen")
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        fleet.finished(fragments)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    fleet.check(fragments)
