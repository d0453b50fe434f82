"""The learned mapper on the real encoder: graded moods, captions, plain sentences, odd texts."""

import csv
import importlib.util
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minilm import sentence_encoder

from cmean.backends import registry
from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.backends.mappers.learned import ENOUGH, SENTENCE, LearnedMapper
from cmean.backends.mappers.word_table import BASE
from cmean.domain import CHANNELS, Kind, Role
from cmean.errors import EmotionError, WeightsError
from cmean.perception.mood_sentence import LADDER, STEP, read_mood_sentence, write_mood_sentence
from cmean.perception.networks.sentence_encoder import SentenceEncoder

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = Path(os.environ.get("CMEAN_PUBLISHED", ROOT.parent / "shared" / "published"))

DOMAIN = (
    "The piece begins with a slow and gentle melody of a piano, mournful and lonely at first,"
    " before drums and an electric guitar build an energetic and triumphant climax with joy,"
    " then a serene, dreamy passage of strings fades into silence and longing."
)
"""A caption such as the word table was fitted on."""
PLAIN = "A widow in black kneels at a grave."


@pytest.fixture(scope="module")
def mapper():
    mapper = LearnedMapper(sentence_encoder())
    mapper.load()
    return mapper


@pytest.fixture(scope="module")
def table():
    mapper = EmbeddedMapper()
    mapper.load()
    return mapper


def triple(mapper, text):
    (rgb,) = mapper.map([text])
    return tuple(rgb)


levels = st.integers(0, len(LADDER) - 1)


@given(grades=st.tuples(levels, levels, levels), valence=st.floats(-1, 1))
def test_a_graded_mood_is_the_triple_whatever_else_is_said(mapper, grades, valence):
    mood = write_mood_sentence(*(grade * STEP for grade in grades), valence)
    expected = tuple(round(255 * STEP * grade) for grade in grades)
    for text in (
        mood,
        f"{DOMAIN} {mood}",
        f"{mood} {PLAIN}",
        f"静かな。!\n{mood}\nBattle, rage, war!",
    ):
        assert triple(mapper, text) == expected


def test_no_channel_of_a_graded_mood_moves_another(mapper):
    triples = [
        triple(mapper, write_mood_sentence(0.5, 0.5, sadness / 12, 0)) for sadness in range(13)
    ]
    assert {rgb[:2] for rgb in triples} == {(128, 128)}
    assert [rgb[2] for rgb in triples] == sorted({rgb[2] for rgb in triples})


def test_a_text_in_the_domain_of_the_word_table_is_read_by_it_alone(mapper, table):
    assert len(table.explain(DOMAIN)) > ENOUGH
    assert triple(mapper, DOMAIN) == triple(table, DOMAIN)
    assert mapper.explain(DOMAIN) == table.explain(DOMAIN)


def test_a_plain_sentence_without_a_known_word_is_read(mapper, table):
    text = "A mob with torches breaks down the door of a prison."
    with pytest.raises(EmotionError):
        table.map([text])
    red, green, _ = triple(mapper, text)
    assert red > green + 100
    assert [part.word for part in mapper.explain(text)] == [BASE, SENTENCE]


# within a point on every processor: the encoder's rounding may differ
PINNED = {
    PLAIN: (64, 100, 136),
    "A frantic, furious battle": (255, 0, 8),
    "calm": (130, 177, 91),
}


@pytest.mark.parametrize(("text", "expected"), PINNED.items())
def test_triples_of_plain_texts_stay_what_they_are(mapper, text, expected):
    assert triple(mapper, text) == pytest.approx(expected, abs=1)


def plain_sentences(half):
    with (ROOT / "benchmarks" / "plain_sentences.csv").open(encoding="utf-8", newline="") as f:
        rows = [row for row in csv.DictReader(f) if row["half"] == half]
    return [row["text"] for row in rows], np.array([CHANNELS.index(r["channel"]) for r in rows])


@pytest.mark.parametrize("half", ["development", "kept back"])
def test_plain_sentences_are_read_and_most_have_their_channel(mapper, half):
    texts, truth = plain_sentences(half)
    triples = np.array([list(rgb) for rgb in mapper.map(texts)], float)
    standard = (triples - triples.mean(axis=0)) / triples.std(axis=0)
    # figures of both mappers are in docs/decisions/0012-learned-mapper.md
    assert (standard.argmax(axis=1) == truth).sum() >= 39
    assert (triples.std(axis=0) > 25).all()


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003"])
def test_an_empty_caption_is_an_error(mapper, text):
    with pytest.raises(EmotionError) as raised:
        mapper.map([text])
    assert raised.value.reason == "empty-caption"


@pytest.mark.parametrize(
    "text",
    [
        "12345 !?",
        "静かな湖の朝",
        "🙂 👩‍🎨",
        "the of and it is",
        "xyzzy",
        "x" * 100_000,
        "湖" * 100_000,
    ],
)
def test_a_text_with_nothing_to_read_is_an_error_and_no_colour(mapper, text):
    with pytest.raises(EmotionError) as raised:
        mapper.map([text])
    assert raised.value.reason == "no-known-words"
    assert "learned mapper" in raised.value.detail


def test_a_very_long_text_is_read(mapper):
    long = "lantern pebble ladder corridor " * 25_000
    assert triple(mapper, long) == pytest.approx(triple(mapper, long[:4_000]), abs=12)
    assert triple(mapper, DOMAIN * 2_000) == triple(mapper, DOMAIN)


def test_words_beside_another_script_are_read(mapper):
    text = "A widow in black脉冲的暗调 kneels at a grave."
    assert triple(mapper, text) == triple(mapper, PLAIN)


def test_a_triple_does_not_depend_on_the_batch(mapper):
    texts = [DOMAIN, PLAIN, write_mood_sentence(1, 0, 0, 1), "A cup of tea stands on a table."]
    assert [tuple(rgb) for rgb in mapper.map(texts)] == [triple(mapper, text) for text in texts]
    assert mapper.map([]) == []


any_text = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["piano", "the", "not", "lake", "furious", "湖", "🙂", "xyzzy", "élan"]),
        max_size=12,
    ).map(" ".join),
)


@settings(deadline=None)
@given(text=any_text)
def test_any_text_gives_the_sum_of_its_explanation_or_a_typed_error(mapper, text):
    try:
        found = triple(mapper, text)
    except EmotionError as error:
        assert error.reason == ("no-known-words" if text.strip() else "empty-caption")  # noqa: PT017 - either outcome is right
    else:
        parts = mapper.explain(text)
        assert parts[0].word == BASE
        sums = (math.fsum(getattr(part, c) for part in parts) for c in CHANNELS)
        assert found == tuple(min(255, max(0, round(total))) for total in sums)


def test_the_explanation_of_a_graded_mood_names_the_moods(mapper):
    base, *parts = mapper.explain(write_mood_sentence(1, 0.5, 0, 0))
    assert base[1:] == (0, 0, 0)
    assert [(p.word, sum(p[1:])) for p in parts] == [
        ("excitement", 255),
        ("calm", 127.5),
        ("sadness", 0),
    ]


def test_unloaded_and_loaded_again_it_says_the_same():
    mapper = LearnedMapper(sentence_encoder())
    mapper.load()
    before = mapper.map([PLAIN, DOMAIN])
    mapper.unload()
    mapper.load()
    assert mapper.map([PLAIN, DOMAIN]) == before


def test_without_the_encoders_weights_it_does_not_load(tmp_path):
    with pytest.raises(WeightsError, match="no sentence encoder"):
        LearnedMapper(SentenceEncoder(tmp_path / "model.onnx")).load()


def test_it_is_a_mapper_of_both_kinds_whose_revision_needs_no_weights():
    for kind in Kind:
        registry.get_info("learned-mapper", Role.MAPPER, kind)
    assert len(registry.create_mapper("learned-mapper", {}).revision) == 12


@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the study's published results")
def test_captions_of_the_study_are_left_to_the_word_table(mapper, table):
    spec = importlib.util.spec_from_file_location("fit", ROOT / "benchmarks" / "fit_mapper.py")
    fit = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = fit
    spec.loader.exec_module(fit)
    captions = [" ".join(caption) for caption in fit.read_corpus(PUBLISHED).captions]
    same = [mapper.map([text]) == table.map([text]) for text in captions]
    assert len(same) - sum(same) <= 0.01 * len(same)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the study's published results")
def test_no_caption_of_the_study_has_a_graded_mood():
    texts = []
    for path in PUBLISHED.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as f:
            texts += [cell for row in csv.reader(f) for cell in row if len(cell) > 60]
    assert len(texts) > 1_250
    assert not [text for text in texts if read_mood_sentence(text)]
