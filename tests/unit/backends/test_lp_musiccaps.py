"""LP-MusicCaps: hears what it was trained to hear, and reads only the published tensors."""

import gc
import json
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from checkpoints import lp_musiccaps

from cmean.backends import registry
from cmean.backends.captioners import lp_musiccaps_mel
from cmean.backends.captioners.lp_musiccaps import FILES_TO_FETCH
from cmean.domain import Excerpt, FinishReason, Kind, Picture, Sound
from cmean.errors import CaptionError, ConfigError, WeightsError
from cmean.protocols import PreparingCaptioner

pytest.importorskip("torch", reason="the models extra is not installed")
pytest.importorskip("transformers", reason="the models extra is not installed")

RATE = 16_000
SHORT = 12  # tokens: enough to tell captions apart


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return lp_musiccaps.build(tmp_path_factory.mktemp("weights") / "lp-musiccaps")


@pytest.fixture
def copied(folder, tmp_path):
    """A checkpoint that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "lp-musiccaps"))


@pytest.fixture(scope="module")
def captioner(folder):
    return loaded(folder, max_new_tokens=SHORT)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """For so small a model, a second thread costs more than it brings."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("CMEAN_DEVICE", "cpu")


@pytest.fixture
def models(monkeypatch, tmp_path):
    """A folder of models, and nothing fetched."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", tmp_path / "cache")
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def loaded(folder, **parameters):
    found = registry.create_captioner("lp-musiccaps", {"model": str(folder)} | parameters)
    found.load()
    return found


def excerpt(samples, rate=RATE):
    return Excerpt(Kind.TRACK, 0, Sound(np.asarray(samples, np.float32), rate))


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE))


def tone(seconds, hertz=440):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


# the first is as long as the model hears, the last but a few samples
BATCH = [excerpt(s) for s in (noise(10), tone(10), noise(3, seed=1), tone(6, 1_400), noise(0.01))]


def texts(captions):
    return [caption.text for caption in captions]


# --- what it hears ---------------------------------------------------------------------------


def decibels_by_formula(samples, frame):
    """One frame of the published spectrogram, by sums and formulas, in float64."""
    padded = np.zeros(10 * RATE)
    padded[: len(samples)] = samples
    n = np.arange(1024)
    places = frame * 160 - 512 + n
    places = np.abs(places)  # mirrored at the beginning …
    places = np.where(places >= len(padded), 2 * (len(padded) - 1) - places, places)  # … and end
    windowed = padded[places] * np.sin(np.pi * n / 1024) ** 2
    real = np.cos(2 * np.pi * np.outer(np.arange(513), n) / 1024) @ windowed

    def mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)

    def hertz(mels):
        return 700 * (10 ** (mels / 2595) - 1)

    edges = [hertz(mel(8000) * i / 129) for i in range(130)]
    bins = np.arange(513) * RATE / 1024
    energies = [
        np.interp(bins, edges[i : i + 3], [0, 1, 0]) @ real**2  # a triangle
        for i in range(128)
    ]
    return 10 * np.log10(np.maximum(energies, 1e-10))


@pytest.mark.parametrize("frame", [0, 2, 317, 998, 1000])
def test_the_spectrogram_is_the_published_one(frame):
    samples = noise(10).astype(np.float32)
    found = lp_musiccaps_mel.compute_musiccaps_spectrogram(samples)
    assert found.shape == (128, 1001)
    off = np.abs(found[:, frame] - decibels_by_formula(samples, frame)).max()
    print(f"frame {frame}: at most {off:.1e} dB off the formula")
    assert off < 1e-3


def test_the_spectrogram_is_that_of_the_transform_of_torch():
    import torch

    samples = noise(4).astype(np.float32)
    padded = torch.zeros(10 * RATE)
    padded[: len(samples)] = torch.from_numpy(samples)
    window = torch.hann_window(1024)
    squares = torch.stft(padded, 1024, 160, window=window, return_complex=True).real ** 2
    filters = torch.from_numpy(lp_musiccaps_mel._load_filters()).float()  # noqa: SLF001 - tested above
    theirs = 10 * torch.log10((filters.T @ squares).clamp(min=1e-10))
    assert (
        np.abs(theirs.numpy() - lp_musiccaps_mel.compute_musiccaps_spectrogram(samples)).max()
        < 0.05
    )


def test_a_short_sound_is_followed_by_silence():
    found = lp_musiccaps_mel.compute_musiccaps_spectrogram(noise(1).astype(np.float32))
    assert (found[:, 110:] == -100).all()
    assert found[:, :90].max() > -20


# --- the published model ---------------------------------------------------------------------


def test_tensors_of_the_published_size_have_the_published_names_and_shapes():
    import torch
    from transformers import BartConfig

    from cmean.backends.captioners.lp_musiccaps_model import (  # noqa: PLC0415 - it imports PyTorch
        LPMusicCaps,
    )

    layers = {"encoder_layers": 6, "decoder_layers": 6}
    heads = {"encoder_attention_heads": 12, "decoder_attention_heads": 12}
    wide = {"d_model": 768, "encoder_ffn_dim": 3072, "decoder_ffn_dim": 3072}
    with torch.device("meta"):
        state = LPMusicCaps(BartConfig(**layers, **heads, **wide)).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    hearing = {name: shape for name, shape in shapes.items() if name.startswith("audio_encoder.")}
    assert hearing == {
        "audio_encoder.positional_embedding": (32, 768),
        "audio_encoder.conv1.weight": (768, 128, 3),
        "audio_encoder.conv1.bias": (768,),
        **{f"audio_encoder.conv_stack.{i}.weight": (768, 768, 3) for i in range(5)},
        **{f"audio_encoder.conv_stack.{i}.bias": (768,) for i in range(5)},
    }
    writing = shapes.keys() - hearing.keys()
    assert {name.split(".")[0] for name in writing} == {"bart"}
    assert len(writing) == 5 + 2 + 4 + 6 * 16 + 6 * 26  # words, places, norms, blocks
    assert shapes["bart.model.decoder.layers.5.encoder_attn.q_proj.weight"] == (768, 768)
    assert shapes["bart.lm_head.weight"] == (50_265, 768)


def test_captions_are_what_the_published_steps_write(folder, captioner):
    import torch
    from torch.nn.functional import conv1d, gelu
    from transformers.modeling_outputs import BaseModelOutput

    path = folder / lp_musiccaps.CHECKPOINT
    state = torch.load(path, weights_only=True)["state_dict"]
    bart = captioner._network.bart  # noqa: SLF001 - a model of transformers

    def layer(x, name, stride):
        weight, bias = state[f"audio_encoder.{name}.weight"], state[f"audio_encoder.{name}.bias"]
        return gelu(conv1d(x, weight, bias, stride=stride, padding=1))

    with torch.inference_mode():
        x = layer(torch.from_numpy(captioner.prepare(BATCH)), "conv1", 1)
        for i in range(5):
            x = layer(x, f"conv_stack.{i}", 2)
        x = x.permute(0, 2, 1) + state["audio_encoder.positional_embedding"]
        heard = bart.model.encoder(inputs_embeds=x).last_hidden_state
        rows = bart.generate(
            encoder_outputs=BaseModelOutput(heard),
            decoder_input_ids=torch.full((len(BATCH), 1), 2),
            max_length=SHORT + 1,
            min_length=2,
            num_beams=5,
            # from here on: as facebook/bart-base's configuration has it
            no_repeat_ngram_size=3,
            early_stopping=True,
            forced_bos_token_id=0,
            forced_eos_token_id=2,
        )
    theirs = captioner._tokenizer.batch_decode(rows, skip_special_tokens=True)  # noqa: SLF001
    assert texts(captioner.caption(BATCH)) == [text.strip() for text in theirs]


# --- the captioner ---------------------------------------------------------------------------


def test_captions_do_not_depend_on_the_batch(captioner):
    together = captioner.caption(BATCH)
    assert len(set(texts(together))) > 2
    assert captioner.caption(BATCH[::-1]) == together[::-1]
    for one, found in zip(BATCH, together, strict=True):
        assert captioner.caption([one]) == [found]


def test_a_caption_that_ends_by_itself_says_so_in_any_batch(folder):
    captioner = loaded(folder, num_beams=2)
    alone = captioner.caption(BATCH[:1])
    assert alone[0].finish_reason is FinishReason.STOP
    assert alone[0].tokens < 125
    assert captioner.caption(BATCH[:2])[:1] == alone  # with one that takes longer


def test_the_same_has_the_same_caption(folder, captioner):
    again = loaded(folder, max_new_tokens=SHORT)
    assert again.revision == captioner.revision
    assert again.caption(BATCH[:2]) == captioner.caption(BATCH[:2])


def test_a_caption_that_is_cut_says_so(captioner):
    found = captioner.caption(BATCH[:1])[0]
    assert found.finish_reason is FinishReason.LENGTH
    assert found.tokens == SHORT - 2  # without those that begin and end it


def test_preparing_and_generating_is_captioning(captioner):
    assert isinstance(captioner, PreparingCaptioner)
    prepared = captioner.prepare(BATCH[:2])
    assert prepared.shape == (2, 128, 1001)
    assert captioner.generate(prepared) == captioner.caption(BATCH[:2])
    assert captioner.caption([]) == []


def test_five_beginnings_are_followed(folder, captioner):
    greedy = loaded(folder, max_new_tokens=SHORT, num_beams=1)
    assert texts(greedy.caption(BATCH)) != texts(captioner.caption(BATCH))


def test_no_three_tokens_are_written_twice(folder):
    captioner = loaded(folder, max_new_tokens=40)
    network, prepared = captioner._network, captioner.prepare(BATCH[:2])  # noqa: SLF001 - its tokens
    import torch

    rows = network.write(torch.from_numpy(prepared), captioner._generation_config).tolist()  # noqa: SLF001
    for row in rows:
        triples = list(zip(row[2:], row[3:], row[4:], strict=False))
        assert len(set(triples)) == len(triples)


def test_it_hears_ten_seconds_at_once(captioner):
    assert captioner.window_seconds == 10.0
    assert len(BATCH[0].media.samples) == captioner.window_seconds * RATE


def test_half_precision_captions(folder):
    found = loaded(folder, dtype="bfloat16", max_new_tokens=SHORT).caption(BATCH[:2])
    assert all(caption.tokens for caption in found)


def test_unload_gives_the_memory_back(folder):
    captioner = loaded(folder, max_new_tokens=SHORT)
    alive = weakref.ref(captioner._network)  # noqa: SLF001 - what must not outlive `unload`
    before = captioner.caption(BATCH[:1])
    captioner.unload()
    gc.collect()
    assert alive() is None
    captioner.load()
    assert captioner.caption(BATCH[:1]) == before


def test_words_are_held_once(folder):
    bart = loaded(folder)._network.bart  # noqa: SLF001 - what it holds
    tables = (bart.model.shared, bart.model.encoder.embed_tokens, bart.lm_head)
    assert len({table.weight.data_ptr() for table in tables}) == 1


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Excerpt(Kind.ARTWORK, 0, Picture(np.zeros((9, 9, 3), np.uint8))), "not-a-sound"),
        (excerpt(noise(1), rate=44_100), "sample-rate"),
        (excerpt([]), "empty-sound"),
        (excerpt(noise(10.001)), "sound-too-long"),
    ],
)
def test_what_cannot_be_heard_is_told(captioner, given, reason):
    with pytest.raises(CaptionError) as told:
        captioner.caption([BATCH[0], given])
    assert told.value.reason == reason


def test_out_of_memory_is_a_memory_error(captioner, monkeypatch):
    import torch

    def full(*_):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(type(captioner._network), "write", full)  # noqa: SLF001 - a full GPU
    with pytest.raises(MemoryError):
        captioner.caption(BATCH[:1])


def test_weights_that_are_not_here_are_told(tmp_path):
    captioner = registry.create_captioner("lp-musiccaps", {"model": str(tmp_path / "none")})
    with pytest.raises(WeightsError, match="not on this machine"):
        captioner.load()


@pytest.mark.parametrize("name", [name for _, name in FILES_TO_FETCH])
@pytest.mark.usefixtures("models")
def test_a_missing_file_is_told(copied, name):
    (copied / name).unlink()
    with pytest.raises(WeightsError, match=r"has no checkpoint|fetch facebook/bart-base") as told:
        loaded(copied)
    assert "\n" not in str(told.value)


def test_what_is_barts_own_may_lie_in_its_repository(copied, captioner, models):
    (models / "facebook" / "bart-base").mkdir(parents=True)
    for _, name in FILES_TO_FETCH[1:]:
        (copied / name).rename(models / "facebook" / "bart-base" / name)
    assert texts(loaded(copied, max_new_tokens=SHORT).caption(BATCH)) == texts(
        captioner.caption(BATCH)
    )


def test_a_damaged_checkpoint_is_told(copied):
    whole = (copied / lp_musiccaps.CHECKPOINT).read_bytes()
    (copied / lp_musiccaps.CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="cannot be read"):
        loaded(copied)


def test_another_architecture_is_told(copied):
    path = copied / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "t5"}))
    with pytest.raises(WeightsError, match="'t5'"):
        loaded(copied)


def test_another_models_tensors_are_told(copied):
    import torch

    torch.save({"state_dict": {"weight": torch.zeros(3)}}, copied / lp_musiccaps.CHECKPOINT)
    with pytest.raises(WeightsError, match=r"lacks \d+ of \d+ tensors, audio_encoder"):
        loaded(copied)


def test_another_size_is_told(copied):
    path = copied / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"decoder_ffn_dim": 64}))
    with pytest.raises(WeightsError, match="another size"):
        loaded(copied)


def test_another_tokenizer_is_told(copied):
    vocabulary = json.loads((copied / "vocab.json").read_text()) | {"more": 999}
    (copied / "vocab.json").write_text(json.dumps(vocabulary))
    with pytest.raises(WeightsError, match="tokenizer"):
        loaded(copied)


@pytest.mark.parametrize(
    "wrong", [{"dtype": "int3"}, {"max_new_tokens": 128}, {"num_beams": 0}, {"prompt": "x"}]
)
def test_parameters_of_no_use_are_told(folder, wrong):
    with pytest.raises(ConfigError):
        registry.create_captioner("lp-musiccaps", {"model": str(folder)} | wrong)
