"""A mapper fitted to a model's triples: what it learns, how it is measured, what its file is."""

from __future__ import annotations

import csv
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest

from cmean.backends import registry
from cmean.backends.mappers.fitting import fit_word_weights
from cmean.domain import CHANNELS
from cmean.errors import EmotionError, InputError, WeightsError

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = Path(os.environ.get("CMEAN_PUBLISHED", ROOT.parent / "shared" / "published"))

MOODS = {
    "frantic": (90, -40, 0),
    "driving": (60, -30, -10),
    "serene": (-60, 80, 0),
    "gentle": (-30, 50, 10),
    "mournful": (-20, 0, 90),
    "nostalgic": (0, 10, 60),
}
PLAIN = ["the", "piece", "has", "piano", "strings", "drums", "voice", "with", "over", "under"]


def corpus(items=60, noise=8.0):
    """Captions of items with the triples that the moods in them make, plus noise."""
    draw = random.Random(5)  # noqa: S311 - no secret
    captions, triples, names = [], [], []
    for item in range(items):
        for _ in range(5):
            said = draw.sample(list(MOODS), 2)
            captions.append(" ".join(draw.sample([*said, *draw.sample(PLAIN, 6)], 8)))
            points = [sum(MOODS[mood][j] for mood in said) for j in range(3)]
            triples.append([min(255, max(0, 110 + p + draw.gauss(0, noise))) for p in points])
            names.append(f"item {item}")
    return captions, np.round(triples), names


@pytest.fixture(scope="module")
def fitted():
    return fit_word_weights(*corpus(), source={"backend": "qwen3", "recipe": "ab12"})


@pytest.fixture
def saved(fitted, tmp_path):
    fitted.save(tmp_path / "mine.csv")
    return tmp_path / "mine.csv"


def loaded(path):
    mapper = registry.create_mapper("distilled", {"weights": str(path)})
    mapper.load()
    return mapper


def test_it_maps_as_it_was_shown(saved):
    mapper = loaded(saved)
    calm, wild, sad = mapper.map(["serene gentle piano", "frantic driving drums", "mournful voice"])
    assert calm.green > wild.green + 80
    assert wild.red > calm.red + 80
    assert sad.blue > max(calm.blue, wild.blue) + 40
    _, first, *_ = mapper.explain("a mournful piece")
    assert first.word == "mournful"


def test_the_file_says_what_it_was_fitted_to_and_how_well(saved):
    about = loaded(saved).about
    assert about["source"] == {"backend": "qwen3", "recipe": "ab12"}
    assert (about["captions"], about["items"], about["seed"]) == (300, 60, 0)
    assert set(about["ridge"]) == set(CHANNELS)
    agreement = about["agreement"]
    assert set(agreement) == {"distilled", "embedded", "constant"}
    mine, constant = agreement["distilled"], agreement["constant"]
    assert all(mine["spearman"][channel] > 0.9 for channel in CHANNELS)
    assert all(constant["spearman"][channel] is None for channel in CHANNELS)
    for channel in CHANNELS:
        error, worst = (found["mean_absolute_error"][channel] for found in (mine, constant))
        assert error < worst / 2
    assert 1 >= mine["mean_cosine"] > constant["mean_cosine"]


def test_agreement_is_measured_on_items_that_were_not_seen():
    """Each item has a word of its own and a triple of its own: nothing can be known of others."""
    draw = np.random.default_rng(3)
    names = ["".join(chr(97 + int(d)) for d in f"{i:03}") * 2 for i in range(100)]
    captions = [f"{name} the piano and the strings" for name in names for _ in range(6)]
    triples = np.repeat(draw.integers(0, 256, (100, 3)), 6, axis=0)
    agreement = fit_word_weights(captions, triples, np.repeat(names, 6).tolist()).about["agreement"]
    assert all(abs(rho) < 0.35 for rho in agreement["distilled"]["spearman"].values())


def test_the_same_captions_give_the_same_file(fitted, saved, tmp_path):
    again = fit_word_weights(*corpus(), source={"backend": "qwen3", "recipe": "ab12"})
    again.save(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == saved.read_bytes()
    assert fit_word_weights(*corpus(), seed=1).about["agreement"] != fitted.about["agreement"]


def test_its_revision_follows_the_file(saved):
    first = registry.create_mapper("distilled", {"weights": str(saved)}).revision
    saved.write_text(saved.read_text(encoding="utf-8") + "zither,1.0,1,2,3\n", encoding="utf-8")
    assert registry.create_mapper("distilled", {"weights": str(saved)}).revision != first


def test_a_relative_path_is_looked_for_among_the_checkpoints(saved, monkeypatch):
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(saved.parent))
    inside = loaded("mine.csv").map(["serene piano"])
    monkeypatch.delenv("CMEAN_MODEL_DIR")
    monkeypatch.chdir(saved.parent)
    assert loaded("mine.csv").map(["serene piano"]) == inside


@pytest.mark.parametrize("text", [" ", "xyzzy 静か"])
def test_a_text_that_it_cannot_read_is_an_error_and_no_colour(saved, text):
    with pytest.raises(EmotionError):
        loaded(saved).map([text])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"word,idf,red,green,blue\n",
        b"[]\nword,idf,red,green,blue\n(base),0,1,2,3\n",
        b"{}\nword,idf,red,green,blue\n",
        b"{}\nword,idf,red,green\n(base),0,1,2\n",
        b"{}\nword,idf,red,green,blue\n(base),0,1,2\n",
        b"{}\nword,idf,red,green,blue\n(base),0,1,2,x\n",
        b"{}\nword,idf,red,green,blue\n(base),0,1,2,nan\n",
    ],
)
def test_a_file_of_something_else_is_a_typed_error(tmp_path, content):
    (tmp_path / "odd.csv").write_bytes(content)
    with pytest.raises(WeightsError, match=r"odd\.csv") as raised:
        loaded(tmp_path / "odd.csv")
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_a_typed_error_that_says_how_to_make_one(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(WeightsError):
            loaded(path)
    with pytest.raises(WeightsError, match="cmean distil"):
        _ = registry.create_mapper("distilled", {"weights": str(tmp_path / "none.csv")}).revision


def test_too_little_to_fit_on_is_a_typed_error():
    with pytest.raises(InputError, match="10 items"):
        fit_word_weights(*corpus(items=9))
    with pytest.raises(InputError, match="above 0"):
        fit_word_weights(*corpus(), held_out=0)
    with pytest.raises(InputError, match="no word"):
        fit_word_weights(["!"] * 20, np.zeros((20, 3)), list(range(20)))


@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the study's published results")
def test_it_follows_a_real_models_triples_on_tracks_that_it_did_not_see():
    agreement = fit_word_weights(*published()).about["agreement"]
    mine, constant = agreement["distilled"], agreement["constant"]
    for channel, least in zip(CHANNELS, (0.73, 0.58, 0.50), strict=True):
        assert mine["spearman"][channel] >= least
        assert mine["mean_absolute_error"][channel] < constant["mean_absolute_error"][channel]
    assert mine["mean_cosine"] > constant["mean_cosine"]


def published():
    """Captions of tracks and their triples; the triples' file wraps each line in quotes."""
    audio = PUBLISHED / "Modulo Qwen Audio"
    captions, name = {}, ""
    with (audio / "audio_analysis_full_folder_500_1000.csv").open(
        encoding="utf-8", newline=""
    ) as f:
        for row in csv.DictReader(f):
            name = row["Song Name"] or name
            captions.setdefault(name, []).append(row["Description"])
    triples = {}
    for line in (audio / "valutazione_rgb_segmenti.csv").read_text(encoding="utf-8").splitlines():
        found = re.findall(r"rgb\((\d+), *(\d+), *(\d+)\)", line)
        triples[line.lstrip('"').split(",")[0]] = [[int(value) for value in rgb] for rgb in found]
    names = sorted(n for n in captions if len(captions[n]) == len(triples.get(n, ())))
    items = [n for n in names for _ in captions[n]]
    return (
        [text for n in names for text in captions[n]],
        np.array([rgb for n in names for rgb in triples[n]]),
        items,
    )
