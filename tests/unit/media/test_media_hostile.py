"""Byte soup: a mutated file gives its media or a MediaError, without a word on standard error."""

import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_samples import all_images, all_sounds

from cmean.domain import Kind
from cmean.errors import MediaError
from cmean.media import audio, image
from cmean.media.excerpts import load_excerpts

SOUNDS, IMAGES = all_sounds(), all_images()
TELLING = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\1\0\0"]


@st.composite
def mutated(draw, files):
    """A file of `files` with a few bytes changed, cut, added or moved; headers more often."""
    suffix, content = draw(st.sampled_from(files))
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        reach = draw(st.sampled_from([64, 512, len(content)]))
        at = draw(st.integers(0, reach))
        patch = draw(st.sampled_from(TELLING) | st.binary(max_size=8))
        match draw(st.sampled_from(["write", "write", "insert", "delete", "cut"])):
            case "write":
                data[at : at + len(patch)] = patch
            case "insert":
                data[at:at] = patch
            case "delete":
                del data[at : at + draw(st.integers(1, 64))]
            case "cut":
                del data[at:]
    return suffix, bytes(data)


def rejection(door, path):
    try:
        door(path)
    except MediaError as error:
        return error


def survives(path, kind, probe, preprocessing):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for door in (probe, lambda file: load_excerpts(file, kind, preprocessing)):
            error = rejection(door, path)
            if error is not None:
                assert error.reason.replace("-", "").isalpha()
                assert 0 < len(error.detail) <= 200
                assert "\n" not in error.detail


@pytest.mark.parametrize(
    ("files", "kind", "probe", "preprocessing"),
    [
        (SOUNDS, Kind.TRACK, audio.probe_track, {}),
        (IMAGES, Kind.ARTWORK, image.probe_artwork, {"size": 32}),
    ],
    ids=["sounds", "images"],
)
def test_mutated_files_are_read_or_rejected(tmp_path, capfd, files, kind, probe, preprocessing):
    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated(files))
    def check(file):
        suffix, content = file
        path = tmp_path / f"soup.{suffix}"
        path.write_bytes(content)
        survives(path, kind, probe, preprocessing)
        assert capfd.readouterr().err == ""

    check()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(
        [b"", b"RIFF", b"fLaC", b"OggS", b"ID3\4", b"\xff\xfb\x90", b"\x89PNG\r\n\x1a\n"]
    )
    | st.sampled_from([b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"RIFF....WEBP"]),
    st.binary(max_size=300),
)
def test_any_bytes_are_rejected(tmp_path, magic, rest):
    path = tmp_path / "soup"
    path.write_bytes(magic + rest)
    survives(path, Kind.TRACK, audio.probe_track, {})
    survives(path, Kind.ARTWORK, image.probe_artwork, {"size": 32})


def test_intact_files_are_read(put):
    for number, (suffix, content) in enumerate(SOUNDS):
        assert len(load_excerpts(put(f"{number}.{suffix}", content), Kind.TRACK, {})) == 5
    for number, (suffix, content) in enumerate(IMAGES):
        assert len(load_excerpts(put(f"{number}.{suffix}", content), Kind.ARTWORK, {})) == 5


def test_no_file_descriptor_is_left_open(put):
    paths = [put(f"{n}.{suffix}", data[:-300]) for n, (suffix, data) in enumerate(SOUNDS + IMAGES)]
    before = len(list(Path("/dev/fd").iterdir()))
    for path in paths:
        survives(path, Kind.TRACK, audio.probe_track, {})
        survives(path, Kind.ARTWORK, image.probe_artwork, {"size": 32})
    assert len(list(Path("/dev/fd").iterdir())) == before
