"""What programs that serve models want otherwise, and servers that cannot take all at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import servers
from servers import ChatServer

from cmean.backends import registry
from cmean.domain import Answer, Prompt, Question
from cmean.errors import ConfigError, ItemError
from cmean.protocols import get_concurrency

PATTERN = "RGB: [0-9]{1,3}"
QUESTION = Question(Prompt("Map this."), 20, pattern=PATTERN)


@pytest.fixture
def load():
    """Loads a mapper that asks a server; unloads it when the test is over."""
    loaded = []

    def make(server, **parameters):
        given = {"model": servers.MODEL, "backoff": 0.0, "url": server.url}
        loaded.append(registry.create_mapper("openai", given | parameters))
        loaded[-1].load()
        return loaded[-1]

    yield make
    for backend in loaded:
        backend.unload()


def ask_at_once(model, count):
    """From as many threads, a question each."""
    questions = [[Question(Prompt(f"Number {number}."), 20)] for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        return [answer for (answer,) in pool.map(model.write, questions)]


@pytest.mark.parametrize(
    ("program", "sent"),
    [
        ("vllm", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("llama.cpp", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("ollama", {"reasoning_effort": "none"}),
    ],
)
def test_thinking_is_turned_off_as_the_program_takes_it(load, program, sent):
    with ChatServer() as server:
        load(server, program=program).write([Question(Prompt("What?"), 20)])
    (body,) = server.bodies
    assert body == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "What?"}],
        "max_tokens": 20,
        "temperature": 0.0,
        "seed": 0,
        **sent,
    }


def test_what_is_named_by_hand_takes_precedence(load):
    extra = {"chat_template_kwargs": {"enable_thinking": True}}
    with ChatServer() as server:
        load(server, program="vllm", extra=extra).write([Question(Prompt("What?"), 20)])
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}


@pytest.mark.parametrize(
    ("temperature", "sent"), [(0.0, {}), (0.7, {"temperature": 0.7, "seed": 5})]
)
def test_openai_gets_its_token_limit_and_no_greedy_temperature(load, temperature, sent):
    question = Question(Prompt("What?"), 20, temperature=temperature, seed=5)
    with ChatServer() as server:
        load(server, program="openai").write([question])
    (body,) = server.bodies
    del body["messages"]
    assert body == {"model": "tiny", "max_completion_tokens": 20, **sent}


@pytest.mark.parametrize(
    ("program", "reply", "field"),
    [
        ("vllm", "RGB: 12", "structured_outputs"),
        ("llama.cpp", '{"answer": "RGB: 12"}', "response_format"),
        ("ollama", '{"answer": "RGB: 12"}', "response_format"),
        ("openai", '{"answer": "RGB: 12"}', "response_format"),
    ],
)
def test_the_program_decides_how_answers_are_constrained(load, program, reply, field):
    with ChatServer(servers.say(reply)) as server:
        model = load(server, program=program)
        assert model.constrains
        assert model.write([QUESTION]) == [Answer("RGB: 12", tokens=7)]
    assert field in server.bodies[0]


def test_a_way_that_is_named_takes_precedence(load):
    with ChatServer(servers.say("Red!")) as server:
        model = load(server, program="vllm", constrain="none")
        assert not model.constrains
        assert model.write([QUESTION]) == [Answer("Red!", tokens=7)]


def test_a_program_is_one_of_those_known():
    with pytest.raises(ConfigError, match=r"program is one of vllm, llama\.cpp, ollama, openai"):
        registry.create_mapper("openai", {"model": "m", "program": "tgi"})


def test_a_model_that_only_thinks_is_told_what_to_do(load):
    with ChatServer(servers.say("<think>Well, the", finish="length")) as server:
        (found,) = load(server).write([QUESTION])
    assert found.reason == "empty-answer"
    assert "program = 'vllm'" in found.detail


def test_a_server_that_streams_is_said_to(load):
    body = 'data: {"choices": [{"delta": {"content": "Calm"}}]}\n\ndata: [DONE]\n\n'
    with ChatServer(servers.send(200, body, "text/event-stream")) as server:
        (found,) = load(server).write([QUESTION])
    assert found.reason == "bad-reply"
    assert "streamed" in found.detail


# Many at a time


def test_128_threads_may_ask_at_once_and_16_begin(load):
    with ChatServer() as server:
        model = load(server)
        assert get_concurrency(model) == 20  # those, and a quarter more
        server.hold_until(16)
        answers = ask_at_once(model, 64)
    assert [answer.text for answer in answers] == [f"Number {number}." for number in range(64)]
    assert 16 <= server.busiest <= 64


def test_a_server_that_takes_four_at_a_time_gets_fewer_and_answers_all(load):
    """It refuses any more as one too many; each is asked again, and none fails."""
    places = threading.Semaphore(4)
    refused = []

    def reply(handler):
        if not places.acquire(blocking=False):
            refused.append(handler)
            servers.fail(429, "busy", Retry_After="0")(handler)
            return
        try:
            servers.echo(handler)
        finally:
            places.release()

    with ChatServer(reply=reply) as server:
        model = load(server)
        answers = [answer for _ in range(3) for answer in ask_at_once(model, 100)]
    assert [answer for answer in answers if isinstance(answer, ItemError)] == []


def test_a_request_that_is_not_answered_in_time_may_have_waited_behind_others(load):
    """It has a second chance; where only one is sent at a time, it has not."""
    with ChatServer(servers.hang) as server:
        (answer,) = load(server, timeout=2).write([Question(Prompt("Slow."), 20)])
        assert answer.text == "Slow."
        server.script.append(servers.hang)
        model = load(server, timeout=2, concurrency=1)
        (found,) = model.write([Question(Prompt("Slow."), 20)])
        assert found.reason == "timeout"
    assert len(server.bodies) == 3
