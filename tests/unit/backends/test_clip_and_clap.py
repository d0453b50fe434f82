"""CLIP and CLAP keep what every embedder promises, on tiny checkpoints."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from checkpoints import clap, clip, spoiling
from hypothesis import given
from hypothesis import strategies as st

from cmean.backends import registry
from cmean.domain import Excerpt, Kind, Picture, Sound
from cmean.errors import EmbeddingError
from cmean.util.covering_windows import (
    average_unit_vectors,
    cover_with_windows,
    embed_windows,
    normalise_vector,
)

BUILDERS = {
    "clip": ("clip", clip.build),
    "clap": ("clap", clap.build),
    "clap-fused": ("clap", lambda folder: clap.build(folder, fusion=True)),
}
HEARING = ("clap", "clap-fused")
CLOSE = 1e-5
TEXTS = ("a calm sea", "thunder", "a long, slow and quiet song of the evening " * 5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: build(tmp_path_factory.mktemp(name)) for name, (_, build) in BUILDERS.items()}


@pytest.fixture(params=BUILDERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def ready(folders):
    """Loads an embedder once for all tests that only use it."""
    return cache(lambda name: loaded(name, folders[name]))


@pytest.fixture
def embedder(name, ready):
    return ready(name)


def created(name, folder, **parameters):
    return registry.create_embedder(BUILDERS[name][0], {"model": str(folder)} | parameters)


def loaded(name, folder, **parameters):
    embedder = created(name, folder, **parameters)
    embedder.load()
    return embedder


def picture(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Excerpt(Kind.ARTWORK, 0, Picture(pixels))


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


def sound(samples, rate=clap.RATE):
    return Excerpt(Kind.TRACK, 0, Sound(np.asarray(samples, np.float32), rate))


def tone(hertz, samples):
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / clap.RATE)


def media(name):
    """Excerpts of several lengths or sizes that the embedder takes."""
    if name == "clip":
        sizes = ((40, 50), (3, 9), (64, 64), (200, 30))
        return [picture(*size, seed) for seed, size in enumerate(sizes)]
    second = clap.RATE * clap.SECONDS
    lengths = (second, 1, 100, second - 1, second + 1, 3 * second + 77)
    return [sound(noise(length, length)) for length in lengths]


def assert_same(first, second):
    assert len(first) == len(second)
    np.testing.assert_allclose(np.array(first), np.array(second), rtol=0, atol=CLOSE)


def test_vectors_are_float32_of_length_one(embedder, name):
    for vector in [*embedder.embed(media(name)), *embedder.embed_texts(TEXTS)]:
        assert vector.dtype == np.float32
        assert vector.shape == (16,)
        assert abs(np.linalg.norm(vector) - 1) < CLOSE


def test_vectors_tell_things_apart(embedder, name):
    for vectors in (embedder.embed(media(name)), embedder.embed_texts(TEXTS)):
        assert np.linalg.norm(vectors[0] - vectors[1]) > 100 * CLOSE


def test_a_short_text_is_embedded_as_the_model_does_it(embedder, name, folders):
    import transformers as hf

    kind = hf.CLIPModel if name == "clip" else hf.ClapModel
    inputs = hf.AutoTokenizer.from_pretrained(folders[name])(["a calm sea"], return_tensors="pt")
    features = kind.from_pretrained(folders[name]).get_text_features(**inputs).pooler_output
    assert_same(
        embedder.embed_texts(["a calm sea"]), [normalise_vector(features[0].detach().numpy())]
    )


@pytest.mark.parametrize("place", [0, 40, 99])
def test_every_part_of_a_long_text_counts(embedder, place):
    words = ["sea"] * 100
    words[place] = "fire"
    one, other = embedder.embed_texts([" ".join(["sea"] * 100), " ".join(words)])
    assert np.linalg.norm(one - other) > 10 * CLOSE


def test_a_text_that_spells_the_end_does_not_end_there(embedder):
    end = "<|endoftext|></s>"
    one, other = embedder.embed_texts([f"a {end} b", f"a {end} c"])
    assert np.linalg.norm(one - other) > 10 * CLOSE


def test_pictures_are_embedded_as_the_model_does_it(folders):
    import transformers as hf

    excerpt = picture(40, 50, 1)
    processor = hf.CLIPImageProcessorPil.from_pretrained(folders["clip"])
    inputs = processor(excerpt.media.pixels, return_tensors="pt")
    model = hf.CLIPModel.from_pretrained(folders["clip"])
    features = model.get_image_features(**inputs).pooler_output[0].detach().numpy()
    assert_same(loaded("clip", folders["clip"]).embed([excerpt]), [normalise_vector(features)])


@pytest.mark.parametrize("name", HEARING)
@pytest.mark.parametrize("samples", [clap.RATE * clap.SECONDS, 20_000])
def test_a_short_sound_is_embedded_as_the_model_does_it(embedder, name, folders, samples):
    import torch
    import transformers as hf

    heard = noise(samples)
    extractor = hf.ClapFeatureExtractor.from_pretrained(folders[name])
    assert extractor.padding == "repeatpad"
    inputs = extractor(heard, sampling_rate=clap.RATE, return_tensors="pt")
    features = (
        hf.ClapModel.from_pretrained(folders[name])
        .get_audio_features(inputs["input_features"].float(), is_longer=torch.tensor([[False]]))
        .pooler_output
    )
    assert_same(embedder.embed([sound(heard)]), [normalise_vector(features[0].detach().numpy())])


@pytest.mark.parametrize("name", HEARING)
def test_a_long_sound_is_the_mean_of_windows_to_its_end(embedder):
    second = clap.RATE * clap.SECONDS
    long = tone(440, 5 * second // 2)
    long[-second // 4 :] = noise(second // 4)
    parts = [long[:second], long[second : 2 * second], long[-second:]]
    windows = embedder.embed([sound(part) for part in parts])
    assert_same(embedder.embed([sound(long)]), [average_unit_vectors(windows)])


def test_the_table_of_positions_in_old_checkpoints_is_passed_over(name, folders, tmp_path):
    import torch

    positions = clip.TOKENS if name == "clip" else clap.POSITIONS
    table = {"text_model.embeddings.position_ids": torch.arange(positions)[None]}
    old = spoiling.with_weights(folders[name], tmp_path / "old", lambda w: w.update(table))
    assert_same(
        loaded(name, old).embed_texts(TEXTS), loaded(name, folders[name]).embed_texts(TEXTS)
    )


def test_old_clip_configurations_that_name_another_end_give_the_same(folders, tmp_path):
    old = spoiling.with_setting(folders["clip"], tmp_path / "old", 2, "text_config", "eos_token_id")
    new = loaded("clip", folders["clip"]).embed_texts(TEXTS)
    assert_same(loaded("clip", old).embed_texts(TEXTS), new)


@given(st.integers(0, 5000), st.integers(1, 700))
def test_windows_cover_everything_and_none_is_longer_than_the_size(length, size):
    windows = cover_with_windows(length, size)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    assert all(end - start == min(size, length) for start, end in windows)
    gaps = [(a, b) for a, b in pairwise(windows) if b[0] > a[1]]
    assert not gaps
    assert len(windows) == max(1, -(-length // size))


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=9))
def test_the_mean_of_vectors_has_length_one_or_is_refused(rows):
    try:
        found = average_unit_vectors([np.array(row, np.float32) for row in rows])
    except EmbeddingError as error:
        assert error.reason == "no-vector"  # noqa: PT017 - both outcomes are right
    else:
        assert abs(np.linalg.norm(found) - 1) < CLOSE


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_vector_without_a_direction_is_refused(value):
    with pytest.raises(EmbeddingError):
        normalise_vector(np.full(4, value, np.float32))


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), max_size=5), st.integers(1, 7))
def test_windows_are_embedded_few_at_once_and_each_thing_gets_its_own(things, at_once):
    sizes = []

    def embed(windows):
        sizes.append(len(windows))
        return np.array([[window, 1] for window in windows], np.float32)

    found = embed_windows(things, embed, at_once)
    assert_same(found, [average_unit_vectors(embed(windows)) for windows in things])
    assert all(size <= at_once for size in sizes[: len(sizes) - len(things)])
