"""BLIP, BLIP-2 and InstructBLIP keep what every captioner promises, on tiny checkpoints."""

from functools import cache

import numpy as np
import pytest
from checkpoints import blip, blip2, instructblip, spoiling
from PIL import Image

from cmean.backends import registry
from cmean.domain import Excerpt, FinishReason, Kind, Picture, Prompt
from cmean.errors import CaptionError, WeightsError

TOKENS = 8
BUILDERS = {
    "blip": ("blip", blip.build),
    "blip-2": ("blip-2", blip2.build),
    "blip-2-t5": ("blip-2", lambda folder: blip2.build(folder, encoder_decoder=True)),
    "instructblip": ("instructblip", instructblip.build),
}
PROMPTED = ("blip-2", "blip-2-t5", "instructblip")
SIZES = ((40, 50), (3, 9), (64, 64), (20, 30), (5, 5))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}
    for name, (_, build) in BUILDERS.items():
        made[name] = build(tmp_path_factory.mktemp(name))
    return made


@pytest.fixture(params=BUILDERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def ready(folders):
    """Loads a captioner once for all tests that only use it."""
    return cache(lambda name: loaded(name, folders[name]))


@pytest.fixture
def captioner(name, ready):
    return ready(name)


def created(name, folder, **parameters):
    given = {"model": str(folder), "dtype": "float32", "max_new_tokens": TOKENS}
    return registry.create_captioner(BUILDERS[name][0], given | parameters)


def loaded(name, folder, **parameters):
    captioner = created(name, folder, **parameters)
    captioner.load()
    return captioner


def pictures(*prompts):
    """Excerpts of several sizes, each with its prompt."""
    rng = np.random.default_rng(7)
    return [
        Excerpt(
            Kind.ARTWORK, 0, Picture(rng.integers(0, 256, (*SIZES[n], 3), dtype=np.uint8)), prompt
        )
        for n, prompt in enumerate(prompts)
    ]


def mixed():
    """Prompts of several lengths, two alike and apart, one of them none."""
    short, long = Prompt("what is it?"), Prompt("say what the light does", system="you see much")
    return pictures(short, None, long, short, None)


def test_a_caption_that_the_cap_cuts_says_so(captioner):
    for caption in captioner.caption(mixed()):
        cut = caption.finish_reason == FinishReason.LENGTH
        assert caption.tokens == TOKENS if cut else caption.tokens < TOKENS


def test_a_longer_cap_goes_on_with_the_same_words(name, folders, captioner):
    long = loaded(name, folders[name], max_new_tokens=2 * TOKENS).caption(mixed())
    short = captioner.caption(mixed())
    for more, less in zip(long, short, strict=True):
        if less.finish_reason == FinishReason.STOP:
            assert more == less
        else:
            assert more.tokens > less.tokens


@pytest.mark.parametrize("name", PROMPTED)
def test_a_caption_ends_where_the_model_ends_it(name, folders, captioner, tmp_path):
    """Each token that a model wrote can be declared the end: then it stops there."""
    (whole,) = captioner.caption(pictures(None))
    written = token_ids(name, folders[name], pictures(None)[0])
    assert whole.tokens == TOKENS == len(written)
    end = written[3]
    spoilt = spoiling.with_setting(
        folders[name], tmp_path / "ends", end, "text_config", "eos_token_id"
    )
    (spoilt / "generation_config.json").unlink()
    (caption,) = loaded(name, spoilt).caption(pictures(None))
    assert caption.finish_reason == FinishReason.STOP
    assert caption.tokens == written.index(end)


def token_ids(name, folder, excerpt):
    """What transformers itself generates for a picture, by its own processor."""
    return reference(name, folder, excerpt)[0]


def reference(name, folder, excerpt):
    """New tokens and text by transformers' own processor and `generate`."""
    model, tokenizer, processor = of_transformers(name, folder)
    text = {} if name == "blip" else {"text": [format_prompt(name, excerpt.prompt)]}
    images = [Image.fromarray(excerpt.media.pixels)]
    inputs = processor(images=images, return_tensors="pt", **text)
    row = model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)[0].tolist()
    given = 1 if name in {"blip", "blip-2-t5"} else inputs["input_ids"].shape[1]
    return row[given:], tokenizer.decode(row[given:], skip_special_tokens=True).strip()


def format_prompt(name, prompt):
    """The words that a prompt becomes."""
    if prompt is None:
        return "Write a description of the picture." if name == "instructblip" else ""
    words = f"{prompt.system}\n\n{prompt.user}" if prompt.system else prompt.user
    return words if name == "instructblip" else f"Question: {words} Answer:"


@cache
def of_transformers(name, folder):
    """Model, tokenizer and processor as transformers has them."""
    import transformers as hf

    kind, processor = {
        "blip": (hf.BlipForConditionalGeneration, hf.BlipProcessor),
        "blip-2": (hf.Blip2ForConditionalGeneration, hf.Blip2Processor),
        "blip-2-t5": (hf.Blip2ForConditionalGeneration, hf.Blip2Processor),
        "instructblip": (hf.InstructBlipForConditionalGeneration, hf.InstructBlipProcessor),
    }[name]
    model = kind.from_pretrained(folder)
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    parts = [hf.BlipImageProcessorPil.from_pretrained(folder), tokenizer]
    if name == "instructblip":
        parts.append(hf.AutoTokenizer.from_pretrained(folder / "qformer_tokenizer"))
    queries = {} if name == "blip" else {"num_query_tokens": model.config.num_query_tokens}
    return model, tokenizer, processor(*parts, **queries)


def test_captions_are_those_of_the_models_own_processor(captioner, name, folders):
    for excerpt in mixed():
        (caption,) = captioner.caption([excerpt])
        assert caption.text == reference(name, folders[name], excerpt)[1]


@pytest.mark.parametrize("name", PROMPTED)
def test_prompts_reach_the_model(captioner):
    (asked,) = captioner.caption(pictures(Prompt("what is it?")))
    (otherwise,) = captioner.caption(pictures(Prompt("who was there then?")))
    assert asked.text != otherwise.text


@pytest.mark.parametrize("name", PROMPTED)
def test_a_prompt_that_spells_special_tokens_is_text(captioner):
    spelt = [Prompt(f"called {token}?") for token in ("<image>", "</s>", "[SEP]")]
    together = captioner.caption(pictures(*spelt))
    assert together == [captioner.caption([excerpt])[0] for excerpt in pictures(*spelt)]


@pytest.mark.parametrize("name", ["blip-2", "instructblip"])
def test_a_prompt_beyond_the_models_positions_is_refused_not_cut(captioner):
    with pytest.raises(CaptionError, match="shorten either") as caught:
        captioner.caption(pictures(Prompt("word " * 200)))
    assert caught.value.reason == "prompt-too-long"


def test_the_revision_follows_the_weights(name, folders, tmp_path):
    other = spoiling.with_setting(folders[name], tmp_path / "other", "here", "note")
    assert created(name, folders[name]).revision == created(name, folders[name]).revision
    assert created(name, folders[name]).revision != created(name, other).revision


FILES = ("config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json")


@pytest.mark.parametrize("name", PROMPTED)
def test_a_configuration_without_the_pictures_token_is_refused(name, folders, tmp_path):
    spoilt = spoiling.with_setting(folders[name], tmp_path / "old", None, "image_token_index")
    with pytest.raises(WeightsError, match="image_token_index"):
        loaded(name, spoilt)


def test_instructblip_needs_its_second_tokenizer(folders, tmp_path):
    spoilt = spoiling.without_file(
        folders["instructblip"], tmp_path / "lacks", "qformer_tokenizer/tokenizer.json"
    )
    with pytest.raises(WeightsError, match="qformer_tokenizer has no tokenizer"):
        loaded("instructblip", spoilt)
