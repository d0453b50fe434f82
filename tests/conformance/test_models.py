"""What every back-end that runs a checkpoint promises, on tiny checkpoints with random weights."""

from __future__ import annotations

import gc
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("transformers")

from checkpoints import blip, clip, spoiling
from checkpoints.models import CASES, CHATTING, excerpt, picture, same, sound, use

from cmean.backends.table import BACKENDS
from cmean.domain import Role
from cmean.errors import ConfigError, DeviceFaultError, ItemError, WeightsError
from cmean.protocols import PreparingCaptioner, get_concurrency

LOOKING = [name for name, case in CASES.items() if case.sides]
HEARING = [name for name, case in CASES.items() if case.seconds]
CAPTIONING = [name for name, case in CASES.items() if case.role is Role.CAPTIONER]


@pytest.fixture(params=CASES)
def subject(request, subject_of):
    return subject_of(request.param)


def test_every_back_end_of_the_table_that_has_weights_is_tried_out_here():
    tried = {(case.backend or name, case.role) for name, case in CASES.items()}
    assert tried == {(info.name, info.role) for info in BACKENDS if info.model}


def test_a_batch_of_unequal_things_gives_what_each_gives_alone(subject):
    together = use(subject.ready, subject.things)
    assert same(together, [use(subject.ready, [one])[0] for one in subject.things])
    assert same(together, use(subject.ready, subject.things[::-1])[::-1])
    assert not same(together[:1], together[1:2])
    assert use(subject.ready, []) == []


def test_it_is_gone_once_it_is_unloaded_and_gives_the_same_once_it_is_loaded_again(subject):
    backend = subject.new()
    assert backend.revision == subject.ready.revision
    first = use(backend, subject.things)
    assert same(first, use(subject.ready, subject.things))
    held = modules(backend)
    assert held
    backend.unload()
    gc.collect()
    assert not any(module() for module in held)
    backend.load()
    assert same(first, use(backend, subject.things))


def modules(backend):
    """Weak references to the networks that a back-end holds, or that what it holds has."""
    import torch

    values = list(vars(backend).values())
    values += [inner for value in values for inner in getattr(value, "__dict__", {}).values()]
    return [weakref.ref(value) for value in values if isinstance(value, torch.nn.Module)]


def test_the_inputs_of_many_threads_give_what_each_gives_alone(subject):
    """As many at once as the back-end says, and one more."""
    things = subject.things * 2
    with ThreadPoolExecutor(get_concurrency(subject.ready) + 1) as pool:
        found = list(pool.map(lambda one: use(subject.ready, [one])[0], things))
    assert same(found, use(subject.ready, things))


@pytest.mark.parametrize("name", [name for name in CAPTIONING if name not in CHATTING])
def test_a_captioner_can_prepare_ahead_in_another_thread(subject_of, name):
    subject = subject_of(name)
    assert isinstance(subject.ready, PreparingCaptioner)
    halves = subject.things[:2], subject.things[2:]
    with ThreadPoolExecutor(1) as pool:
        ahead = [pool.submit(subject.ready.prepare, half) for half in halves]
        captions = [found for one in ahead for found in subject.ready.generate(one.result())]
    assert captions == subject.ready.caption(subject.things)


def test_neither_loading_nor_using_it_says_anything(subject, capfd, tmp_path):
    """Not even of a text longer than the tokenizer takes for the most."""
    from transformers.utils import logging

    folder = subject.folder
    if (folder / "tokenizer_config.json").is_file():
        folder = spoiling.with_setting(
            folder, tmp_path / "copy", 2, "model_max_length", file="tokenizer_config.json"
        )
    logging.set_verbosity_warning()
    logging.enable_progress_bar()
    backend = subject.new(model=str(folder))
    use(backend, subject.things)
    backend.unload()
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def full_memory():
    """Every layer of every model finds the memory full."""
    import torch

    def refuse(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    handle = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    yield
    handle.remove()


@pytest.mark.usefixtures("full_memory")
def test_full_memory_is_a_memory_error(subject):
    for one in (subject.things[0], subject.things[-1]):
        with pytest.raises(MemoryError, match="out of memory"):
            use(subject.ready, [one])


@pytest.mark.parametrize("name", CASES)
def test_a_fault_of_the_device_is_one_and_not_that_of_an_input(subject_of, name):
    import torch

    def fail(*_):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    subject = subject_of(name)
    handle = torch.nn.modules.module.register_module_forward_pre_hook(fail)
    try:
        with pytest.raises(DeviceFaultError, match="device-side assert"):
            use(subject.ready, subject.things[:2])
    finally:
        handle.remove()
    assert use(subject.ready, subject.things[:1])


def reason(subject, media):
    """Why it does not take a medium, asked together with one that it takes."""
    with pytest.raises(ItemError) as caught:
        use(subject.ready, [subject.things[0], excerpt(media)])
    assert "\n" not in caught.value.detail
    return caught.value.reason


@pytest.mark.parametrize("name", HEARING)
def test_a_sound_that_it_cannot_hear_is_refused(subject_of, name):
    subject = subject_of(name)
    case = subject.case
    assert reason(subject, sound(0, case.rate)) == "empty-sound"
    assert reason(subject, sound(0.5, 44_100)) == "sample-rate"
    if case.window:
        assert reason(subject, sound(case.window + 0.01, case.rate)) == "sound-too-long"
        assert subject.ready.window_seconds == case.window
    if not case.sides:
        assert reason(subject, picture(8, 8)) == "not-a-sound"


@pytest.mark.parametrize("name", LOOKING)
def test_a_picture_that_it_cannot_see_is_refused(subject_of, name):
    subject = subject_of(name)
    assert reason(subject, picture(0, 5)) == "empty-picture"
    if not subject.case.seconds:
        assert reason(subject, sound(0.5)) == "not-a-picture"


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.role is Role.EMBEDDER])
def test_a_text_without_a_word_is_refused(subject_of, name):
    with pytest.raises(ItemError) as caught:
        subject_of(name).ready.embed_texts(["a sea", " \n"])
    assert caught.value.reason == "empty-text"


def test_parameters_without_sense_are_refused(subject):
    with pytest.raises(ConfigError, match="dtype is one of"):
        subject.created(dtype="int3")
    with pytest.raises(ConfigError, match="takes no parameter"):
        subject.created(colour="red")


# --- checkpoints that are not right ----------------------------------------------------------


def refusal(subject, folder):
    with pytest.raises(WeightsError) as caught:
        subject.new(model=str(folder))
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    assert len(message) < 600
    return message


@pytest.fixture
def nothing_fetched(monkeypatch, tmp_path):
    """Nor is there a folder of checkpoints, where what is missing could lie."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(tmp_path / "models"))


@pytest.mark.usefixtures("nothing_fetched")
def test_weights_that_are_not_here_are_refused(subject, tmp_path):
    assert "cmean backends --fetch" in refusal(subject, tmp_path / "nowhere")
    with pytest.raises(WeightsError):
        _ = subject.created(model="nobody/nothing").revision


@pytest.mark.usefixtures("nothing_fetched")
@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name, case in CASES.items() for file in case.files]
)
def test_a_folder_that_lacks_a_file_is_refused(subject_of, tmp_path, name, file):
    subject = subject_of(name)
    refusal(subject, spoiling.without_file(subject.folder, tmp_path / "lacks", file))


@pytest.mark.parametrize(
    "spoil",
    [spoiling.without_tensor, spoiling.with_narrow_tensor, spoiling.with_cut_weights],
)
def test_weights_that_are_not_those_of_the_model_are_refused(subject, tmp_path, spoil):
    refusal(subject, spoil(subject.folder, tmp_path / "spoilt"))


def test_a_folder_without_weights_is_refused(subject, tmp_path):
    folder = shutil.copytree(subject.folder, tmp_path / "lacks")
    spoiling.weights_of(folder).unlink()
    refusal(subject, folder)


@pytest.mark.usefixtures("nothing_fetched")
def test_another_architecture_is_refused(subject, tmp_path):
    refusal(subject, (blip if subject.name == "clip" else clip).build(tmp_path / "other"))
