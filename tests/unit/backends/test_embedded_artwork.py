"""The embedded captioner of artworks: its measures on pictures of known make, and its captions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cmean.backends.captioners.embedded_artwork import EmbeddedArtworkCaptioner
from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.domain import Excerpt, Kind, Picture, Sound
from cmean.errors import CaptionError
from cmean.perception.picture_features import PALETTE, convert_to_lab, measure_picture
from cmean.perception.picture_mood import WEIGHTS, WORDS, choose_mood_words

SIDE = 160
DOWN, ACROSS = np.mgrid[0:SIDE, 0:SIDE]


def uniform(*rgb):
    return np.full((SIDE, SIDE, 3), rgb, dtype=np.uint8)


def stripes(phase):
    return np.repeat(np.where(phase // 12 % 2, 230, 30).astype(np.uint8)[..., None], 3, axis=2)


def landscape(sky, ground):
    """Two colours, each a little deeper towards the bottom, meeting at a level horizon."""
    picture = np.where((DOWN < SIDE * 0.6)[..., None], sky, ground).astype(float)
    return (picture * (1.1 - 0.2 * DOWN / SIDE)[..., None]).clip(0, 255).astype(np.uint8)


def tiles(colours, seed=1):
    """A crowd of small squares of given colours."""
    picks = np.random.default_rng(seed).integers(0, len(colours), (SIDE // 8, SIDE // 8))
    return np.array(colours, dtype=np.uint8)[picks].repeat(8, axis=0).repeat(8, axis=1)


STORM = landscape((62, 68, 84), (44, 46, 50))
MEADOW = landscape((140, 195, 240), (125, 190, 70))
PALE = landscape((225, 232, 230), (200, 216, 200))
BLAZE = tiles([(250, 60, 10), (255, 190, 0), (60, 0, 0), (230, 20, 40)])
PHOTOGRAPH_LIKE = npst.arrays(np.uint8, st.tuples(*[st.integers(1, 24)] * 2, st.just(3)))


def caption(pixels, position=0):
    captioner = EmbeddedArtworkCaptioner()
    captioner.load()
    return captioner.caption([Excerpt(Kind.ARTWORK, position, Picture(pixels))])[0]


@pytest.fixture(scope="module")
def mapper():
    mapper = EmbeddedMapper()
    mapper.load()
    return mapper


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 128, 255), (54.72, 18.83, -70.92)),
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_cielab_agrees_with_reference_values(rgb, lab):
    assert convert_to_lab(np.array([[rgb]], dtype=np.uint8))[0, 0] == pytest.approx(lab, abs=0.06)


@pytest.mark.parametrize("name", PALETTE)
def test_a_colour_of_the_palette_is_called_by_its_name(name):
    assert measure_picture(uniform(*PALETTE[name])).palette == {name: 1.0}


@pytest.mark.parametrize(
    ("phase", "horizontal", "diagonal"),
    [(DOWN, 1.0, 0.0), (ACROSS, 0.0, 0.0), (DOWN + ACROSS, 0.0, 1.0)],
    ids=["level", "upright", "slanting"],
)
def test_stripes_run_where_they_run(phase, horizontal, diagonal):
    found = measure_picture(stripes(phase))
    assert found.horizontal == pytest.approx(horizontal, abs=0.1)
    assert found.diagonal == pytest.approx(diagonal, abs=0.1)


def test_bands_are_layers_and_columns_are_not():
    assert measure_picture(stripes(DOWN)).layering == pytest.approx(1, abs=0.02)
    assert measure_picture(stripes(ACROSS)).layering == pytest.approx(0, abs=0.02)


def test_the_light_is_found_where_it_is():
    picture = uniform(40, 40, 40)
    picture[:40, -40:] = 240
    assert "Light gathers at the top right" in caption(picture).text


def test_colourfulness_is_that_of_its_authors():
    # half red, half green: sd(R-G) = 255, sd((R+G)/2-B) = 0, means 0 and 127.5
    picture = uniform(255, 0, 0)
    picture[SIDE // 2 :] = (0, 255, 0)
    assert measure_picture(picture).colourfulness == pytest.approx(
        (255 + 0.3 * 127.5) / 100, rel=1e-3
    )
    assert measure_picture(uniform(90, 90, 90)).colourfulness == 0


@settings(max_examples=40, deadline=None)
@given(pixels=PHOTOGRAPH_LIKE, position=st.integers(0, 4))
def test_any_picture_has_a_caption_and_finite_numbers(pixels, position, mapper):
    found = caption(pixels, position)
    assert found == caption(pixels, position)
    assert 4 <= found.text.count(". ") + 1 <= 8
    assert all(np.isfinite(number) for number in found.measurements.values())
    shares = [n for name, n in found.measurements.items() if name.startswith("colour ")]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert all(0 <= found.measurements[mood] <= 1 for mood in WEIGHTS)
    mapper.map([found.text])


@pytest.mark.parametrize("level", [0, 128, 255], ids=["black", "grey", "white"])
def test_an_empty_picture_is_called_even(level):
    found = caption(uniform(level, level, level))
    assert "Hardly an edge" in found.text
    assert "nowhere in particular" in found.text
    assert "colourless" in found.text


def test_a_caption_names_its_part():
    subjects = [caption(MEADOW, position).text.split(" is ")[0] for position in range(5)]
    assert subjects == [
        "The whole picture",
        "The top left part",
        "The top right part",
        "The bottom left part",
        "The bottom right part",
    ]


def test_a_batch_gives_what_its_excerpts_give_alone():
    excerpts = [
        Excerpt(Kind.ARTWORK, i, Picture(pixels)) for i, pixels in enumerate((STORM, MEADOW, BLAZE))
    ]
    captioner = EmbeddedArtworkCaptioner()
    together = captioner.caption(excerpts)
    assert together == [captioner.caption([excerpt])[0] for excerpt in excerpts]


def test_a_sound_is_refused():
    sound = Excerpt(Kind.TRACK, 0, Sound(np.zeros(8, dtype=np.float32), 16_000))
    with pytest.raises(CaptionError, match="accepts artworks"):
        EmbeddedArtworkCaptioner().caption([sound])


@pytest.mark.parametrize("mood", WORDS)
def test_a_higher_score_has_more_and_stronger_words(mood):
    ladder = [choose_mood_words(mood, score) for score in np.linspace(0, 1, 41)]
    assert ladder[0] == []
    assert ladder[-1][-1] == WORDS[mood][-1]
    for lower, higher in pairwise(ladder):
        assert len(higher) >= len(lower)
        if lower:
            assert WORDS[mood].index(higher[-1]) >= WORDS[mood].index(lower[-1])


@pytest.mark.parametrize(
    ("mood", "channel", "sign"),
    [
        ("excitement", 0, 1),
        ("calmness", 1, 1),
        ("sadness", 2, 1),
        ("joy", 2, -1),
        ("content", 2, -1),
    ],
)
def test_mood_words_move_the_channel_they_are_meant_for(mood, channel, sign, mapper):
    parts = [mapper.explain(word)[1] for word in WORDS[mood]]
    assert sign * sum(part[1 + channel] for part in parts) > 0


def test_darkening_saddens_and_fading_calms():
    sadness = [
        caption((MEADOW * k).astype(np.uint8)).measurements["sadness"] for k in (1, 0.7, 0.4)
    ]
    assert sadness == sorted(sadness)
    grey = BLAZE.mean(axis=2, keepdims=True)
    faded = [(BLAZE * (1 - k) + grey * k).astype(np.uint8) for k in (0, 0.5, 1)]
    excitement = [caption(pixels).measurements["excitement"] for pixels in faded]
    assert excitement == sorted(excitement, reverse=True)


def test_pictures_fall_where_a_viewer_would_put_them(mapper):
    storm, meadow, pale, blaze = mapper.map(
        [caption(pixels).text for pixels in (STORM, MEADOW, PALE, BLAZE)]
    )
    assert storm.blue > meadow.blue + 30
    assert blaze.red > max(storm.red, pale.red) + 60
    assert pale.green > blaze.green + 30
