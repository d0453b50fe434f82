"""The back-ends for model servers, against a real HTTP server that replies as told."""

from __future__ import annotations

import base64
import gc
import io
import json
import weakref

import numpy as np
import pytest
import servers
import soundfile
from PIL import Image
from servers import ChatServer

from cmean.backends import registry
from cmean.domain import Answer, Excerpt, FinishReason, Kind, Picture, Prompt, Question, Sound
from cmean.errors import CaptionError, ConfigError, ItemError, ServerError
from cmean.inference.batching import apply_isolated
from cmean.inference.captioning import check_caption

PATTERN = "RGB: [0-9]{1,3}"


def captioned(captioner, excerpts):
    """As the stage does it."""
    return [check_caption(found) for found in apply_isolated(captioner.caption, excerpts)]


@pytest.fixture
def load():
    """Builds and loads a back-end by its registry's door; unloads it when the test is over."""
    loaded = []

    def make(server, door=registry.create_captioner, **parameters):
        url = {"url": server.url} if server else {}
        backend = door("openai", {"model": servers.MODEL, "backoff": 0.0, **url, **parameters})
        backend.load()
        loaded.append(backend)
        return backend

    yield make
    for backend in loaded:
        backend.unload()


def picture(text="Describe.", system="", seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Excerpt(Kind.ARTWORK, 0, Picture(pixels), Prompt(text, system))


def sound(text="Listen."):
    samples = np.linspace(-0.5, 0.5, 800, dtype=np.float32)
    return Excerpt(Kind.TRACK, 0, Sound(samples, 8_000), Prompt(text))


def question(text="What?", **changes):
    return Question(Prompt(text), **{"max_tokens": 20, **changes})


def pictures(count):
    return [picture(f"Number {number}.") for number in range(count)]


def texts(found):
    return [one.reason if isinstance(one, ItemError) else one.text for one in found]


# What is sent, and what comes back


def test_a_picture_is_sent_as_it_is_with_its_prompt(load):
    with ChatServer(servers.say("A quiet sea.", finish="length")) as server:
        excerpt = picture("Describe.", "You are a critic.")
        (caption,) = load(server, temperature=0.5, seed=3, max_new_tokens=9).caption([excerpt])
    (body,) = server.bodies
    system, user = body.pop("messages")
    assert system == {"role": "system", "content": "You are a critic."}
    image, text = user["content"]
    assert text == {"type": "text", "text": "Describe."}
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    sent = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert np.array_equal(sent, excerpt.media.pixels)
    assert body == {"model": "tiny", "max_tokens": 9, "temperature": 0.5, "seed": 3}
    assert (caption.text, caption.finish_reason, caption.tokens) == (
        "A quiet sea.",
        FinishReason.LENGTH,
        7,
    )


def test_a_sound_is_sent_as_wav(load):
    with ChatServer() as server:
        excerpt = sound()
        load(server).caption([excerpt])
    (message,) = server.bodies[0]["messages"]
    audio = message["content"][0]["input_audio"]
    assert audio["format"] == "wav"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(audio["data"])), dtype="float32")
    assert rate == excerpt.media.rate
    np.testing.assert_allclose(samples, excerpt.media.samples, atol=1 / 32_000)


def test_a_question_is_sent_as_plain_text(load):
    with ChatServer() as server:
        model = load(server, registry.create_mapper)
        answers = model.write([question("Map this.", temperature=0.7, seed=5, pattern=PATTERN)])
    assert answers == [Answer("Map this.", FinishReason.STOP, 7)]
    assert not model.constrains
    assert server.bodies == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": "Map this."}],
            "max_tokens": 20,
            "temperature": 0.7,
            "seed": 5,
        }
    ]


def test_a_question_is_sent_with_what_limits_its_sampling(load):
    with ChatServer() as server:
        model = load(server, registry.create_mapper)
        model.write([question(temperature=0.7, top_k=20, top_p=0.95)])
    (body,) = server.bodies
    assert (body["top_k"], body["top_p"]) == (20, 0.95)


def test_fields_can_be_added_and_left_out(load):
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    with ChatServer() as server:
        load(server, extra=extra, omit=["seed", "temperature"]).caption([picture()])
    (body,) = server.bodies
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert not {"seed", "temperature"} & set(body)


def test_a_pattern_constrains_the_way_that_the_user_says(load):
    with ChatServer(servers.say("RGB: 12"), servers.say("RGB: 1", finish="length")) as server:
        model = load(server, registry.create_mapper, constrain="regex", concurrency=1)
        answers = model.write([question(pattern=PATTERN), question(pattern=PATTERN)])
    assert model.constrains
    assert [answer.text for answer in answers] == ["RGB: 12", "RGB: 1"]
    assert server.bodies[0]["structured_outputs"] == {"regex": PATTERN}


def test_a_pattern_in_a_schema_is_unwrapped(load):
    with ChatServer(servers.say('{"answer": "RGB: 12"}')) as server:
        model = load(server, registry.create_mapper, constrain="json_schema")
        (answer,) = model.write([question(pattern=PATTERN)])
    assert model.constrains
    assert answer.text == "RGB: 12"
    schema = server.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answer"]["pattern"] == f"^({PATTERN})$"


@pytest.mark.parametrize(
    ("constrain", "text"),
    [("regex", "Red!"), ("json_schema", "RGB: 12"), ("json_schema", '{"answer": "Red!"}')],
)
def test_a_server_that_does_not_heed_patterns_is_found_out(load, constrain, text):
    with ChatServer(reply=servers.say(text)) as server:
        model = load(server, registry.create_mapper, constrain=constrain)
        with pytest.raises(ServerError, match="does not heed patterns"):
            model.write([question(pattern=PATTERN)])
        assert model.write([question()])[0].text == text  # a free text needs no pattern


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("<think>\nred?\n</think>\n\nRGB: 1", "RGB: 1"),
        ("<think></think>RGB: 1", "RGB: 1"),
        ("red?\n</think>\n\nRGB: 1", "RGB: 1"),
        ("  RGB: 1\n", "  RGB: 1\n"),
    ],
)
def test_only_thinking_is_taken_away(load, said, meant):
    with ChatServer(servers.say(said)) as server:
        assert load(server, registry.create_mapper).write([question()])[0].text == meant


def test_answers_keep_their_order_and_requests_their_bound(load):
    with ChatServer() as server:
        server.hold_until(3)
        found = load(server, concurrency=3).caption(pictures(9))
    assert texts(found) == [f"Number {number}." for number in range(9)]
    assert server.busiest == 3


def test_the_key_comes_from_the_environment_and_is_not_told(load, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret\n")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-server")
    with ChatServer(servers.say(), servers.fail(401, "bad key sk-secret")) as server:
        captioner = load(server, key_env="MY_KEY", concurrency=1)
        captioner.caption([picture()])
        with pytest.raises(ServerError, match="rejects the key of MY_KEY") as caught:
            captioner.caption([picture()])
        load(server).caption([picture()])
    assert server.keys == ["Bearer sk-secret", "Bearer sk-secret", "Bearer none"]
    assert "sk-secret" not in str(caught.value)


def test_the_url_comes_from_the_environment(load, monkeypatch):
    with ChatServer() as server:
        monkeypatch.setenv("CMEAN_SERVER_URL", server.url)
        assert texts(load(None).caption([picture("Seen.")])) == ["Seen."]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("qwen2.5vl", "qwen2.5vl:latest"),
        ("Qwen/Qwen3-4B", "Qwen/Qwen3-4B@main"),
        ("qwen3-4b", "Qwen/Qwen3-4B"),
        ("Qwen3-4B-Q4", "/models/Qwen3-4B-Q4.gguf"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("tiny", None),
    ],
)
def test_a_model_may_be_named_in_another_way(load, asked, named):
    with ChatServer(servers.say(model=named)) as server:
        assert texts(load(server, model=asked).caption([picture()])) == ["Calm."]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("qwen2.5vl:7b", "qwen2.5vl:3b"),
        ("gpt-4o", "gpt-4o-mini"),
        ("qwen3", "qwen3-4b"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"),
        ("tiny", ["tiny"]),
    ],
)
def test_the_answer_of_another_model_is_refused(load, asked, named):
    with ChatServer(servers.say(model=named)) as server:
        (found,) = load(server, model=asked).caption([picture()])
    assert (found.reason, found.retryable) == ("wrong-model", True)


# What goes wrong with one item


ODD = {
    "html": (servers.send(200, "<html>Sign in</html>", "text/html"), "bad-reply", True),
    "half": (servers.send(200, '{"choices": [{"mess'), "bad-reply", True),
    "broken-off": (servers.break_off, "connection-lost", True),
    "empty": (servers.send(200, ""), "bad-reply", True),
    "a-number": (servers.send(200, "7"), "bad-reply", True),
    "deep": (servers.send(200, "[" * 100_000), "bad-reply", True),
    "no-choice": (servers.say(choices=[]), "bad-reply", True),
    "null-choices": (servers.say(choices=None), "bad-reply", True),
    "error-in-200": (servers.send(200, '{"error": "busy"}'), "bad-reply", True),
    "null": (servers.say(None), "empty-answer", True),
    "blank": (servers.say(" \n"), "empty-answer", True),
    "thoughts": (servers.say("<think>Well", finish="length"), "empty-answer", True),
    "filtered": (servers.say("No.", finish="content_filter"), "content-filter", False),
    "tool": (servers.say("Call.", finish="tool_calls"), "finish-reason", False),
    "odd-finish": (servers.say("Call.", finish=["stop"]), "finish-reason", False),
    "bad-request": (servers.fail(400, "image too large\nreally"), "refused", False),
    "too-large": (servers.send(413, "<html>too large</html>", "text/html"), "refused", False),
    "failing": (servers.fail(500), "server-error", True),
    "silent": (servers.hang_up, "connection-lost", True),
}


@pytest.mark.parametrize("case", ODD)
def test_a_bad_item_fails_alone_and_nothing_is_asked_twice(load, case):
    odd, reason, retryable = ODD[case]

    def reply(handler):
        (odd if servers.asked(handler.body) == "Number 1." else servers.echo)(handler)

    with ChatServer(reply=reply) as server:
        found = captioned(load(server, retries=0), pictures(4))
    assert texts(found) == ["Number 0.", reason, "Number 2.", "Number 3."]
    assert isinstance(found[1], CaptionError)
    assert found[1].retryable is retryable
    assert len(found[1].detail.splitlines()) == 1
    assert len(server.bodies) == 4


def test_a_server_that_does_not_answer_in_time_fails_the_item(load):
    with ChatServer(servers.hang) as server:
        found = load(server, timeout=3, concurrency=1).caption(pictures(2))
        assert texts(found) == ["timeout", "Number 1."]
        assert found[0].retryable


def test_what_a_server_cannot_do_is_not_sent(load):
    prefixed = Excerpt(Kind.ARTWORK, 0, picture().media, Prompt("Go on."), prefix="A sea")
    unprompted = Excerpt(Kind.ARTWORK, 0, picture().media)
    with ChatServer() as server:
        found = load(server).caption([prefixed, unprompted])
        (answer,) = load(server, registry.create_mapper).write([question(prefix="RGB")])
    assert texts(found) == ["cannot-continue", "no-prompt"]
    assert answer.reason == "cannot-continue"
    assert not server.bodies


# What may be over soon


@pytest.mark.parametrize(
    "odd",
    [
        servers.fail(429, Retry_After="0"),
        servers.fail(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        servers.fail(503, Retry_After="soon"),
        servers.fail(500),
        servers.hang_up,
        servers.break_off,
    ],
)
def test_what_passes_is_tried_again(load, odd):
    with ChatServer(odd, odd, odd, odd) as server:
        assert texts(load(server).caption([picture("Seen.")])) == ["Seen."]
    assert len(server.bodies) == 5


def test_the_pause_that_the_server_asks_for_counts(load):
    """Not the client's own, which would be nothing here; and nobody waits for an hour."""
    slow_down = servers.fail(429, "slow down", Retry_After="3600")
    said = r"accepts no further requests \(429: slow down\)"
    with ChatServer(reply=slow_down) as server, pytest.raises(ServerError, match=said):
        load(server).caption([picture()])
    assert len(server.bodies) == 1


def test_what_lasts_ends(load):
    with ChatServer(reply=servers.fail(500, "out of luck")) as server:
        (found,) = load(server, retries=2).caption([picture()])
    assert (found.reason, found.detail) == (
        "server-error",
        "the model server failed (500: out of luck)",
    )
    assert len(server.bodies) == 3


# What concerns all items


def test_a_server_that_is_away_is_no_items_fault(load):
    with ChatServer() as server:
        captioner, model = load(server), load(server, registry.create_mapper)
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:\d+ cannot be reached") as caught:
        captioned(captioner, pictures(3))
    assert "\n" not in str(caught.value)
    with pytest.raises(ServerError):
        model.write([question()])


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (servers.fail(401), "rejects the key"),
        (servers.fail(404, "model not found"), "no such model"),
        (servers.send(404, "<html>", "text/html"), "ends in /v1"),
        (servers.fail(503), "accepts no further requests"),
    ],
)
def test_a_server_that_refuses_everybody_is_not_asked_on(load, odd, said):
    with ChatServer(reply=odd) as server:
        captioner = load(server, concurrency=1, retries=0)
        with pytest.raises(ServerError, match=said):
            captioned(captioner, pictures(20))
    assert len(server.bodies) == 1


def test_a_server_that_dies_in_the_middle_has_not_answered_in_vain(load):
    with ChatServer(servers.echo, servers.echo, servers.die) as server:
        captioner = load(server, concurrency=1)
        found = captioned(captioner, pictures(5))
        assert texts(found) == ["Number 0.", "Number 1."] + 3 * ["server-away"]
        assert all(error.retryable for error in found[2:])
        assert len(server.bodies) == 3
        with pytest.raises(ServerError):
            captioned(captioner, pictures(5))


def test_who_waits_for_a_second_try_is_woken_when_the_server_is_found_away(load):
    """The pause of one item would be half a minute; another finds out that nobody is served."""

    def reply(handler):
        if servers.asked(handler.body) == "Number 0.":
            servers.fail(500, Retry_After="29")(handler)
        else:
            servers.fail(401)(handler)

    with ChatServer(reply=reply) as server:
        server.hold_until(2)
        with pytest.raises(ServerError, match="rejects the key"):
            load(server, concurrency=2).caption(pictures(2))


# Life


def test_a_recipe_is_known_before_any_server_is():
    captioner = registry.create_captioner("openai", {"model": "m", "window_seconds": 30.0})
    assert captioner.revision == "1"
    assert captioner.window_seconds == 30.0
    assert registry.create_mapper("openai", {"model": "m", "revision": "q4"}).revision == "q4/1"


@pytest.mark.parametrize("door", [registry.create_captioner, registry.create_mapper])
@pytest.mark.parametrize(
    "parameters",
    [
        {"model": ""},
        {"model": 7},
        {"key_env": 1},
        {"concurrency": 0},
        {"concurrency": 1.5},
        {"timeout": 0},
        {"timeout": "1"},
        {"retries": -1},
        {"url": "localhost:8000"},
        {"url": 8000},
        {"url": "http://h:port/v1"},
        {"extra": {"model": "other"}},
        {"extra": "none"},
        {"omit": "seed"},
        {"omit": ["messages"]},
        {"no_such": 1},
    ],
    ids=json.dumps,
)
def test_wrong_parameters_are_told_at_once(door, parameters):
    with pytest.raises(ConfigError, match=r"\A[^\n]+\Z"):
        door("openai", {"model": "m", **parameters})


def test_a_way_to_constrain_must_be_one_of_those_known():
    with pytest.raises(ConfigError, match="constrain is one of"):
        registry.create_mapper("openai", {"model": "m", "constrain": "yes"})


@pytest.mark.parametrize(
    ("name", "value"), [("CMEAN_SERVER_URL", "nowhere"), ("CMEAN_SERVER_KEY", "schlüssel")]
)
def test_a_wrong_environment_is_told_when_it_is_loaded(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        registry.create_captioner("openai", {"model": "m"}).load()


def test_unloading_frees_the_client_and_loading_again_works(load):
    with ChatServer() as server:
        captioner = load(server)
        client = weakref.ref(captioner._server._client)  # noqa: SLF001 - what is to be freed
        captioner.caption([picture()])
        captioner.unload()
        gc.collect()
        assert client() is None
        captioner.load()
        assert texts(captioner.caption([picture("Again.")])) == ["Again."]
