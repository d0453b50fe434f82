"""A checkpoint that is not whole, or not what the back-end takes, is named in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from checkpoints import llava, qwen2_audio, qwen3_omni
from checkpoints.models import excerpt, picture

from cmean import torch_tools
from cmean.backends import quantization, registry
from cmean.domain import Excerpt, Kind, Picture
from cmean.errors import ConfigError, MissingExtraError, WeightsError

pytest.importorskip("transformers")

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return llava.build(tmp_path_factory.mktemp("llava"))


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "checkpoint")


def loaded(folder, name="llava", **parameters):
    given = {"model": str(folder), "dtype": "float32", "max_new_tokens": 4}
    captioner = registry.create_captioner(name, given | parameters)
    captioner.load()
    return captioner


def fault(folder, **parameters):
    with pytest.raises(WeightsError) as caught:
        loaded(folder, **parameters)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def rewritten(folder, change):
    """The folder, its weights changed by `change(weights)`; all else as it was."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - of an extra

    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS, {"format": "pt"})
    return folder


def as_pickle(folder, extra=None, *, is_zip=True):
    """The folder, its weights as `pytorch_model.bin`, with what else is to be in the pickle."""
    import torch
    from safetensors.torch import load_file  # noqa: PLC0415 - of an extra

    torch.save(
        load_file(folder / WEIGHTS) | (extra or {}),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=is_zip,
    )
    (folder / WEIGHTS).unlink()
    return folder


class Payload:
    """What runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_pickle_of_tensors_is_read_as_safetensors_are(whole, folder, is_zip):
    picture = Excerpt(Kind.ARTWORK, 0, Picture(np.zeros((30, 30, 3), np.uint8)))
    expected = loaded(whole).caption([picture])
    assert loaded(as_pickle(folder, is_zip=is_zip)).caption([picture]) == expected


@pytest.mark.parametrize("is_zip", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(folder, tmp_path, is_zip):
    trace = tmp_path / "was-run"
    message = fault(as_pickle(folder, {"more": Payload(trace)}, is_zip=is_zip))
    assert "holds more than tensors, which is not read" in message
    assert not trace.exists()


def test_a_pickle_that_is_cut_is_named(folder):
    path = as_pickle(folder) / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-200])
    assert "pytorch_model.bin is damaged" in fault(folder)


def an_output_weight(weights):
    return next(name for name in sorted(weights) if "lm_head" in name)


def test_a_folder_or_repository_that_is_not_here(tmp_path):
    assert "cmean backends --fetch" in fault("nobody/nothing")
    assert "cmean backends --fetch" in fault(tmp_path / "nothing")


def test_the_revision_of_weights_that_are_not_here_is_not_made_up():
    captioner = registry.create_captioner("llava", {"model": "nobody/nothing"})
    with pytest.raises(WeightsError):
        _ = captioner.revision


def test_another_architecture_is_named_beside_the_one_that_is_taken(tmp_path):
    message = fault(qwen2_audio.build(tmp_path))
    assert "'qwen2_audio'" in message
    assert "llava" in message


@pytest.mark.parametrize(
    "name", ["config.json", WEIGHTS, "tokenizer.json", "processor_config.json"]
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    message = fault(folder)
    assert name in message or "preprocessor_config.json" in message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model_type": 3}', "{}"])
def test_a_configuration_that_is_none(folder, text):
    (folder / "config.json").write_text(text)
    assert str(folder) in fault(folder)


@pytest.mark.parametrize("kept", [0, 7, 1_000, -1])
def test_weights_that_were_cut(folder, kept):
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:kept])
    assert f"{WEIGHTS} is truncated" in fault(folder)


def test_weights_in_several_files_are_put_together(whole, folder):
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - of an extra

    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    mapped = {name: f"part-{len(name) % 2}.safetensors" for name in weights}
    for part in set(mapped.values()):
        here = {name: weights[name] for name in weights if mapped[name] == part}
        save_file(here, folder / part, {"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": mapped}))
    seen = [Excerpt(Kind.ARTWORK, 0, Picture(np.zeros((30, 40, 3), np.uint8)))]
    assert loaded(folder).caption(seen) == loaded(whole).caption(seen)


def test_a_shard_that_the_index_names_and_that_is_not_there(folder):
    mapped = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / INDEX).write_text(json.dumps({"weight_map": mapped}))
    (folder / WEIGHTS).rename(folder / mapped["a"])
    assert mapped["b"] in fault(folder)


def test_a_weight_that_is_missing_is_not_made_up(folder):
    message = fault(rewritten(folder, lambda w: w.pop(an_output_weight(w))))
    assert "1 weights are missing (lm_head" in message


def test_a_weight_of_another_shape(folder):
    def narrow(weights):
        name = an_output_weight(weights)
        weights[name] = np.ascontiguousarray(weights[name][:, :-1])

    assert "another shape" in fault(rewritten(folder, narrow))


def test_a_weight_that_is_left_over(folder):
    def deepen(weights):
        weights["model.language_model.layers.9.mlp.up_proj.weight"] = np.ones((2, 2), np.float32)

    assert "1 weights are layers beyond those" in fault(rewritten(folder, deepen))


def test_settings_without_the_size_of_a_patch(folder):
    file = folder / "processor_config.json"
    settings = json.loads(file.read_text())
    del settings["patch_size"]
    file.write_text(json.dumps(settings))
    assert "patch_size" in fault(folder)


def test_a_model_that_is_not_made_to_chat(folder):
    (folder / "chat_template.jinja").unlink()
    assert "no chat template" in fault(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtype": "int8"},
        {"quantization": "2bit"},
        {"max_new_tokens": 0},
        {"temperature": -1.0},
        {"colour": "red"},
    ],
)
def test_a_parameter_without_sense(whole, wrong):
    with pytest.raises(ConfigError):
        loaded(whole, **wrong)


def test_bounds_of_pixels_without_sense(whole):
    with pytest.raises(ConfigError, match="max_pixels"):
        loaded(whole, "qwen2.5-vl", min_pixels=9_000, max_pixels=4_000)


def test_four_bit_weights_without_their_library(whole, monkeypatch):
    monkeypatch.setattr(quantization, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"cmean\[quantized\]"):
        loaded(whole, quantization="4bit")


def test_four_bit_weights_that_would_shrink_nothing_are_refused(tmp_path):
    """Of a mixture of experts, whose tensors of three axes stay as they are."""
    experts = qwen3_omni.build(tmp_path / "experts")
    with pytest.raises(ConfigError, match=r"leave 8\d% .* remove 'quantization'") as caught:
        loaded(experts, "qwen3-omni", quantization="4bit")
    assert "\n" not in str(caught.value)


def test_only_the_language_model_is_quantized(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(quantization, "find_spec", lambda _: True)
    monkeypatch.setattr("transformers.BitsAndBytesConfig", lambda **given: asked.append(given))
    folder = qwen2_audio.build(tmp_path / "listener")
    loaded(folder, "qwen2-audio", quantization="4bit")
    outer = ["model.audio_tower", "model.multi_modal_projector", "lm_head"]
    assert asked[0]["llm_int8_skip_modules"] == outer


def test_a_gpu_without_bfloat16_is_told(whole, monkeypatch):
    import torch

    monkeypatch.setenv("CMEAN_DEVICE", "cuda")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="does not compute in bfloat16: set dtype"):
        loaded(whole, dtype="bfloat16")


def test_a_model_is_spread_over_all_devices_where_that_is_wanted(whole, monkeypatch):
    import torch

    seen = picture(30, 40)
    wanted = loaded(whole).caption([excerpt(seen)])
    monkeypatch.setenv("CMEAN_DEVICE", "auto")
    assert loaded(whole).caption([excerpt(seen)]) == wanted
    spread = SimpleNamespace(hf_device_map={"model.layers.0": 0, "model.layers.1": "cpu"})
    torch_tools.check_placement(spread)  # there is no GPU here
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(MemoryError, match="does not fit on the 2 GPUs"):
        torch_tools.check_placement(spread)


def test_loading_says_nothing(whole, capfd):
    loaded(whole)
    assert capfd.readouterr() == ("", "")
