"""Pictures and sounds become data URIs that decode again and stay small."""

import base64
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from cmean.errors import MediaError
from cmean.report.data_uris import encode_picture, encode_sound


def content(uri, mime):
    head, _, body = uri.partition(",")
    assert head == f"data:{mime};base64"
    return io.BytesIO(base64.b64decode(body, validate=True))


def noise(seconds, rate, channels=None):
    shape = round(seconds * rate) if channels is None else (round(seconds * rate), channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "1", "LA"])
def test_a_picture_of_any_mode_becomes_a_bounded_thumbnail(mode):
    image = Image.new("RGB", (2000, 500), (200, 30, 60)).convert(mode)
    with Image.open(content(encode_picture(image, size=320), "image/webp")) as thumbnail:
        assert thumbnail.size == (320, 80)
        assert thumbnail.mode == "RGB"


def test_a_small_picture_keeps_its_size_and_transparency_turns_white():
    uri = encode_picture(Image.new("RGBA", (40, 30), (0, 0, 0, 0)))
    with Image.open(content(uri, "image/webp")) as thumbnail:
        assert thumbnail.size == (40, 30)
        assert min(thumbnail.getpixel((20, 15))) > 250


def test_the_worst_picture_stays_small():
    pixels = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    assert len(encode_picture(Image.fromarray(pixels))) < 600_000


def test_metadata_does_not_travel_along():
    image = Image.new("RGB", (64, 64))
    image.getexif()[0x013B] = "the author"
    image.info["exif"] = image.getexif().tobytes()
    with Image.open(content(encode_picture(image), "image/webp")) as thumbnail:
        assert not thumbnail.getexif()


@pytest.mark.parametrize(("rate", "channels"), [(8_000, None), (16_000, None), (44_100, 2)])
def test_a_clip_is_cut_mono_and_small(rate, channels):
    uri = encode_sound(noise(40, rate, channels), rate)
    assert len(uri) < 250_000
    samples, clip_rate = soundfile.read(content(uri, "audio/mpeg"))
    assert samples.ndim == 1
    assert len(samples) / clip_rate == pytest.approx(30, abs=0.2)


def test_a_short_sound_is_kept_whole_and_is_the_same_sound():
    rate = 16_000
    tone = np.sin(2 * np.pi * 440 * np.arange(rate * 2) / rate).astype(np.float32) * 0.5
    samples, clip_rate = soundfile.read(content(encode_sound(tone, rate), "audio/mpeg"))
    assert len(samples) / clip_rate == pytest.approx(2, abs=0.2)
    loudest = np.argmax(np.abs(np.fft.rfft(samples))) * clip_rate / len(samples)
    assert loudest == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("count", [4, 100])
def test_even_a_blink_of_sound_is_encoded(count):
    assert soundfile.info(content(encode_sound(np.ones(count, np.float32), 96_000), "audio/mpeg"))


@pytest.mark.parametrize("count", [0, 1])
def test_no_samples_are_an_error(count):
    with pytest.raises(MediaError, match="without samples"):
        encode_sound(np.zeros(count, np.float32), 96_000)
