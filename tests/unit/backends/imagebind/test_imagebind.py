"""ImageBind: its vectors equal the published model's, and cover all of what they stand for."""

import gc
import hashlib
import importlib
import sys
import types
import weakref
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from checkpoints import imagebind
from PIL import Image

from cmean.backends.embedders.imagebind import pictures, sizes, sounds
from cmean.backends.embedders.imagebind.texts import Tokenizer
from cmean.domain import Excerpt, Kind, Picture, Sound
from cmean.errors import EmbeddingError
from cmean.util.covering_windows import cover_with_windows

pytest.importorskip("torch", reason="the models extra is not installed")
pytest.importorskip("transformers", reason="the models extra is not installed")

RATE = 16_000
LONG_TEXT = "the cat and the inn, " * 40
TOWERS = ("vision", "audio", "text")
# SHA-256 of all names and shapes of imagebind_huge, sorted, one a line
HUGE_DIGEST = "4f43fccb5a7f9902f0b37af6b629976192d11056142ffeb98be7b030cd444dd1"


def picture(height, width, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Excerpt(Kind.ARTWORK, 0, Picture(pixels))


def sound(seconds, seed=0, rate=RATE):
    samples = np.random.default_rng(seed).normal(0, 0.1, int(seconds * rate))
    return Excerpt(Kind.TRACK, 0, Sound(samples.astype(np.float32), rate))


def tone(seconds):
    samples = np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)
    return Excerpt(Kind.TRACK, 0, Sound(samples.astype(np.float32), RATE))


# --- the published model ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def published():
    """The published model's code, from a package of others, without what it would need to train.

    Its `__init__` wants libraries of sound and video; its model wants four functions of others.
    """
    root = importlib.util.find_spec("imagebind")
    if root is None:
        pytest.skip("the published model's code is not installed (imagebind-unofficial)")
    import torch

    package = types.ModuleType("imagebind")
    package.__path__ = list(root.submodule_search_locations)
    stubs = {
        "imagebind": package,
        "einops": types.SimpleNamespace(rearrange=lambda tensor, _: tensor.transpose(0, 1)),
        "ftfy": types.SimpleNamespace(fix_text=str),
        "iopath": types.ModuleType("iopath"),
        "iopath.common": types.ModuleType("iopath.common"),
        "iopath.common.file_io": types.SimpleNamespace(g_pathmgr=types.SimpleNamespace(open=open)),
        "timm": types.ModuleType("timm"),
        "timm.layers": types.SimpleNamespace(
            DropPath=torch.nn.Dropout, trunc_normal_=torch.nn.init.trunc_normal_
        ),
    }
    before = dict(sys.modules)
    sys.modules.update(stubs)
    try:
        model = importlib.import_module("imagebind.models.imagebind_model")
        inputs = importlib.import_module("imagebind.models.multimodal_preprocessors")
    finally:
        sys.modules.clear()
        sys.modules.update(before)
    return types.SimpleNamespace(model=model, inputs=inputs, folder=Path(package.__path__[0]))


@pytest.fixture(scope="module")
def reference(published):
    """The published model at the tiny checkpoint's sizes, with its weights."""
    given = {k: v for k, v in imagebind.SIZES.items() if k != "text_vocab_size"}
    model = published.model.ImageBindModel(**given)
    model.modality_preprocessors["text"] = published.inputs.TextPreprocessor(
        imagebind.SIZES["text_vocab_size"], 77, imagebind.SIZES["text_embed_dim"], True
    )
    ours = {k: v for k, v in imagebind.weights().items() if k.split(".")[1] in TOWERS}
    found = model.load_state_dict(ours, strict=False)
    assert not found.unexpected_keys
    assert not [name for name in found.missing_keys if name.split(".")[1] in TOWERS]
    return model.eval()


def in_reference(reference, modality, inputs):
    import torch

    with torch.inference_mode():
        vectors = reference({modality: torch.from_numpy(np.stack(inputs))})[modality].numpy()
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_vectors_equal_the_published_models(reference, embedder, folder):
    red = np.full((500, 224, 3), (250, 20, 20), np.uint8)
    batch = [picture(230, 300), Excerpt(Kind.ARTWORK, 0, Picture(red))]
    pixels = [pictures.normalise_picture(excerpt.media.pixels) for excerpt in batch]
    heard = [sound(7.3), tone(4)]  # of several clips, whose mean it takes as well
    clips = [
        np.stack(list(sounds.compute_clip_spectrograms(excerpt.media.samples))) for excerpt in heard
    ]
    texts = ["the cat in the inn", "an ant", "The END of 9 days"]
    ids = [next(iter(Tokenizer(folder, 518).cut_windows(text))) for text in texts]
    pairs = {
        "image": (in_reference(reference, "vision", pixels), embedder.embed(batch)),
        "audio": (
            np.concatenate([in_reference(reference, "audio", [clip]) for clip in clips]),
            embedder.embed(heard),
        ),
        "text": (in_reference(reference, "text", ids), embedder.embed_texts(texts)),
    }
    for modality, (theirs, ours) in pairs.items():
        off = float(np.abs(theirs - np.stack(ours)).max())
        print(f"{modality}: at most {off:.1e} off the published model")
        assert off <= 1e-5
        assert np.abs(theirs[0] - theirs[1]).max() > 0.01  # or the weights would say nothing


def shapes_of_the_published_size():
    import torch

    from cmean.backends.embedders.imagebind.towers import (  # noqa: PLC0415 - it imports PyTorch
        ImageBind,
    )

    with torch.device("meta"):
        state = ImageBind(sizes.TowerSizes()).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def test_tensors_of_the_published_size_have_the_published_names_and_shapes():
    shapes = shapes_of_the_published_size()
    listed = "\n".join(f"{name} {shapes[name]}" for name in sorted(shapes))
    assert hashlib.sha256(listed.encode()).hexdigest() == HUGE_DIGEST
    assert shapes["modality_heads.vision.2.weight"] == (1024, 1280)


def test_tensors_of_the_published_size_are_those_of_the_published_code(published, monkeypatch):
    import torch

    # it reads these numbers, and there are none on the meta device
    monkeypatch.setattr(torch, "linspace", partial(torch.linspace, device="cpu"))
    with torch.device("meta"):
        state = published.model.imagebind_huge().state_dict()
    theirs = {name: tuple(t.shape) for name, t in state.items() if name.split(".")[1] in TOWERS}
    assert shapes_of_the_published_size() == theirs


def test_texts_have_the_published_tokens(published, tmp_path):
    vocabulary = published.folder / "bpe" / "bpe_simple_vocab_16e6.txt.gz"
    theirs = published.inputs.SimpleTokenizer(str(vocabulary))
    merges = [" ".join(merge) for merge in theirs.bpe_ranks]
    imagebind.write_tokenizer(tmp_path, merges)
    ours = Tokenizer(tmp_path, 49_408)
    for text in (
        "A melancholic cello, slow & low.",
        "Don't  stop:\n128 BPM!",
        "Café — Ärger, 東京",
    ):
        assert next(iter(ours.cut_windows(text))).tolist() == theirs(text).tolist()


# --- what the towers are given ---------------------------------------------------------------


@pytest.mark.parametrize("shape", [(224, 224), (600, 311), (100, 517), (30, 31)])
def test_a_picture_is_resized_then_cropped(shape):
    height, width = shape
    coarse = Image.fromarray(picture(5, 7).media.pixels)
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BILINEAR)) // 2 + 60
    found = pictures.normalise_picture(pixels)
    short = min(shape)
    resized = Image.fromarray(pixels).resize(
        (224 * width // short, 224 * height // short), Image.Resampling.BICUBIC
    )
    left, top = (round((side - 224) / 2) for side in resized.size)
    plain = np.asarray(resized.crop((left, top, left + 224, top + 224)), np.float64) / 255
    expected = (plain - pictures._MEAN) / pictures._STD  # noqa: SLF001 - published constants
    assert found.shape == (3, 224, 224)
    assert found.dtype == np.float32
    assert np.abs(found - expected.transpose(2, 0, 1)).max() < 1.01 / 255 / 0.26


def test_a_very_long_picture_needs_no_more_memory_than_it_has():
    assert pictures.normalise_picture(np.zeros((1, 20_000, 3), np.uint8)).shape == (3, 224, 224)


def kaldi(samples):
    """Kaldi's log-mel filter bank by its formulas, frame by frame, in float64."""

    def mel(hertz):
        return 1127 * np.log1p(hertz / 700)

    edges = np.linspace(mel(20), mel(8000), 130)
    bins = mel(np.arange(257) * RATE / 512)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.clip(np.minimum(rising, falling), 0, None)
    rows = []
    for start in range(0, len(samples) - 399, 160):
        frame = samples[start : start + 400].astype(np.float64)
        frame -= frame.mean()
        frame -= 0.97 * np.concatenate([frame[:1], frame[:-1]])
        frame *= 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
        rows.append(np.abs(np.fft.rfft(frame, 512)) ** 2 @ filters)
    return np.log(np.maximum(rows, np.finfo(np.float32).eps)).T


@pytest.mark.parametrize("level", [1e-5, 0.1, 1.0])
def test_the_spectrogram_is_kaldis(level):
    samples = np.random.default_rng(0).normal(0, level, 8_000).astype(np.float32)
    off = np.abs(sounds.compute_filter_bank(samples) - kaldi(samples)).max()
    print(f"at most {off:.1e} off Kaldi's formula")
    assert off < 2e-4


def test_missing_frames_are_zero_before_the_training_mean_is_taken_off():
    clip = next(iter(sounds.compute_clip_spectrograms(sound(1).media.samples)))
    assert clip.shape == (1, 128, 204)
    assert clip[0, :, 98:] == pytest.approx(4.268 / 9.138)
    assert np.ptp(clip[0, :, :98]) > 0.1


@pytest.mark.parametrize(("length", "starts"), [(1, [0]), (5, [0]), (6, [0, 1]), (15, [0, 5, 10])])
def test_windows_cover_all_and_the_last_ends_at_the_end(length, starts):
    assert [start for start, _ in cover_with_windows(length, 5, 5)] == starts


# --- the embedder ----------------------------------------------------------------------------


def test_vectors_do_not_depend_on_the_batch(embedder):
    batch = [picture(50, 70), sound(5), picture(300, 240, seed=1), sound(0.4), sound(2.1, seed=2)]
    together = embedder.embed(batch)
    for excerpt, vector in zip(batch, together, strict=True):
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
        assert vector == pytest.approx(embedder.embed([excerpt])[0], abs=1e-5)


def test_texts_vectors_do_not_depend_on_the_batch(embedder):
    texts = ["an inn", LONG_TEXT, "The end."]
    for text, vector in zip(texts, embedder.embed_texts(texts), strict=True):
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
        assert vector == pytest.approx(embedder.embed_texts([text])[0], abs=1e-5)


def test_the_same_has_the_same_vector(folder, embedder):
    again = imagebind.loaded(folder)
    assert again.revision == embedder.revision
    batch = [picture(40, 40), sound(3)]
    for one, other in zip(embedder.embed(batch), again.embed(batch), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(embedder.embed_texts(["an inn"]), again.embed_texts(["an inn"]))


def test_all_of_a_long_sound_counts(embedder, monkeypatch):
    monkeypatch.setattr("cmean.backends.embedders.imagebind._AT_ONCE", 3)
    samples = sound(13).media.samples  # more windows than now go through the tower together
    whole = embedder.embed([Excerpt(Kind.TRACK, 0, Sound(samples, RATE))])[0]
    parts = [
        Excerpt(Kind.TRACK, 0, Sound(samples[start:end], RATE))
        for start, end in cover_with_windows(len(samples), sounds.CLIP, sounds.STEP)
    ]
    mean = np.mean(embedder.embed(parts), axis=0)
    assert whole == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


@pytest.mark.parametrize("seconds", [0.7, 2, 3.1, 7.5, 30])
@pytest.mark.parametrize("clips", [1, 3])
def test_clips_are_spread_from_the_beginning_to_the_end(folder, embedder, seconds, clips):
    samples = sound(seconds).media.samples
    latest = max(0, len(samples) - sounds.CLIP)
    starts = [0, latest // 2, latest][:clips]
    (heard,) = imagebind.loaded(folder, clips=clips).embed([excerpt_of(samples)])
    parts = [excerpt_of(samples[start : start + sounds.CLIP]) for start in starts]
    mean = np.mean(embedder.embed(parts), axis=0)
    assert heard == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def excerpt_of(samples):
    return Excerpt(Kind.TRACK, 0, Sound(samples, RATE))


def test_clips_change_nothing_for_pictures_and_texts(folder, embedder):
    three = imagebind.loaded(folder, clips=3)
    assert np.array_equal(three.embed([picture(40, 50)]), embedder.embed([picture(40, 50)]))
    assert np.array_equal(three.embed_texts([LONG_TEXT]), embedder.embed_texts([LONG_TEXT]))


@pytest.mark.parametrize("second", [0, 1.9875, 3.5, 5.9])
def test_a_click_anywhere_changes_the_vector(embedder, second):
    samples = sound(6).media.samples
    clicked = samples.copy()
    clicked[int(second * RATE) :][:200] *= 30
    one, other = embedder.embed(
        [Excerpt(Kind.TRACK, 0, Sound(s, RATE)) for s in (samples, clicked)]
    )
    assert not np.allclose(one, other, atol=1e-5)


def test_all_of_a_long_text_counts(embedder):
    one, other = embedder.embed_texts([LONG_TEXT + "an inn", LONG_TEXT + "an ant"])
    assert not np.allclose(one, other, atol=1e-5)


def test_what_looks_like_an_end_of_text_does_not_end_it(embedder):
    one, other = embedder.embed_texts(["<|endoftext|> an inn", "<|endoftext|> the cat"])
    assert not np.allclose(one, other, atol=1e-5)


def test_half_precision_is_close(folder, embedder):
    rough = imagebind.loaded(folder, dtype="bfloat16")
    batch = [picture(60, 60), sound(2)]
    for one, other in zip(rough.embed(batch), embedder.embed(batch), strict=True):
        assert one.dtype == np.float32
        assert float(one @ other) > 0.99
    assert float(rough.embed_texts(["an inn"])[0] @ embedder.embed_texts(["an inn"])[0]) > 0.99


def test_unload_gives_the_memory_back(folder):
    embedder = imagebind.loaded(folder)
    alive = weakref.ref(embedder._towers)  # noqa: SLF001 - what must not outlive `unload`
    embedder.embed_texts(["an inn"])
    embedder.unload()
    gc.collect()
    assert alive() is None
    embedder.load()
    assert len(embedder.embed_texts(["an inn"])) == 1


def test_the_file_that_was_published_first_has_the_same_vectors(copied, embedder):
    import torch

    (copied / imagebind.CHECKPOINT).unlink()
    torch.save(imagebind.weights(), copied / "imagebind_huge.pth")
    vector = imagebind.loaded(copied).embed_texts(["an inn"])[0]
    assert vector == pytest.approx(embedder.embed_texts(["an inn"])[0], abs=1e-6)


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("excerpt", "reason"),
    [
        (sound(1, rate=44_100), "sample-rate"),
        (sound(0), "empty-sound"),
        (picture(0, 5), "empty-picture"),
    ],
)
def test_what_cannot_be_embedded_is_told(embedder, excerpt, reason):
    with pytest.raises(EmbeddingError) as told:
        embedder.embed([excerpt])
    assert told.value.reason == reason


def test_an_empty_text_is_told(embedder):
    with pytest.raises(EmbeddingError, match="visible character"):
        embedder.embed_texts(["an inn", " \n"])


def test_nothing_gives_nothing(embedder):
    assert embedder.embed([]) == []
    assert embedder.embed_texts([]) == []


def test_out_of_memory_is_a_memory_error(embedder, monkeypatch):
    import torch

    def full(*_):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(type(embedder._towers), "texts", full)  # noqa: SLF001 - a full GPU
    with pytest.raises(MemoryError):
        embedder.embed_texts(["an inn"])
