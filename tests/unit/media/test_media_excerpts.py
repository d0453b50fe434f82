"""The five media of an item, as a recipe asks for them."""

import numpy as np
import pytest
from media_samples import four_corners, image_bytes, sound_bytes, tone

from cmean.domain import Kind, Picture, Sound
from cmean.errors import ConfigError, MediaError
from cmean.media.excerpts import load_excerpts


@pytest.fixture
def track(put):
    return put("a.wav", sound_bytes(tone(4)))


@pytest.fixture
def artwork(put):
    return put("a.png", image_bytes(four_corners(90, 60)))


def test_a_track_gives_the_whole_and_its_quarters(track):
    media = load_excerpts(track, Kind.TRACK, {})
    assert all(isinstance(sound, Sound) and sound.rate == 16_000 for sound in media)
    assert [sound.seconds for sound in media] == [4, 1, 1, 1, 1]
    whole, *_ = load_excerpts(track, Kind.TRACK, {"rate": 48_000})
    assert len(whole.samples) == 192_000


@pytest.mark.parametrize(
    ("preprocessing", "whole", "fragment"),
    [
        ({}, 448, 448),
        ({"square": "centre", "size": 64}, 64, 64),
        ({"square": "stretch", "whole_size": 512, "fragment_size": 256}, 512, 256),
        ({"size": 32, "fragment_size": 16}, 32, 16),
    ],
)
def test_an_artwork_gives_the_whole_and_its_fragments(artwork, preprocessing, whole, fragment):
    media = load_excerpts(artwork, Kind.ARTWORK, preprocessing)
    assert all(isinstance(picture, Picture) for picture in media)
    sizes = [picture.pixels.shape for picture in media]
    assert sizes == [(whole, whole, 3)] + [(fragment, fragment, 3)] * 4


def test_the_same_file_gives_the_same_numbers(track, artwork):
    for path, kind in ((track, Kind.TRACK), (artwork, Kind.ARTWORK)):
        for one, other in zip(
            load_excerpts(path, kind, {}), load_excerpts(path, kind, {}), strict=True
        ):
            field = "samples" if kind is Kind.TRACK else "pixels"
            np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize(
    ("kind", "preprocessing"),
    [
        (Kind.TRACK, {"size": 448}),
        (Kind.TRACK, {"rate": "16000"}),
        (Kind.TRACK, {"rate": 1}),
        (Kind.TRACK, {"rate": 16_000.0}),
        (Kind.TRACK, {"channel": "right"}),
        (Kind.TRACK, {"channel": ["left"]}),
        (Kind.ARTWORK, {"channel": "left"}),
        (Kind.ARTWORK, {"rate": 16_000}),
        (Kind.ARTWORK, {"square": "circle"}),
        (Kind.ARTWORK, {"square": ["centre"]}),
        (Kind.ARTWORK, {"size": True}),
        (Kind.ARTWORK, {"size": 0}),
        (Kind.ARTWORK, {"whole_size": 10**9}),
        (Kind.ARTWORK, {"sise": 448}),
    ],
)
def test_a_setting_that_means_nothing_is_an_error_in_one_line(tmp_path, kind, preprocessing):
    with pytest.raises(ConfigError) as caught:
        load_excerpts(tmp_path / "not even read", kind, preprocessing)
    assert "preprocessing" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_track_may_be_its_left_channel_alone(put, rate):
    left, right = (tone(2, rate, hertz=hertz) for hertz in (440, 1_000))
    both = put("a.wav", sound_bytes(np.hstack([left, right]), rate, "WAV", "FLOAT"))
    one = put("b.wav", sound_bytes(left, rate, "WAV", "FLOAT"))
    heard = load_excerpts(both, Kind.TRACK, {"channel": "left"})
    for mine, theirs in zip(heard, load_excerpts(one, Kind.TRACK, {}), strict=True):
        np.testing.assert_array_equal(mine.samples, theirs.samples)
    mean = load_excerpts(both, Kind.TRACK, {"channel": "mean"})
    for mine, theirs in zip(mean, load_excerpts(both, Kind.TRACK, {}), strict=True):
        np.testing.assert_array_equal(mine.samples, theirs.samples)
    assert not np.allclose(mean[0].samples, heard[0].samples, atol=0.1)


def test_a_track_whose_left_channel_is_silent_is_rejected_by_that_alone(put):
    path = put("a.wav", sound_bytes(np.hstack([0 * tone(2), tone(2)])))
    assert len(load_excerpts(path, Kind.TRACK, {})) == 5
    with pytest.raises(MediaError) as caught:
        load_excerpts(path, Kind.TRACK, {"channel": "left"})
    assert caught.value.reason == "silent"


def test_a_file_of_the_other_kind_is_rejected(track, artwork):
    with pytest.raises(MediaError, match="no audio"):
        load_excerpts(artwork, Kind.TRACK, {})
    with pytest.raises(MediaError, match="no image"):
        load_excerpts(track, Kind.ARTWORK, {})
