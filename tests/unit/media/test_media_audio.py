"""Tracks: what is read, what is rejected and why, and that decoding is exact and quiet."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st
from media_samples import RATE, sound_bytes, tone

from cmean.domain import Sound
from cmean.errors import MediaError
from cmean.media import audio
from cmean.media.limits import Limits


def reason(path, limits=None):
    """Why both doors reject a file; they must agree."""
    reasons = set()
    for door in (audio.probe_track, audio.load_track):
        with pytest.raises(MediaError) as caught:
            door(path, limits or Limits())
        assert "\n" not in caught.value.detail
        reasons.add(caught.value.reason)
    (only,) = reasons
    return only


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        ("wav", "WAV", "PCM_16"),
        ("wav", "WAV", "FLOAT"),
        ("aiff", "AIFF", "PCM_24"),
        ("flac", "FLAC", "PCM_16"),
        ("ogg", "OGG", "VORBIS"),
        ("opus", "OGG", "OPUS"),
        ("mp3", "MP3", None),
    ],
)
def test_every_format_is_probed_and_loaded(put, suffix, container, codec):
    content = sound_bytes(tone(2, 48_000, 2), 48_000, container, codec)
    path = put(f"a.{suffix}", content)
    info = audio.probe_track(path)
    assert (info.format, info.rate, info.channels) == (container, 48_000, 2)
    assert info.seconds == pytest.approx(2, abs=0.01)
    sound = audio.load_track(path)
    assert (sound.rate, sound.samples.dtype, sound.samples.ndim) == (16_000, np.float32, 1)
    assert sound.seconds == pytest.approx(2, abs=0.01)
    middle = sound.samples[8_000:24_000]  # 440 whole periods
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_a_stream_in_blocks_is_the_sound_in_one_piece(put):
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, (700_000, 2)).astype(np.float32)
    path = put("a.wav", sound_bytes(samples, 44_100, "WAV", "FLOAT"))
    expected = soxr.resample(samples.mean(axis=1), 44_100, 16_000)
    loaded = audio.load_track(path).samples
    assert len(loaded) == len(expected)
    np.testing.assert_allclose(loaded, expected, atol=1e-5)


def test_the_rate_is_a_parameter_and_its_own_rate_changes_nothing(put):
    samples = tone(1.5, 16_000)
    path = put("a.wav", sound_bytes(samples, 16_000, "WAV", "FLOAT"))
    np.testing.assert_allclose(audio.load_track(path).samples, samples[:, 0], atol=1e-6)
    assert len(audio.load_track(path, rate=48_000).samples) == 72_000


def test_tags_are_read(put):
    content = sound_bytes(
        tone(), container="FLAC", title=" A\u00a0title", artist="Dürer", date="1999-02"
    )
    info = audio.probe_track(put("a.flac", content))
    assert (info.title, info.creator, info.year) == ("A title", "Dürer", "1999")
    bare = audio.probe_track(put("b.flac", sound_bytes(tone(), container="FLAC")))
    assert (bare.title, bare.creator, bare.year) == (None, None, None)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.zeros((0, 1)), "empty"),
        (tone(0.2), "too-short"),
        (np.zeros((RATE * 2, 2)), "silent"),
        (tone(level=1e-5), "silent"),
        (tone(channels=2) * [1, -1], "silent"),
        (np.where(np.arange(RATE * 2) == 9_000, np.nan, 0.1)[:, None], "not-finite"),
        (np.where(np.arange(RATE * 2) == 9_000, -np.inf, 0.1)[:, None], "not-finite"),
        (np.full((RATE * 2, 2), 3e38), "not-finite"),
        (tone(level=1e20), "too-loud"),
    ],
)
def test_useless_content_is_rejected(put, samples, expected):
    assert reason(put("a.wav", sound_bytes(samples, RATE, "WAV", "FLOAT"))) == expected


@pytest.mark.parametrize("rate", [1, 3_999, 384_001, 4_000_000])
def test_rates_that_no_music_has_are_rejected(put, rate):
    path = put("a.wav", sound_bytes(tone(), rate))
    assert reason(path) == "bad-rate"


def test_too_long_is_told_from_the_header_and_while_decoding(put):
    content = sound_bytes(tone(3), container="FLAC")
    limits = Limits(max_seconds=2)
    assert reason(put("a.flac", content), limits) == "too-long"
    assert reason(put("b.flac", without_length(content)), limits) == "too-long"


def without_length(flac):
    """The same FLAC file with an unknown number of samples, as an encoder to a pipe writes it."""
    return flac[:21] + bytes([flac[21] & 0xF0, 0, 0, 0, 0]) + flac[26:]


def test_a_flac_of_unknown_length_is_read_to_its_end(put):
    path = put("a.flac", without_length(sound_bytes(tone(3), container="FLAC")))
    assert audio.probe_track(path).seconds == 3


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.mp3", b"this is a text\n" * 100, "not-audio"),
        ("a.wav", b"RIFF", "not-audio"),
        ("a.ogg", b"OggS" + bytes(100), "not-audio"),
        ("a.mp3", bytes(1000), "not-audio"),
        ("a.wav", b"", "empty-file"),
        ("a.wav", sound_bytes(tone(), container="AU"), "not-audio"),
        ("a.mp3", sound_bytes(tone(), container="VOC"), "not-audio"),
    ],
)
def test_what_is_no_audio_says_so(put, name, content, expected):
    assert reason(put(name, content)) == expected


def test_what_is_not_there_says_so(tmp_path):
    assert reason(tmp_path / "a.mp3") == "missing"
    assert reason(tmp_path) == "not-a-file"


def test_a_file_that_may_not_be_read_says_so(open_folder, unprivileged):
    path = open_folder / "a.wav"
    path.write_bytes(sound_bytes(tone()))
    path.chmod(0)
    unprivileged()
    assert reason(path) == "no-permission"


@pytest.mark.parametrize("container", ["WAV", "AIFF", "MP3"])
def test_a_lost_tail_leaves_a_shorter_track(put, container):
    content = sound_bytes(tone(8), container=container)
    path = put(f"a.{container.lower()}", content[: len(content) // 2])
    assert audio.probe_track(path).seconds == pytest.approx(4, abs=0.3)
    assert audio.load_track(path).seconds == pytest.approx(
        audio.probe_track(path).seconds, abs=1e-3
    )


def test_a_lost_tail_that_leaves_too_little_is_rejected(put):
    content = sound_bytes(tone(8), container="MP3")
    assert reason(put("a.mp3", content[: len(content) // 9])) == "too-short"


def test_a_cut_flac_and_a_broken_ogg_are_rejected(put):
    flac = sound_bytes(tone(8), container="FLAC")
    assert reason(put("a.flac", flac[: len(flac) // 2])) == "decode-error"
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE * 20, 1))
    ogg = bytearray(sound_bytes(noise, container="OGG"))
    ogg[len(ogg) // 2 : len(ogg) // 2 + 9_000] = bytes(9_000)
    assert reason(put("a.ogg", bytes(ogg))) == "decode-error"


def test_decoders_do_not_chatter(put, capfd):
    content = bytearray(sound_bytes(tone(8), container="MP3"))
    content[5_000:5_400] = bytes(range(200)) * 2
    audio.load_track(put("a.mp3", bytes(content)))
    reason(put("b.mp3", b"text " * 20_000))
    assert capfd.readouterr() == ("", "")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_a_name_need_not_be_valid_text(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.mp3"))
    path.write_bytes(sound_bytes(tone(), container="MP3"))
    assert audio.probe_track(path).seconds == pytest.approx(2, abs=0.1)


@given(st.integers(0, 40))
def test_quarters_are_views_that_tile_the_whole(size):
    sound = Sound(np.arange(size, dtype=np.float32), 16_000)
    whole, *parts = audio.split_into_quarters(sound)
    assert whole is sound
    assert [len(part.samples) for part in parts[:3]] == [size // 4] * 3
    assert all(part.rate == 16_000 for part in parts)
    np.testing.assert_array_equal(np.concatenate([part.samples for part in parts]), sound.samples)
    assert size < 4 or all(np.shares_memory(part.samples, sound.samples) for part in parts)


def test_formats_that_tests_need_are_there():
    assert {"MP3", "OGG", "FLAC"} <= soundfile.available_formats().keys()
