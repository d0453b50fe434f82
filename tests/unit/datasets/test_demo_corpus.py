"""The demo corpus: its shape, its sound and its colours, and that it is always the same."""

import csv
import hashlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cmean.datasets.demo import compose_corpus
from cmean.datasets.demo.corpus import ARTWORKS, TRACKS
from cmean.datasets.demo.music import ogg
from cmean.datasets.demo.music.score import build_chord, parse_pitch, parse_tune
from cmean.domain import Kind
from cmean.errors import InputError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    told = []
    return folder, compose_corpus(folder, told.append), told


def test_three_of_each_emotion_of_both_kinds(corpus):
    _, items, told = corpus
    emotions = ("excited", "calm", "sad", "mixed")
    assert Counter((item.kind, item.intended) for item in items) == {
        (kind, intended): 3 for kind in Kind for intended in emotions
    }
    assert told == [item.title for item in items]
    assert len(set(told)) == len(items)
    assert not any(word in title.lower() for title in told for word in emotions)


def test_metadata_lists_every_file(corpus):
    folder, items, _ = corpus
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["kind", "path", "title", "creator", "year", "licence", "intended"]
    assert [(row["kind"], folder / row["path"], row["title"], row["intended"]) for row in rows] == [
        (item.kind, item.path, item.title, item.intended) for item in items
    ]
    written = {path for path in folder.rglob("*") if path.is_file()}
    assert written == {item.path for item in items} | {folder / "metadata.csv"}


def test_tracks_are_clean_sound(corpus):
    _, items, _ = corpus
    for item in items:
        if item.kind is not Kind.TRACK:
            continue
        samples, rate = sf.read(item.path, dtype="float32")
        assert item.path.stat().st_size < 300_000, item.title
        assert 14 <= len(samples) / rate <= 20, item.title
        assert np.abs(samples).max() < 0.99, item.title
        assert np.abs(samples[-rate // 50 :]).max() < 0.003, item.title  # faded out
        assert np.abs(samples.mean(0)).max() < 0.003, item.title
        seconds = samples[: len(samples) // rate * rate].reshape(-1, rate, 2)[:-2]
        assert seconds.std(axis=(1, 2)).min() > 0.003, item.title  # no hole


def test_excited_tracks_are_louder_than_calm_and_sad_ones(corpus):
    _, items, _ = corpus
    loudness = {
        item.title: (item.intended, sf.read(item.path)[0].std())
        for item in items
        if item.kind is Kind.TRACK
    }
    quiet = [level for intended, level in loudness.values() if intended in {"calm", "sad"}]
    loud = [level for intended, level in loudness.values() if intended == "excited"]
    middle = [level for intended, level in loudness.values() if intended == "mixed"]
    assert max(quiet) < min(middle) <= max(middle) < min(loud)


def test_artworks_carry_the_colours_of_their_emotion(corpus):
    _, items, _ = corpus
    for item in items:
        if item.kind is not Kind.ARTWORK:
            continue
        assert item.path.stat().st_size < 250_000, item.title
        with Image.open(item.path) as image:
            assert min(image.size) >= 600
            red, green, blue = np.asarray(image, float).mean((0, 1))
        if item.intended == "excited":
            assert red > 1.5 * blue, item.title
        elif item.intended == "calm":
            assert green > 170, item.title
        elif item.intended == "sad":
            assert max(red, green, blue) < 110, item.title
            assert blue > red, item.title
        else:
            assert max(red, green, blue) < 130, item.title


def test_works_are_composed_the_same_every_time(corpus):
    _, items, _ = corpus
    for works, start, suffix in ((TRACKS, 0, ".ogg"), (ARTWORKS, len(TRACKS), ".jpg")):
        _, _, make = works[0]
        first, again = make(), make()
        assert np.array_equal(np.asarray(first), np.asarray(again))
        assert items[start].path.suffix == suffix
    data = ogg.encode_ogg(TRACKS[0][2]())
    assert hashlib.sha256(data).digest() == hashlib.sha256(items[0].path.read_bytes()).digest()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="cannot write the demo corpus"):
        compose_corpus(tmp_path / "taken")


@given(
    st.lists(
        st.tuples(st.sampled_from(["c4", "f#3", "bb2", "r"]), st.sampled_from([0.25, 0.5, 1, 3])),
        min_size=1,
    )
)
def test_a_tune_keeps_time(tokens):
    notes = parse_tune(" | ".join(f"{name}:{beats}" for name, beats in tokens))
    starts = np.cumsum([0.0, *(beats for _, beats in tokens)])
    sounding = [float(s) for s, (name, _) in zip(starts, tokens, strict=False) if name != "r"]
    assert [note.beat for note in notes] == sounding
    assert all(a.beat + a.beats <= b.beat for a, b in pairwise(notes))


def test_note_and_chord_names():
    assert [parse_pitch(name) for name in ("c4", "a4", "bb3", "f#5")] == [60, 69, 58, 78]
    assert build_chord("Dm", 4) == (62, 65, 69)
    assert build_chord("F#7", 3) == (54, 58, 64)
    with pytest.raises(ValueError, match="not a note name"):
        parse_pitch("h4")
