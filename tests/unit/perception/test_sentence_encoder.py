"""The sentence encoder and the embedder of texts that uses it, on the real weights."""

import numpy as np
import pytest
from minilm import sentence_encoder

from cmean.backends import registry
from cmean.backends.embedders.sentence_text import SentenceTextEmbedder
from cmean.domain import Excerpt, Kind, Picture, Role
from cmean.errors import EmbeddingError, WeightsError
from cmean.perception.networks.sentence_encoder import WIDTH, SentenceEncoder

LAKE, BOAT = (
    "A rowing boat lies on a lake at dawn.",
    "At sunrise, a small boat floats on still water.",
)
DRUMS = "Fast drums and distorted guitars."
LONG = " ".join(f"{LAKE} {DRUMS}" for _ in range(60))
"""Several windows."""


@pytest.fixture(scope="module")
def embedder():
    made = SentenceTextEmbedder(sentence_encoder())
    made.load()
    return made


@pytest.fixture(scope="module")
def encoder():
    return sentence_encoder()


def test_vectors_are_float32_of_length_one(embedder):
    for vector in embedder.embed_texts([LAKE, "🙂", LONG]):
        assert (vector.dtype, vector.shape) == (np.float32, (WIDTH,))
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_meaning_counts_and_not_shared_words(embedder):
    lake, boat, drums = embedder.embed_texts([LAKE, BOAT, DRUMS])
    assert lake @ boat > 0.6
    assert lake @ drums < 0.2


def test_cosines_are_those_of_the_float32_model(embedder):
    # figures of the published float32 weights, run by torch on the same pieces
    lake, boat, drums = embedder.embed_texts([LAKE, BOAT, DRUMS])
    cosines = (lake @ boat, lake @ drums, boat @ drums)
    assert cosines == pytest.approx((0.6694, 0.0752, 0.0254), abs=0.01)


def test_a_vector_does_not_depend_on_the_batch(embedder):
    alone = [embedder.embed_texts([text])[0] for text in (LONG, LAKE, DRUMS)]
    together = embedder.embed_texts([LONG, LAKE, DRUMS])
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))


def test_unloaded_and_loaded_again_it_says_the_same(encoder):
    before = encoder.encode(LAKE)
    encoder.unload()
    assert (encoder.encode(LAKE) == before).all()


def test_all_of_a_long_text_is_read(encoder):
    half = LONG[: len(LONG) // 2]
    assert encoder.encode(f"{half} {DRUMS * 100}") @ encoder.encode(half) < 0.95


def test_of_a_longer_text_windows_are_spread_over_all_of_it(encoder):
    start, end = "lake " * 3_000, "drums " * 3_000
    few = encoder.encode(start + end, most_windows=2)
    expected = encoder.encode("lake " * 254) + encoder.encode("drums " * 254)
    assert few @ expected / np.linalg.norm(expected) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_a_typed_failure(embedder, text):
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed_texts([text])
    assert caught.value.reason == "empty-text"


def test_media_are_refused(embedder):
    picture = Picture(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(EmbeddingError, match="takes captions") as caught:
        embedder.embed([Excerpt(Kind.ARTWORK, 0, picture)])
    assert caught.value.reason == "not-a-text"
    assert embedder.embed([]) == []


def test_it_is_an_embedder_of_captions_alone():
    found = registry.get_info("sentence-text", Role.EMBEDDER)
    assert found.kinds == ()
    assert registry.create_embedder("sentence-text", {}).revision == SentenceTextEmbedder.revision


def test_weights_that_are_not_there_or_are_none_are_told_in_a_line(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(WeightsError, match="no sentence encoder at"):
        SentenceEncoder(path).load()
    path.write_bytes(b"none")
    with pytest.raises(WeightsError, match="no model that onnxruntime can run") as caught:
        SentenceEncoder(path).load()
    assert "\n" not in str(caught.value)
