"""The server back-ends against llama.cpp's own server, where one is at hand.

Set CMEAN_TEST_LLAMA_SERVER to its program and CMEAN_TEST_GGUF to a model of chat.
"""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from waiting import wait_for

from cmean.backends import registry
from cmean.domain import RGB, Answer, FinishReason, Kind, Prompt, Question
from cmean.inference import mapping, structured_answers
from cmean.inference.batching import Batcher
from cmean.inference.prompt_files import read_template

PROGRAM, MODEL = (os.environ.get(f"CMEAN_TEST_{name}") for name in ("LLAMA_SERVER", "GGUF"))
pytestmark = pytest.mark.skipif(
    not (PROGRAM and MODEL), reason="CMEAN_TEST_LLAMA_SERVER and CMEAN_TEST_GGUF are not set"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Of a server that works on four requests at a time."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama") / "log"
    with log.open("wb") as file:
        command = [PROGRAM, "-m", MODEL, "--port", str(port), "-np", "4", "-c", "16384", "--jinja"]
        process = subprocess.Popen(command, stdout=file, stderr=file)

    def is_up():
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
                return True
        except urllib.error.URLError:
            return False

    try:
        wait_for(is_up, f"llama.cpp's server, see {log}")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def model(url):
    loaded = registry.create_mapper(
        "openai", {"model": Path(MODEL).name, "url": url, "program": "llama.cpp"}
    )
    loaded.load()
    yield loaded
    loaded.unload()


@pytest.mark.parametrize("together", [False, True])
def test_captions_become_triples_in_the_form_that_the_schema_gives(model, together):
    texts = ["A wild dance, fast and loud.", "A still lake at dusk.", "A lonely, mournful song."]
    captions = dict(enumerate([*texts, "Bells.", "A grey street in the rain."]))
    options = mapping.MappingOptions(together=together, attempts=1)
    (found,) = mapping.map_by_language_model(
        structured_answers.make_asker(model, Batcher(100)),
        read_template("emotion-five" if together else "emotion"),
        [mapping.ItemCaptions(Kind.TRACK, captions)],
        options,
    )
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert all(isinstance(triple, RGB) for triple in found.values()), found


def test_a_question_has_the_same_answer_whatever_else_is_asked(model):
    """Four times as many as it works on at a time; greedy, each in its own words."""
    questions = [Question(Prompt(f"Describe the number {n} in one line."), 24) for n in range(16)]
    with ThreadPoolExecutor(16) as pool:
        together = [answer for (answer,) in pool.map(model.write, [[q] for q in questions])]
    assert all(isinstance(answer, Answer) and answer.text for answer in together), together
    assert len({answer.text for answer in together}) > 8


def test_the_limit_of_tokens_is_kept(model):
    (answer,) = model.write([Question(Prompt("Tell a long story about the sea."), 8)])
    assert (answer.finish_reason, answer.tokens) == (FinishReason.LENGTH, 8)
