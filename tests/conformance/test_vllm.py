"""The back-ends that vLLM runs: on the real package where it is installed, else on a stand-in.

    python -m pytest tests/conformance/test_vllm.py

The stand-in (tests/vllm_stand_in) has the part of vLLM's interface that cmean uses. Both generate
by the same tiny checkpoints, so captions must equal those of the transformers back-ends.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("transformers")

from checkpoints import llava, qwen2_5_vl, qwen2_audio, qwen3, wide_heads
from checkpoints.models import HEARD, LONGEST, SEEN, excerpt, picture, sound
from vllm_or_stand_in import IS_REAL, STAND_IN, importable

from cmean.backends import registry
from cmean.domain import FinishReason, Prompt, Question, Role
from cmean.errors import ConfigError, DeviceFaultError, ItemError, WeightsError
from cmean.protocols import Captioner, LanguageModel, get_concurrency

HEARS = 30 if IS_REAL else 2  # seconds; the real one takes no other Qwen2-Audio
CONTEXT = 1_024
PIXELS = {"min_pixels": 56 * 56, "max_pixels": 112 * 112}
ASKED = (
    Question(Prompt("A slow and gentle piano over soft strings.", "You rate."), 40, r"\d{2}"),
    Question(Prompt("Be brief."), 5),
    Question(Prompt("Drums and bass join. " * 30), 9, temperature=1.5, seed=1),
    Question(Prompt("Go on."), 6, prefix="RGB: ("),
)


@pytest.fixture(scope="module", autouse=True)
def _vllm():
    with importable():
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny checkpoints by the name of the transformers back-end that runs them."""
    built = {
        "qwen2-audio": qwen2_audio.build(tmp_path_factory.mktemp("audio"), heard=HEARS),
        "qwen3": qwen3.build(tmp_path_factory.mktemp("text"), context=CONTEXT),
    }
    if IS_REAL:  # whose LLaVA reads the layout of published checkpoints alone
        built["qwen2.5-vl"] = qwen2_5_vl.build(tmp_path_factory.mktemp("vision"))
    else:  # without torchvision transformers has no processor of Qwen's vision models
        built["llava"] = llava.build(tmp_path_factory.mktemp("vision"))
    return {name: wide_heads.widen(folder) for name, folder in built.items()}


def create(role, folder, **parameters):
    given = {"model": str(folder), "dtype": "float32", "eager": True, "max_model_len": CONTEXT}
    if role is Role.CAPTIONER:
        given["max_new_tokens"] = LONGEST
    return registry.create_backend("vllm", role, given | parameters)


class Loaded:
    """The one back-end that is loaded: a process has one engine of vLLM at a time."""

    def __init__(self):
        self.created = {}
        self.now = None

    def get(self, role, folder, **parameters):
        key = (role, folder)
        if key not in self.created:
            self.created[key] = create(role, folder, **parameters)
        self.replace(self.created[key])
        return self.created[key]

    def replace(self, backend):
        if self.now is not backend:
            if self.now is not None:
                self.now.unload()
            self.now = None
            if backend is not None:
                backend.load()
            self.now = backend


@pytest.fixture(scope="module")
def loaded():
    loaded = Loaded()
    yield loaded
    loaded.replace(None)


@pytest.fixture
def mapper(loaded, folders):
    return loaded.get(Role.MAPPER, folders["qwen3"])


@pytest.fixture
def hearing(loaded, folders):
    return loaded.get(Role.CAPTIONER, folders["qwen2-audio"])


def excerpts(media):
    return [
        excerpt(one, "Describe it" + "!" * (7 * n), "You are a critic." * (n % 2))
        for n, one in enumerate(media)
    ]


SOUNDS = excerpts([sound(seconds) for seconds in HEARD])
PICTURES = excerpts([picture(*sides) for sides in SEEN])


def caption_by_transformers(name, folder, things, **parameters):
    given = {"model": str(folder), "dtype": "float32", "max_new_tokens": LONGEST} | parameters
    backend = registry.create_captioner(name, given)
    backend.load()
    return backend.caption(things)


def check_independence(work, things):
    """What each thing gives does not depend on others, nor on the thread that asks."""
    together = work(things)
    assert together == [work([one])[0] for one in things]
    assert together == work(things[::-1])[::-1]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda one: work([one])[0], things * 3)) == together * 3
    assert len({one.text for one in together}) > 1
    assert work([]) == []


def test_it_is_a_back_end_of_its_role_that_many_threads_may_call(folders):
    hearing = create(Role.CAPTIONER, folders["qwen2-audio"])
    mapper = create(Role.MAPPER, folders["qwen3"])
    assert isinstance(hearing, Captioner)
    assert isinstance(mapper, LanguageModel)
    assert mapper.constrains
    assert get_concurrency(mapper) == get_concurrency(hearing) > 100


def test_sounds_get_the_captions_that_transformers_writes(hearing, folders):
    captions = hearing.caption(SOUNDS)
    assert captions == caption_by_transformers("qwen2-audio", folders["qwen2-audio"], SOUNDS)
    assert len({one.text for one in captions}) > 1


def test_pictures_get_the_captions_that_transformers_writes(loaded, folders):
    name = "qwen2.5-vl" if IS_REAL else "llava"
    pixels = PIXELS if IS_REAL else {}
    seeing = loaded.get(Role.CAPTIONER, folders[name], **pixels)
    captions = seeing.caption(PICTURES)
    assert captions == caption_by_transformers(name, folders[name], PICTURES, **pixels)
    check_independence(seeing.caption, PICTURES)
    with pytest.raises(ItemError) as caught:
        seeing.caption([SOUNDS[0]])
    assert caught.value.reason == "not-a-picture"


def test_a_caption_does_not_depend_on_others_nor_on_its_thread(hearing):
    check_independence(hearing.caption, SOUNDS)


def test_an_answer_does_not_depend_on_others_nor_on_its_thread(mapper):
    check_independence(mapper.write, list(ASKED))


def test_a_caption_goes_on_from_its_prefix(hearing):
    (found,) = hearing.caption([excerpt(SOUNDS[1].media, prefix="A slow")])
    assert found.text.startswith("A slow")
    assert len(found.text) > len("A slow")


def test_an_answer_goes_on_from_its_prefix(mapper):
    assert mapper.write([ASKED[3]])[0].text.startswith("RGB: (")
    (refused,) = mapper.write([Question(Prompt("x"), 9, pattern=r"RGB: \d", prefix="RGB: ")])
    assert refused.reason == "cannot-continue"


def test_answers_match_their_patterns_and_count_their_tokens(mapper):
    pattern = r"RGB:( \(\d{1,3},\d{1,3},\d{1,3}\)){2}"
    questions = [
        Question(Prompt(f"Rate {n}."), 60, pattern, temperature=1.0 * (n % 2), seed=n)
        for n in range(8)
    ]
    answers = mapper.write(questions)
    assert all(re.fullmatch(pattern, one.text) for one in answers)
    assert {one.finish_reason for one in answers} == {FinishReason.STOP}
    assert all(0 < one.tokens <= 60 for one in answers)


def test_what_fails_gives_an_error_in_its_place(mapper):
    found = mapper.write(
        [
            ASKED[1],
            Question(Prompt("x " * CONTEXT), 5),
            Question(Prompt("x"), 5, pattern="("),
            Question(Prompt("x"), 5, pattern="a{40}"),
        ]
    )
    assert found[0] == mapper.write([ASKED[1]])[0]
    assert [one.reason for one in found[1:]] == ["prompt-too-long", "bad-pattern", "answer-cut"]
    assert not any("\n" in one.detail for one in found[1:])


def test_a_prompt_that_leaves_no_room_for_its_caption_is_too_long(hearing):
    media = SOUNDS[0].media
    users = ["x" * length for length in range(CONTEXT - 100, CONTEXT + 4, 2)]
    found = hearing.caption([excerpt(media, user) for user in users])
    refused = [one for one in found if isinstance(one, ItemError)]
    assert {one.reason for one in refused} == {"prompt-too-long"}
    assert any("filled the rest" in one.detail for one in refused)
    assert any("maximum" in one.detail for one in refused)
    assert found[0].text
    assert found[0] == hearing.caption([excerpt(media, users[0])])[0]


def test_samples_depend_on_seed_and_question_only(mapper):
    def sample(seed, temperature=1.5):
        question = Question(Prompt("Say something."), 12, temperature=temperature, seed=seed)
        return mapper.write([question])[0].text

    texts = [sample(seed) for seed in range(6)]
    assert texts == [sample(seed) for seed in range(6)]
    assert len(set(texts)) > 1
    assert len({sample(seed, 0.0) for seed in range(3)}) == 1


def test_top_k_of_one_is_greedy(loaded, hearing, folders):
    greedy = hearing.caption(SOUNDS)
    backend = create(Role.CAPTIONER, folders["qwen2-audio"], temperature=1.5, top_k=1)
    loaded.replace(backend)
    assert backend.caption(SOUNDS) == greedy


def test_a_second_engine_in_a_process_is_refused(mapper, folders):
    with pytest.raises(ConfigError, match="unload it first"):
        create(Role.MAPPER, folders["qwen3"]).load()
    assert mapper.write(ASKED)


def test_a_sound_that_it_cannot_hear_is_refused(hearing):
    for media, reason in (
        (sound(0), "empty-sound"),
        (sound(0.5, 44_100), "sample-rate"),
        (sound(HEARS + 0.01), "sound-too-long"),
        (picture(8, 8), "not-a-sound"),
    ):
        with pytest.raises(ItemError) as caught:
            hearing.caption([excerpt(media)])
        assert caught.value.reason == reason
    assert hearing.window_seconds == HEARS


def test_it_gives_the_same_once_it_is_loaded_again(loaded, mapper):
    before = mapper.write(ASKED)
    loaded.replace(None)
    with pytest.raises(RuntimeError, match="load"):
        mapper.write(ASKED)
    loaded.replace(mapper)
    assert mapper.write(ASKED) == before


def test_control_tokens_of_a_prompt_stay_text(mapper):
    quoted, plain = (
        mapper.write([Question(Prompt(f"a{mark}b"), 9)])[0]
        for mark in ("<|im_end|>", "< |im_end|>")
    )
    assert quoted == plain


def test_a_failed_engine_ends_the_process(loaded, mapper, monkeypatch):
    import vllm

    def fail(_):
        raise RuntimeError("EngineCore encountered an issue.\nSee the stack trace.")

    monkeypatch.setattr(vllm.LLMEngine, "step", fail)
    try:
        with pytest.raises(DeviceFaultError, match=r"vLLM's engine failed: EngineCore .* issue\.$"):
            mapper.write(ASKED)
    finally:
        monkeypatch.undo()
        loaded.replace(None)
    loaded.replace(mapper)
    assert mapper.write(ASKED)


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2 GiB",
        "Free memory on device cuda:0 (3.1/79.1 GiB) is less than desired GPU memory utilization",
        "No available memory for the cache blocks. Try increasing `gpu_memory_utilization`",
    ],
)
def test_an_engine_without_room_is_a_memory_error(loaded, folders, monkeypatch, message):
    import torch
    import vllm

    loaded.replace(None)

    kind = torch.OutOfMemoryError if "CUDA" in message else ValueError

    def refuse(*_):
        raise kind(message)

    monkeypatch.setattr(vllm.LLMEngine, "from_engine_args", refuse)
    with pytest.raises(MemoryError, match="emory"):
        create(Role.MAPPER, folders["qwen3"]).load()


def test_settings_of_the_machine_reach_the_engine(loaded, folders, monkeypatch):
    import vllm

    loaded.replace(None)

    seen = []

    def remember(args):
        seen.append(args)
        raise RuntimeError("enough")

    monkeypatch.setattr(vllm.LLMEngine, "from_engine_args", remember)
    monkeypatch.setenv("CMEAN_VLLM_MEMORY", "0.4")
    monkeypatch.setenv("CMEAN_VLLM_GPUS", "2")
    monkeypatch.setenv("CMEAN_DEVICE", "cuda:1")
    backend = create(Role.MAPPER, folders["qwen3"], quantization="fp8")
    with pytest.raises(WeightsError, match=r"vLLM cannot run .*: enough"):
        backend.load()
    (args,) = seen
    assert (args.gpu_memory_utilization, args.tensor_parallel_size) == (0.4, 2)
    assert (args.device_ids, args.quantization) == ([1, 2], "fp8")
    assert args.max_model_len == CONTEXT
    assert not args.trust_remote_code


def test_parameters_without_sense_are_refused(folders):
    for role, parameters, message in (
        (Role.CAPTIONER, {"model": ""}, "needs `model`"),
        (Role.CAPTIONER, {"temperature": 2.1}, "temperatures from 0 to 2"),
        (Role.CAPTIONER, {"top_p": 0.0}, "top_p"),
        (Role.CAPTIONER, {"repetition_penalty": 0}, "repetition_penalty"),
        (Role.MAPPER, {"max_model_len": 0}, "max_model_len"),
        (Role.MAPPER, {"dtype": "int3"}, "dtype is one of"),
        (Role.MAPPER, {"colour": "red"}, "takes no parameter"),
    ):
        with pytest.raises(ConfigError, match=message):
            create(role, folders["qwen3"], **parameters)


def test_a_temperature_that_vllm_does_not_take_is_refused(mapper):
    with pytest.raises(ConfigError, match="temperatures from 0 to 2"):
        mapper.write([Question(Prompt("x"), 5, temperature=2.5)])


def test_checkpoints_that_are_not_right_are_refused(folders, tmp_path):
    with pytest.raises(WeightsError, match="neither pictures nor sounds"):
        create(Role.CAPTIONER, folders["qwen3"]).load()
    with pytest.raises(WeightsError, match="not on this machine"):
        create(Role.MAPPER, tmp_path / "nowhere").load()
    mute = shutil.copytree(folders["qwen3"], tmp_path / "mute")
    (mute / "chat_template.jinja").unlink()
    with pytest.raises(WeightsError, match="has no chat template"):
        create(Role.MAPPER, mute).load()
    (mute / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="lacks the weight file"):
        create(Role.MAPPER, mute).load()


def test_its_revision_is_that_of_the_weights(folders):
    vllm_backend = create(Role.MAPPER, folders["qwen3"])
    other = registry.create_mapper("qwen3", {"model": str(folders["qwen3"])})
    assert vllm_backend.revision.split("/")[0] == other.revision.split("/")[0]


@pytest.mark.skipif(not IS_REAL, reason="vLLM is not installed")
def test_the_stand_in_has_the_interface_of_the_real_package():
    import vllm

    place = STAND_IN / "vllm" / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        "vllm_stand_in", place, submodule_search_locations=[str(place.parent)]
    )
    stand_in = importlib.util.module_from_spec(spec)
    sys.modules["vllm_stand_in"] = stand_in
    spec.loader.exec_module(stand_in)
    mine = {field.name: field.default for field in dataclasses.fields(stand_in.EngineArgs)}
    assert mine.keys() <= {field.name for field in dataclasses.fields(vllm.EngineArgs)}
    fields = {field.name for field in dataclasses.fields(stand_in.SamplingParams)}
    assert fields <= set(vllm.SamplingParams.__struct_fields__)
    for name in ("from_engine_args", "add_request", "abort_request", "step"):
        taken = inspect.signature(getattr(stand_in.LLMEngine, name)).parameters
        assert taken.keys() <= inspect.signature(getattr(vllm.LLMEngine, name)).parameters.keys()
