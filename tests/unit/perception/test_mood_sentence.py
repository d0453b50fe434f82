"""The graded mood sentence: what is written is read back, channel by channel."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.perception.mood_sentence import (
    LADDER,
    STEP,
    WORDS,
    read_mood_sentence,
    write_mood_sentence,
)

degrees = st.floats(0, 1)
valences = st.floats(-1, 1)
CHANNELS = tuple(WORDS)
NEAR = STEP / 2 + 1e-9
"""Half a step, and the rounding of floats."""


def read(excitement, calm, sadness, valence=0.0):
    mood = read_mood_sentence(write_mood_sentence(excitement, calm, sadness, valence))
    return mood.excitement, mood.calm, mood.sadness


@given(mood=st.tuples(degrees, degrees, degrees), valence=valences)
def test_what_is_written_is_read_back_within_half_a_step(mood, valence):
    assert read(*mood, valence) == pytest.approx(mood, abs=NEAR)


@given(
    moods=st.tuples(degrees, degrees, degrees, degrees),
    channel=st.sampled_from(range(3)),
    tones=st.tuples(valences, valences),
)
def test_a_channel_moves_itself_alone_and_never_backwards(moods, channel, tones):
    *before, other = moods
    after = [other if i == channel else degree for i, degree in enumerate(before)]
    first, second = read(*before, tones[0]), read(*after, tones[1])
    for i in range(3):
        if i != channel:
            assert first[i] == second[i]
    if before[channel] <= other:
        assert first[channel] <= second[channel]


def test_every_combination_of_degrees_and_tones_is_one_sentence_of_the_grammar():
    levels = range(len(LADDER))
    for grades in itertools.product(levels, repeat=3):
        for valence in (-1, 0, 1):
            text = write_mood_sentence(*(level * STEP for level in grades), valence)
            assert text.count(".") == 1
            mood = read_mood_sentence(f"Drums. {text} A lake.")
            found = (mood.excitement, mood.calm, mood.sadness)
            assert found == pytest.approx([level * STEP for level in grades])


@pytest.mark.parametrize(
    ("mood", "text"),
    [
        ((0.75, 0.25, 0.1, 0.9), "The mood is very joyful and slightly calm, but hardly sad."),
        ((0.9, 0, 0.1, -0.9), "The mood is extremely tense, but hardly sad and not at all calm."),
        ((0.2, 0.6, 0.9, -0.5), "The mood is extremely mournful, rather still and faintly lively."),
        ((0, 1, 0.3, 0.5), "The mood is utterly peaceful and somewhat nostalgic, but not at all lively."),  # noqa: E501 - a sentence is one line
        ((0, 0, 0, 0), "The mood is not at all lively, not at all calm and not at all sad."),
        ((7, -1, 0.5, 9), "The mood is utterly joyful and fairly nostalgic, but not at all calm."),
    ],
)  # fmt: skip
def test_the_strongest_is_said_first_in_words_of_its_tone(mood, text):
    assert write_mood_sentence(*mood) == text


def test_a_mood_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        write_mood_sentence(float("nan"), 0, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The mood is very joyful.",
        "The mood is very joyful, rather calm and peaceful.",
        "The mood is very joyful, rather calm and slightly peaceful.",  # two of one channel
        "The mood is very joyful, rather calm and slightly sad",
        "The mood is very joyful, quite calm and slightly sad.",
        "The mood is very joyful, rather calm and slightly blue.",
        "It says: 'The mood is very joyful, rather calm and slightly sad.'",
        "The mood is very joyful, rather calm and slightly sad.wav",
        "The mood is very joyful, rather calm, and slightly sad.",
        "It is false that The mood is very joyful, rather calm and slightly sad.",
        "A sign says The mood is very joyful, rather calm and slightly sad. It hangs there.",
    ],
)
def test_any_other_sentence_is_not_read(text):
    assert read_mood_sentence(text) is None


def test_lines_may_break_anywhere_between_words():
    text = "The mood is\nnot  at\nall lively, very calm and\n slightly sad.\nNext."
    assert read_mood_sentence(text) == read_mood_sentence(" ".join(text.split()))
    assert read_mood_sentence(text).excitement == 0


@given(moods=st.lists(st.tuples(degrees, degrees, degrees), min_size=1, max_size=4))
def test_of_several_sentences_the_mean_is_taken(moods):
    text = " Then: drums. ".join(write_mood_sentence(*mood, 0) for mood in moods)
    means = [sum(column) / len(moods) for column in zip(*moods, strict=True)]
    mood = read_mood_sentence(text)
    assert (mood.excitement, mood.calm, mood.sadness) == pytest.approx(means, abs=NEAR)


@given(text=st.text())
def test_other_texts_have_no_graded_mood(text):
    assert read_mood_sentence(text) is None


def test_words_and_adverbs_are_distinct():
    words = [word for group in WORDS.values() for word in group]
    assert len(set(words)) == len(words)
    assert len(set(LADDER)) == len(LADDER)
