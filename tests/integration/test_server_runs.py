"""Whole runs by a model server: many requests at a time, and a server that dies in the middle."""

from __future__ import annotations

import re

import servers
from fleet import write_picture
from servers import ChatServer

PROFILE = """
[profiles.served]
extends = "server"
[profiles.served.artwork]
preprocessing = { whole_size = 16, fragment_size = 16 }
captioner = { backend = "openai", model = "tiny", retries = 1, backoff = 0.0 }
mapper = { model = "tiny", retries = 1, backoff = 0.0 }
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


TOLD = """
[profiles.told]
extends = "served"
[profiles.told.artwork.captioner]
prompt = "artwork-as-run"
metadata = ["title", "year", "creator", "style", "genre", "movement"]
"""
FACTS = '''path,title,year,Style,genre,movement,owner
art/0.png,Poppies,1833,"Ukiyo-e ""late""",,,A collector
'''


def read_texts(body):
    """The system's text of a request, if it has one, and what stands beside its picture."""
    *system, user = body["messages"]
    return [each["content"] for each in system], user["content"][-1]["text"]


def test_the_captioner_is_told_what_the_profile_names_and_the_catalog_has(cmean):
    with ChatServer(reply=reply) as server:
        start(cmean, server, 2)
        (cmean.folder / "cmean.toml").write_text(PROFILE + TOLD)
        (cmean.folder / "facts.csv").write_text(FACTS)
        cmean.environment["CMEAN_PROFILE"] = "told"
        assert cmean("ingest", "art", "--metadata", "facts.csv").code == 0
        assert cmean("run", "--stage", "caption").code == 0
        prompts = [read_texts(body) for body in server.bodies]
        server.bodies.clear()
        assert cmean("run", "--stage", "caption", "--control", "no-metadata").code == 0
        untold = [read_texts(body)[1] for body in server.bodies]
    assert all(system == [] for system, _ in prompts)
    texts = [text for _, text in prompts]
    known = [text for text in texts if 'title: "Poppies"' in text]
    assert len(known) == 5
    for text in known:
        facts = [line for line in text.splitlines() if re.match("[a-z]+: ", line)]
        assert facts == ['title: "Poppies"', 'year: "1833"', r'style: "Ukiyo-e \"late\""']
    assert sum("emotions" in text for text in texts) == 2  # of the wholes, and of no part
    assert sum("top left quarter" in text for text in texts) == 2
    assert len(untold) == 10
    assert not any("catalogue" in text for text in untold)


def test_questions_to_a_server_have_their_captions_last(cmean):
    with ChatServer(reply=reply) as server:
        start(cmean, server, 2)
        assert cmean("run").code == 0
        contents = [body["messages"][-1]["content"] for body in server.bodies]
    asked = [content for content in contents if isinstance(content, str)]
    assert len(asked) == 10
    assert all(text.endswith('"A calm and bright sea."') for text in asked)
    assert len({text[: text.rindex("1. ")] for text in asked}) == 1
