"""The embedder of captions by their words, and the mapper that gives one triple to all."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.backends import registry
from cmean.domain import Excerpt, Kind, Picture, Role
from cmean.errors import ConfigError, EmbeddingError

WORDS = st.lists(
    st.sampled_from(["calm", "sad", "bright", "drum", "sea", "élan", "the", "of"]), min_size=1
).filter(lambda words: set(words) - {"the", "of"})


@pytest.fixture(scope="module")
def embedder():
    made = registry.create_embedder("embedded-text", {})
    made.load()
    return made


def test_vectors_are_float32_of_length_one(embedder):
    (vector,) = embedder.embed_texts(["A calm sea."])
    assert (vector.dtype, vector.shape) == (np.float32, (512,))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


@given(words=WORDS, seed=st.randoms())
def test_neither_order_nor_case_nor_function_words_nor_the_batch_matter(embedder, words, seed):
    shuffled = list(words)
    seed.shuffle(shuffled)
    texts = [" ".join(words), ", ".join(shuffled).upper(), "THE " + " ".join(words), "forest"]
    one, *others, _ = embedder.embed_texts(texts)
    assert all((one == other).all() for other in others)
    assert (embedder.embed_texts(texts[:1])[0] == one).all()


def test_the_more_words_are_shared_the_nearer(embedder):
    texts = ["a calm blue sea", "the calm blue lake", "a calm red fire", "loud drums, fast"]
    vectors = np.array(embedder.embed_texts(texts))
    near = vectors[0] @ vectors[1:].T
    assert near[0] > near[1] > near[2]
    assert near[0] == pytest.approx(2 / 3, abs=1e-6)


def test_a_vector_is_what_the_module_says_on_every_platform(embedder):
    (vector,) = embedder.embed_texts(["sea sea calm"])
    expected = np.zeros(512)
    for word, weight in (("sea", 1 + np.log(2)), ("calm", 1.0)):
        number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        expected[number % 512] += weight if number >> 63 else -weight
    expected /= np.linalg.norm(expected)
    assert vector == pytest.approx(expected, abs=1e-7)
    digest = hashlib.sha256(vector.astype("<f4").tobytes()).hexdigest()
    assert digest[:12] == "3df1e911f5fd"


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty-text"), (" \n", "empty-text"), ("of the 12 %", "no-words")]
)
def test_a_text_without_words_is_a_typed_failure(embedder, text, reason):
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed_texts([text])
    assert caught.value.reason == reason


def test_media_are_refused(embedder):
    picture = Picture(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(EmbeddingError, match="takes captions") as caught:
        embedder.embed([Excerpt(Kind.ARTWORK, 0, picture)])
    assert caught.value.reason == "not-a-text"
    assert embedder.embed([]) == []
    assert registry.get_info("embedded-text").kinds == ()


def test_the_constant_mapper_gives_one_triple_to_all():
    assert [tuple(rgb) for rgb in registry.create_mapper("constant", {}).map(["a", ""])] == [
        (128,) * 3
    ] * 2
    (rgb,) = registry.create_mapper("constant", {"red": 1, "green": 2, "blue": 3}).map(["a"])
    assert tuple(rgb) == (1, 2, 3)


@pytest.mark.parametrize("wrong", [-1, 256, 1.5, "red", True])
def test_a_triple_that_is_none_is_refused(wrong):
    with pytest.raises(ConfigError, match="is a whole number"):
        registry.create_mapper("constant", {"green": wrong})


def test_no_profile_can_choose_a_step_without_a_model():
    assert "shuffle" not in {info.name for info in registry.list_backends()}
    with pytest.raises(ConfigError, match="does not take tracks"):
        registry.get_info("shuffle", Role.CAPTIONER, Kind.TRACK)
