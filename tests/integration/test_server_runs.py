"""Whole runs by a model server: many requests at a time, and a server that dies in the middle."""

from __future__ import annotations

import servers
from fleet import write_picture
from servers import ChatServer

PROFILE = """
[profiles.served]
extends = "server"
[profiles.served.artwork]
preprocessing = { whole_size = 16, fragment_size = 16 }
captioner = { backend = "openai", model = "tiny", retries = 1, backoff = 0.0 }
mapper = { backend = "openai", model = "tiny", retries = 1, backoff = 0.0 }
"""


def reply(handler):
    """A caption of what is a picture, else a triple."""
    content = handler.body["messages"][-1]["content"]
    text = "RGB: (20,200,7)" if isinstance(content, str) else "A calm and bright sea."
    servers.say(text)(handler)


def start(cmean, server, count):
    (cmean.folder / "cmean.toml").write_text(PROFILE)
    cmean.environment |= {"CMEAN_PROFILE": "served", "CMEAN_SERVER_URL": server.url}
    (cmean.folder / "art").mkdir()
    for number in range(count):
        write_picture(cmean.folder / "art" / f"{number}.png", (number, 7, 77))
    assert cmean("ingest", "art").code == 0


def ask(cmean, query):
    """The rows of a query, as text."""
    lines = cmean("sql", query, "--format", "csv").out.splitlines()
    return [line.split(",") for line in lines[1:]]


def test_as_many_requests_are_in_flight_as_the_server_takes(cmean):
    with ChatServer(reply=reply) as server:
        start(cmean, server, 16)
        server.hold_until(16)  # answers none before it has sixteen
        assert cmean("run").code == 0
    assert server.busiest >= 16
    assert len(server.bodies) == 2 * 80


def test_a_server_that_dies_in_the_middle_loses_nothing(cmean):
    answered = []

    def die_later(handler):
        answered.append(handler)
        (servers.die if len(answered) == 40 else reply)(handler)

    with ChatServer(reply=die_later) as server:
        start(cmean, server, 16)
        first = cmean("run")
        assert first.code == 1
        assert "cannot be reached" in first.err
    kept = int(ask(cmean, "SELECT COUNT(*) FROM captions")[0][0])
    assert 20 <= kept < 80
    assert ask(cmean, "SELECT DISTINCT state FROM tasks ORDER BY 1") == [["done"], ["ready"]]
    with ChatServer(reply=reply) as server:
        cmean.environment["CMEAN_SERVER_URL"] = server.url
        assert cmean("run").code == 0
    assert len(server.bodies) == 80 - kept + 80
    each_once = "SELECT COUNT(*), COUNT(DISTINCT fragment_id) FROM captions"
    assert ask(cmean, each_once) == [["80", "80"]]
    assert ask(cmean, "SELECT COUNT(*) FROM emotions") == [["80"]]
