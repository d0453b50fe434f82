"""The learned captioner of artworks on pictures that are made here, and real ones where present."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cmean.domain import Excerpt, Kind, Picture, Sound
from cmean.errors import CaptionError
from cmean.media.excerpts import load_excerpts
from cmean.perception.mood_sentence import read_mood_sentence
from cmean.perception.networks.classifier import Classifier
from cmean.perception.networks.sessions import Network

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "artworks"
REAL = pytest.mark.skipif(not CORPUS.is_dir(), reason="the artworks are not here")
RANDOM = np.random.default_rng(3)


def text_page():
    page = Image.new("RGB", (448, 448), "white")
    ImageDraw.Draw(page).text((20, 20), "A page of text\n" * 25, fill="black")
    return np.asarray(page)


PICTURES = {
    "a black square": np.zeros((448, 448, 3), np.uint8),
    "a white square": np.full((448, 448, 3), 255, np.uint8),
    "text": text_page(),
    "an icon": RANDOM.integers(0, 256, (16, 16, 3), np.uint8),
    "an abstract picture": np.kron(
        RANDOM.integers(0, 256, (4, 4, 3)), np.ones((112, 112, 1))
    ).astype(np.uint8),
    "one pixel": np.full((1, 1, 3), 90, np.uint8),
    "a strip": RANDOM.integers(0, 256, (3, 600, 3), np.uint8),
}


def five(pixels):
    """The excerpts of a picture, each with its whole."""
    whole = Picture(pixels)
    y, x = (max(size // 2, 1) for size in pixels.shape[:2])
    parts = [pixels, pixels[:y, :x], pixels[:y, -x:], pixels[-y:, :x], pixels[-y:, -x:]]
    return [
        Excerpt(Kind.ARTWORK, n, whole if n == 0 else Picture(np.ascontiguousarray(p)), whole=whole)
        for n, p in enumerate(parts)
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_any_picture_gets_five_captions_with_a_graded_mood(name, artwork_captioner):
    for caption in artwork_captioner.caption(five(PICTURES[name])):
        assert read_mood_sentence(caption.text) is not None
        assert 2 <= caption.text.count(". ") + 1 <= 4
        assert all(np.isfinite(value) for value in caption.measurements.values())


@pytest.mark.parametrize(
    ("name", "colour"), [("a black square", "black"), ("a white square", "white")]
)
def test_an_even_surface_is_called_one_and_shows_nothing(name, colour, artwork_captioner):
    (caption,) = artwork_captioner.caption(five(PICTURES[name])[:1])
    assert caption.text.startswith(f"The picture is an even surface of {colour}.")
    assert "shows" not in caption.text


def test_a_caption_does_not_depend_on_the_batch(artwork_captioner):
    batch = five(PICTURES["text"]) + five(PICTURES["an abstract picture"])
    together = artwork_captioner.caption(batch)
    assert [artwork_captioner.caption([excerpt])[0] for excerpt in batch] == together
    assert artwork_captioner.caption(batch[::-1]) == together[::-1]


def test_a_fragment_is_told_from_its_whole_where_that_is_at_hand(artwork_captioner):
    pixels = np.full((448, 448, 3), 60, np.uint8)
    pixels[:224, :224] = (250, 200, 60)
    excerpt = five(pixels)[1]
    assert "Compared with the whole picture it is" in artwork_captioner.caption([excerpt])[0].text
    alone = Excerpt(Kind.ARTWORK, 1, excerpt.media)
    assert "whole" not in artwork_captioner.caption([alone])[0].text


def test_a_picture_without_colour_has_no_heat_and_is_not_sad_for_that(artwork_captioner):
    """A grey copy reads as somewhat sadder, as viewers say, but not as another picture."""
    pixels = np.repeat(np.linspace(60, 230, 448).astype(np.uint8)[:, None, None], 448, axis=1)
    (caption,) = artwork_captioner.caption(five(np.repeat(pixels, 3, axis=2))[:1])
    assert "colourless colours" in caption.text
    assert not any(word in caption.text for word in ("cool", "warm", "cold"))


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        (Sound(np.zeros(8, np.float32), 16_000), "not-a-picture"),
        (Picture(np.zeros((0, 9, 3), np.uint8)), "empty-picture"),
    ],
)
def test_what_cannot_be_seen_is_refused(media, reason, artwork_captioner):
    with pytest.raises(CaptionError) as caught:
        artwork_captioner.caption([Excerpt(Kind.ARTWORK, 0, media)])
    assert caught.value.reason == reason


def test_kernels_of_other_processors_change_no_feature_by_more_than_the_tolerance(
    learned_weights,
):
    """Without the layout that onnxruntime chooses for this processor, other kernels compute."""
    import onnxruntime

    folder = next(learned_weights.glob("efficientnet-*"))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = Network(folder / "efficientnet-lite2.onnx")
    plain._session = onnxruntime.InferenceSession(  # noqa: SLF001 - the point of this test
        str(folder / "efficientnet-lite2.onnx"), options, providers=["CPUExecutionProvider"]
    )
    classifier = Classifier(folder)
    expected = classifier.classify(PICTURES["text"])
    classifier._network = plain  # noqa: SLF001 - as above
    found = classifier.classify(PICTURES["text"])
    np.testing.assert_allclose(found.features, expected.features, atol=1e-4)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-3)


def corpus(name):
    (path,) = CORPUS.glob(f"*{name}*")
    media = load_excerpts(path, Kind.ARTWORK, {"square": "stretch"})
    return [Excerpt(Kind.ARTWORK, n, part, whole=media[0]) for n, part in enumerate(media)]


@REAL
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mona-lisa", ["a human figure", "dark"]),
        ("lion", ["an animal"]),
        ("pieta", ["a human figure"]),
        ("kazusa", ["a boat"]),
        ("summertime", ["a boat"]),
        ("ramparts", ["open land or water", "level"]),
        ("auvers", ["a view of land or buildings", "vivid"]),
        ("girls-at-the-piano", ["a human figure", "warm"]),
    ],
)
def test_what_is_shown_is_named(name, words, artwork_captioner):
    text = artwork_captioner.caption(corpus(name)[:1])[0].text
    assert all(word in text for word in words)


@REAL
def test_paintings_show_no_things_that_only_look_like_classes(artwork_captioner):
    """What the network's surest class calls them: trays, wall clocks, handkerchiefs, a volcano."""
    shown = []
    for path in sorted(CORPUS.glob("*.jpg")):
        text = artwork_captioner.caption(corpus(path.stem)[:1])[0].text
        if " shows " in text:
            shown.append(text.split(" shows ")[1].split(",")[0])
    allowed = {"a human figure", "an animal", "a boat", "open land or water"}
    allowed |= {"a view of land or buildings"}
    assert {part for each in shown for part in each.split(" and ")} <= allowed
    assert len(shown) >= 10


@REAL
def test_no_two_artworks_have_the_same_caption(artwork_captioner):
    wholes = [corpus(path.stem)[0] for path in sorted(CORPUS.glob("*.jpg"))]
    texts = {caption.text for caption in artwork_captioner.caption(wholes)}
    assert len(texts) == len(wholes) == 22


@REAL
def test_grey_copies_of_paintings_are_not_all_mournful(artwork_captioner):
    sadness = []
    for path in sorted(CORPUS.glob("*.jpg")):
        pixels = corpus(path.stem)[0].media.pixels
        grey = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        caption = artwork_captioner.caption([Excerpt(Kind.ARTWORK, 0, Picture(grey))])[0]
        sadness.append(read_mood_sentence(caption.text).sadness)
    assert np.mean(sadness) < 0.68
