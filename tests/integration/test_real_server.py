"""The server back-ends against `transformers serve`, which runs tiny checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
from servers import TransformersServe

from cmean.backends import registry
from cmean.domain import Answer, Excerpt, FinishReason, Kind, Picture, Prompt, Question, Sound

pytest.importorskip("fastapi", reason="`transformers serve` needs transformers[serving]")

SYSTEM, USER, TOKENS = "You are a critic.", "What do you see?", 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(folder):
    from checkpoints import llava, qwen2_audio  # noqa: PLC0415 - they import transformers

    running = TransformersServe(folder / "log")
    try:
        llava.build(folder / "llava")  # while it starts
        qwen2_audio.build(folder / "qwen2-audio")
        running.wait()
        yield running
    finally:
        running.kill()


@pytest.fixture
def load(server, folder):
    """Builds and loads a back-end for the checkpoint of that name."""
    loaded = []

    def make(door, name, **parameters):
        given = {"model": str(folder / name), "url": server.url, "backoff": 0.05}
        loaded.append(door("openai", given | parameters))
        loaded[-1].load()
        return loaded[-1]

    yield make
    for backend in loaded:
        backend.unload()


def pictures():
    """Of several sizes."""
    random = np.random.default_rng(1)
    sizes = [(28, 28), (40, 30), (28, 56), (64, 64), (31, 90)]
    media = [Picture(random.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]
    return [Excerpt(Kind.ARTWORK, 0, one, Prompt(USER, SYSTEM)) for one in media]


def sounds():
    time = np.arange(16_000, dtype=np.float32) / 16_000
    tones = [
        np.sin(2 * np.pi * pitch * time[:size]) for pitch, size in ((220, 16_000), (990, 9_000))
    ]
    return [Excerpt(Kind.TRACK, 0, Sound(tone, 16_000), Prompt("Hum.")) for tone in tones]


def written_here(folder, excerpt):
    """What the checkpoint itself writes of a picture."""
    from PIL import Image  # noqa: PLC0415 - with what else only this needs
    from transformers import AutoProcessor, LlavaForConditionalGeneration

    processor = AutoProcessor.from_pretrained(folder)
    model = LlavaForConditionalGeneration.from_pretrained(folder, local_files_only=True)
    image = {"type": "image", "image": Image.fromarray(excerpt.media.pixels)}
    messages = [
        {"role": "system", "content": [{"type": "text", "text": SYSTEM}]},
        {"role": "user", "content": [image, {"type": "text", "text": USER}]},
    ]
    inputs = processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    written = model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
    return processor.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def test_pictures_are_captioned_as_the_checkpoint_itself_does(load, folder):
    captioner = load(registry.create_captioner, "llava", max_new_tokens=TOKENS)
    excerpts = pictures()
    captions = captioner.caption(excerpts)
    assert [c.text for c in captions] == [written_here(folder / "llava", e) for e in excerpts]
    assert len({caption.text for caption in captions}) > 1  # so they were seen
    assert all(caption.tokens == TOKENS for caption in captions)
    assert all(caption.finish_reason is FinishReason.LENGTH for caption in captions)


@pytest.mark.parametrize(("name", "make"), [("llava", pictures), ("qwen2-audio", sounds)])
def test_a_batch_is_captioned_as_its_items_are(load, name, make):
    captioner = load(registry.create_captioner, name, max_new_tokens=TOKENS)
    together = captioner.caption(make())
    assert together == [captioner.caption([excerpt])[0] for excerpt in make()]
    assert len({caption.text for caption in together}) > 1


def test_captions_are_mapped_by_the_same_server(load):
    captions = load(registry.create_captioner, "llava", max_new_tokens=TOKENS).caption(pictures())
    questions = [Question(Prompt(f"Map: {caption.text}"), 9) for caption in captions]
    model = load(registry.create_mapper, "llava")
    answers = model.write(questions)
    assert all(isinstance(answer, Answer) and answer.text for answer in answers)
    assert model.write(questions[1:2]) == answers[1:2]


def test_what_the_server_cannot_do_it_says(load):
    """It takes no patterns, and it has no such model."""
    model = load(registry.create_mapper, "llava", constrain="regex")
    (refused,) = model.write([Question(Prompt("Map."), 9, pattern="[0-9]+")])
    assert refused.reason == "refused"
    assert "structured_outputs" in refused.detail
    (absent,) = load(registry.create_captioner, "absent", retries=1).caption(pictures()[:1])
    assert absent.retryable
