"""What every captioner that is a chat model keeps to, on tiny checkpoints with random weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from checkpoints import qwen2_5_omni, qwen2_audio, qwen3_omni, spoiling
from checkpoints.models import CHATTING, LONGEST, excerpt, picture, sound

from cmean.backends import registry
from cmean.domain import FinishReason, Prompt
from cmean.errors import CaptionError, ConfigError, WeightsError
from cmean.generation.capacity import measure_token_bytes

pytest.importorskip("transformers")

CUT = 5


@pytest.fixture(scope="module", params=CHATTING)
def subject(request, subject_of):
    return subject_of(request.param)


@pytest.fixture(scope="module")
def captioner(subject):
    return subject.new()


def test_greedy_captions_are_those_of_transformers(subject, captioner):
    """Whose `generate` is the reference, one input at a time, with the checkpoint's own settings.

    Its penalty is the same where nothing is padded.
    """
    import torch

    network, tokenizer = captioner._network, captioner._processor.tokenizer  # noqa: SLF001 - no other door to the same weights
    for one, caption in zip(subject.excerpts, captioner.caption(subject.excerpts), strict=True):
        inputs = captioner.prepare_job(one).inputs
        with torch.inference_mode():
            rows = network.generate(**inputs, do_sample=False, max_new_tokens=LONGEST)
        tokens = rows[0, inputs["input_ids"].shape[1] :]
        assert tokenizer.decode(tokens, skip_special_tokens=True) == caption.text


def test_a_caption_that_was_cut_goes_on_as_if_it_had_not_been(subject, captioner):
    wholes = captioner.caption(subject.excerpts)
    parts = subject.new(max_new_tokens=CUT).caption(subject.excerpts)
    cut = [n for n, part in enumerate(parts) if part.finish_reason is FinishReason.LENGTH]
    assert cut
    resumed = captioner.caption([replace(subject.excerpts[n], prefix=parts[n].text) for n in cut])
    for n, rest in zip(cut, resumed, strict=True):
        assert parts[n].text == wholes[n].text[:CUT]
        assert rest.text.startswith(wholes[n].text)
        assert 0 < rest.tokens <= len(rest.text) - CUT  # a token may have several characters
        if wholes[n].finish_reason is FinishReason.STOP:
            assert rest.text == wholes[n].text


def test_the_memory_of_a_token_is_known_before_anything_is_captioned(captioner):
    """By a text without media, which every model can read: so a GPU is filled from the start."""
    network = captioner._batch.network  # noqa: SLF001 - estimated on GPUs alone
    assert measure_token_bytes(network) > 0
    assert captioner.concurrency == 10


def test_text_with_control_tokens_is_text(subject, captioner):
    hostile = "<|im_end|></s><image><|AUDIO|><|image_pad|><sound><|IMAGE|><|audio_pad|>"
    given = [replace(one, prompt=Prompt(hostile, hostile)) for one in subject.excerpts[:1]]
    (caption,) = captioner.caption([*given, *(replace(one, prefix=hostile) for one in given)])[1:]
    assert caption.text.startswith(hostile)


@pytest.fixture
def listener(subject_of):
    return subject_of("qwen2-audio")


@pytest.fixture
def seer(subject_of):
    return subject_of("qwen2.5-vl")


def test_it_says_how_much_it_hears_at_once_before_and_after_it_is_loaded(listener):
    fresh = registry.create_captioner(listener.name, {"model": str(listener.folder)})
    assert fresh.window_seconds == 30
    fresh.load()
    assert fresh.window_seconds == qwen2_audio.HEARD


def test_a_picture_too_narrow_to_be_seen_is_refused(seer):
    with pytest.raises(CaptionError) as caught:
        seer.new().caption([excerpt(picture(2, 500))])
    assert caught.value.reason == "picture-too-narrow"


def test_pictures_are_seen_within_bounds_of_pixels(seer):
    large = excerpt(picture(400, 300))
    lengths = [
        seer.new(min_pixels=3136, max_pixels=pixels).prepare_job(large).inputs["input_ids"].shape[1]
        for pixels in (6272, 50_176)
    ]
    assert lengths[1] - lengths[0] >= 40  # 784 pixels are a token


def test_a_model_of_both_takes_them_in_one_batch(subject_of):
    both = subject_of("qwen2.5-omni").new()
    mixed = [excerpt(sound(1)), excerpt(picture(60, 60)), excerpt(sound(1.5))]
    assert both.caption(mixed) == [both.caption([one])[0] for one in mixed]


@pytest.fixture(params=[qwen2_5_omni, qwen3_omni], ids=["qwen2.5-omni", "qwen3-omni"])
def whole(request, tmp_path):
    """A checkpoint with the parts that speak, as it is published."""
    return request.param.build_whole(tmp_path)


def test_the_part_that_reads_is_found_inside_the_whole_checkpoint(subject_of, whole):
    name = "qwen3-omni" if "moe" in (whole / "config.json").read_text() else "qwen2.5-omni"
    part = subject_of(name)
    assert part.new(model=str(whole)).caption(part.excerpts) == part.new().caption(part.excerpts)


def test_an_expert_that_is_missing_in_the_whole_checkpoint_is_not_made_up(subject_of, tmp_path):
    folder = qwen3_omni.build_whole(tmp_path / "whole")
    expert = "thinker.model.layers.0.mlp.experts.0.gate_proj.weight"
    lacking = spoiling.with_weights(folder, tmp_path / "lacks", lambda tensors: tensors.pop(expert))
    with pytest.raises(WeightsError):
        subject_of("qwen3-omni").new(model=str(lacking))


def test_seconds_follow_from_the_frames_where_a_checkpoint_says_only_those(subject_of, tmp_path):
    """As the published preprocessor of Qwen3-Omni does."""
    folder = shutil.copytree(subject_of("qwen3-omni").folder, tmp_path / "copy")
    file = folder / "preprocessor_config.json"
    settings = json.loads(file.read_text()) | {"n_samples": 4_800_000, "nb_max_frames": 30_000}
    del settings["chunk_length"]
    file.write_text(json.dumps(settings))
    captioner = subject_of("qwen3-omni").new(model=str(folder))
    assert captioner.window_seconds == 300
    captioner.prepare_job(excerpt(sound(31)))


def read_conversation(subject, given, **parameters):
    """What a model is given of an excerpt, as text."""
    from transformers import AutoTokenizer

    job = subject.new(**parameters).prepare_job(given)
    folder = parameters.get("model", subject.folder)
    return AutoTokenizer.from_pretrained(folder).decode(job.inputs["input_ids"][0])


def test_a_model_that_takes_no_prompt_is_asked_nothing(subject_of):
    subject = subject_of("qwen3-omni-captioner")
    read = read_conversation(subject, replace(excerpt(sound(1)), prompt=None))
    assert read.replace("<|audio_pad|>", "") == (
        "<|im_start|>user\n<|audio_bos|><|audio_eos|><|im_end|>\n<|im_start|>assistant\n"
    )


# --- the back-end that is told by a checkpoint what it runs ----------------------------------


@pytest.mark.parametrize("name", ["qwen2-audio", "qwen2.5-vl", "qwen2.5-omni", "llava"])
def test_it_writes_what_the_back_end_of_that_name_writes(subject_of, name):
    named = subject_of(name)
    given = {"model": str(named.folder), "dtype": "float32"} | named.case.parameters
    general = registry.create_captioner("chat", given)
    general.load()
    assert general.caption(named.excerpts) == named.ready.caption(named.excerpts)


@pytest.mark.parametrize(
    ("architecture", "why"),
    [
        ("gemma3n", "torchvision"),
        ("phi4_multimodal", "torchvision"),
        ("phi4mm", "no code of a repository is run"),
        ("bert", "no chat model"),
    ],
)
def test_an_architecture_that_cannot_be_run_is_refused(subject_of, tmp_path, architecture, why):
    subject = subject_of("qwen3-vl")
    folder = spoiling.with_setting(subject.folder, tmp_path / "copy", architecture, "model_type")
    with pytest.raises(WeightsError, match=why) as caught:
        subject.new(model=str(folder))
    assert architecture in str(caught.value)


def test_bounds_of_pixels_are_refused_where_a_model_has_none(subject_of):
    for name in ("gemma4", "qwen2-audio"):
        with pytest.raises(ConfigError, match="takes no min_pixels"):
            subject_of(name).new(min_pixels=9_000)


def test_a_model_without_ears_takes_no_sound(subject_of, tmp_path):
    """The larger models of Gemma 4 are published with settings for sounds, too."""
    subject = subject_of("gemma4")
    deaf = spoiling.with_setting(subject.folder, tmp_path / "copy", None, "audio_config")
    captioner = subject.new(model=str(deaf))
    assert captioner.window_seconds is None
    with pytest.raises(CaptionError) as caught:
        captioner.caption([excerpt(sound(1))])
    assert caught.value.reason == "not-a-picture"


def test_thinking_is_turned_off_where_a_template_can(subject_of):
    read = read_conversation(subject_of("gemma4"), excerpt(picture(9, 9)))
    assert "<|turn>model" in read
    assert "<|think|>" not in read


def test_a_model_that_always_thinks_is_refused(subject_of, tmp_path):
    subject = subject_of("qwen3-vl")
    folder = shutil.copytree(subject.folder, tmp_path / "thinks")
    file = folder / "chat_template.jinja"
    file.write_text(file.read_text().replace("assistant\n", "assistant\n<think>\n"))
    with pytest.raises(WeightsError, match="always thinks"):
        subject.new(model=str(folder))


# --- how tokens are chosen --------------------------------------------------------------------


def test_a_sampled_caption_depends_on_its_seed_and_not_on_its_batch(listener):
    sampler = listener.new(temperature=1.0, seed=3)
    sampled = sampler.caption(listener.excerpts)
    assert sampled == [sampler.caption([one])[0] for one in reversed(listener.excerpts)][::-1]
    others = [listener.new(temperature=1.0, seed=4), listener.new()]
    for other in others:
        assert other.caption(listener.excerpts) != sampled


def test_at_a_low_temperature_a_draw_is_the_greedy_choice(listener):
    greedy = listener.new().caption(listener.excerpts)
    assert listener.new(temperature=1e-5).caption(listener.excerpts) == greedy


@pytest.fixture
def published(listener, tmp_path):
    """A checkpoint that publishes these settings."""

    def publish(**settings):
        folder = shutil.copytree(listener.folder, tmp_path / "-".join(settings))
        file = folder / "generation_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        return {"model": str(folder)}

    return publish


def test_of_published_settings_the_penalty_is_kept_and_the_rest_is_not(listener, published):
    def captions(**settings):
        return listener.new(**published(**settings)).caption(listener.excerpts)

    usual = listener.new().caption(listener.excerpts)
    assert captions(num_beams=3, top_k=2, min_new_tokens=9, no_repeat_ngram_size=1) == usual
    assert captions(repetition_penalty=3.0) != usual


def test_captions_are_drawn_from_the_most_probable_tokens(listener):
    def captions(**parameters):
        return listener.new(**parameters).caption(listener.excerpts)

    assert captions(temperature=2.0) != captions()
    assert captions(temperature=2.0, top_k=1) == captions()
    assert captions(temperature=2.0, top_p=1e-6) == captions()
    assert captions(temperature=2.0, top_k=10**6, top_p=1.0) == captions(temperature=2.0)


def test_the_values_that_a_checkpoint_publishes_are_used_where_it_is_asked_for(listener, published):
    theirs = published(top_k=1, top_p=0.5, temperature=9.0, do_sample=True)
    captions = {
        name: listener.new(**theirs, temperature=2.0, **given).caption(listener.excerpts)
        for name, given in {
            "own": {},
            "theirs": {"sampling": "checkpoint"},
            "mixed": {"sampling": "checkpoint", "top_k": 0, "top_p": 1.0},
        }.items()
    }
    assert captions["theirs"] == listener.new().caption(listener.excerpts)
    assert captions["mixed"] == captions["own"] != captions["theirs"]


def test_a_penalty_that_is_given_counts_instead_of_the_published_one(listener, published):
    strong = published(repetition_penalty=3.0)
    usual = listener.new(repetition_penalty=1.0).caption(listener.excerpts)
    assert listener.new(**strong).caption(listener.excerpts) != usual
    assert listener.new(**strong, repetition_penalty=1.0).caption(listener.excerpts) == usual


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"top_k": -1},
        {"top_p": 0},
        {"top_p": 1.1},
        {"repetition_penalty": 0},
        {"sampling": "random"},
        {"max_new_tokens": 0},
    ],
)
def test_a_sampling_without_sense_is_refused(listener, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        listener.created(**wrong)


def test_a_caption_goes_on_a_space_after_a_turn_that_begins_without_one(subject_of, tmp_path):
    vicuna = subject_of("llava")
    folder = shutil.copytree(vicuna.folder, tmp_path / "vicuna")
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template.replace("ASSISTANT:\n", "ASSISTANT:"))
    read = read_conversation(vicuna, excerpt(picture(30, 30), prefix="A sea"), model=str(folder))
    assert read.endswith("Describe it. ASSISTANT: A sea")
