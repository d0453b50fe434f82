"""Caption lengths, by hand and against the study's published captions where they are at hand."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.stats.text_lengths import (
    STOCK_PHRASES,
    build_length_table,
    count_words,
    is_complete,
    join_fragment_captions,
    measure_lengths,
)

PUBLISHED = Path(__file__).parents[4] / "shared" / "published"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\t", 0),
        ("A calm piece.", 3),
        ("well-known, don't stop", 3),
        ("at 120 BPM, 4/4", 2),
        ("### Themes: - light", 2),
        ("“calm”", 3),
        ("l’attesa", 3),
        ("one two\u00a0three", 3),
    ],
)
def test_words_are_counted_as_the_study_does(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("text", "complete"),
    [("It ends. \n", True), ("Does it?", True), ("Ha!", True), ("cut of", False), ("", False)],
)
def test_a_caption_is_complete_when_it_ends_like_a_sentence(text, complete):
    assert is_complete(text) is complete


def test_stock_phrases_are_deleted_from_joined_fragments_only():
    fragments = [f"{phrase.capitalize()} trees." for phrase in STOCK_PHRASES[:4]]

    assert count_words(join_fragment_captions(fragments)) == 4
    assert measure_lengths(fragments).min == 4


def test_the_statistics_of_four_captions():
    found = measure_lengths(["one.", "one two.", "one two three", "one two!"])

    words = {"n": 4, "max": 3, "min": 1, "mean": 2.0, "above": 1, "below": 1, "equal": 2}
    assert found.as_dict() == words | {"complete": 3, "incomplete": 1}


def test_of_no_captions_the_lengths_are_undefined():
    found = build_length_table([], []).as_dict()["total"]

    assert (found["n"], found["max"], found["min"], found["mean"]) == (0, None, None, None)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=20))
def test_every_caption_is_counted_once(texts):
    found = measure_lengths(texts)

    assert found.above + found.below + found.equal == found.n == len(texts)
    assert found.complete + found.incomplete == found.n
    assert found.min <= found.mean <= found.max


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the study's published files are not at hand")
def test_table_two_comes_out_of_the_published_captions():
    def captions(name):
        path = PUBLISHED / "Modulo Qwen Immagini" / f"clip_individual_similarities_{name}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row[1] for row in list(csv.reader(file))[1:]]

    expected = json.loads((PUBLISHED / "expected.json").read_text(encoding="utf-8"))
    joined = [[text] for text in captions("fragment_sum_1000_images")]
    table = build_length_table(captions("TOTAL_1000_images"), joined)
    for found, key in (
        (table.total, "II total images"),
        (table.aggregated, "II aggregated image fragments"),
    ):
        assert found.as_dict() == pytest.approx(expected[key], abs=5e-4)
