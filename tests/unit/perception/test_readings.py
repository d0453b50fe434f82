"""Families of classes, linear heads, and the tables that were fitted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.perception import class_families, mood_readings
from cmean.perception.class_families import NAMED, load_families
from cmean.perception.linear_heads import FARTHEST, LinearHeads, grade_score
from cmean.perception.networks.tagger import TAGS

FAMILIES = load_families()


def test_every_class_belongs_to_exactly_one_family():
    members = sorted(number for classes in FAMILIES.classes.values() for number in classes)
    assert members == list(range(1000))


def test_every_name_is_of_families_that_there_are():
    assert all(name in FAMILIES.classes for named in NAMED for name in named.families)


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.phrase)
def test_a_sure_picture_is_named(named):
    logits = np.zeros(1000)
    logits[FAMILIES.classes[named.families[0]][0]] = 20
    assert FAMILIES.name_contents(logits) == [named.phrase]


def test_classes_of_flat_things_name_nothing_and_feel_like_nothing():
    unsure = FAMILIES.estimate_valence_and_arousal(np.zeros(1000))
    for number in class_families.FLAT:
        logits = np.zeros(1000)
        logits[number] = 30
        assert FAMILIES.name_contents(logits) == []
        assert FAMILIES.estimate_valence_and_arousal(logits) == pytest.approx(unsure)


def test_pleasant_and_arousing_families_feel_so():
    def feel(name):
        logits = np.zeros(1000)
        logits[FAMILIES.classes[name]] = 20
        return FAMILIES.estimate_valence_and_arousal(logits)

    assert feel("flowers")[0] > 0.5 > -0.4 > feel("weapons")[0]
    assert feel("snakes")[1] > 0.5 > -0.3 > feel("lake")[1]


def test_the_tables_have_the_inputs_that_the_code_gives_in_its_order():
    sound, picture = (
        LinearHeads.load(mood_readings.SOUND_HEADS),
        LinearHeads.load(mood_readings.PICTURE_HEADS),
    )
    assert sound.inputs == [
        *(f"tag {tag}" for tag in mood_readings.MOOD_TAGS),
        *mood_readings.SOUND_MEASURES,
    ]
    assert picture.inputs == [
        *(f"feature {n}" for n in range(1280)),
        *mood_readings.PICTURE_MEASURES,
    ]
    assert sound.outputs == ["excitement", "calm", "sadness"]
    assert picture.outputs == ["excitement", "calm", "sadness", "valence", *mood_readings.CONTENTS]
    assert len(set(TAGS)) == 100


HEADS = LinearHeads(
    ["a", "b"],
    ["up", "down"],
    np.array([1.0, 10.0]),
    np.array([2.0, 5.0]),
    np.array([[1.0, -1.0], [0.5, 0.0]]),
    np.array([0.1, 0.2]),
)


def test_a_reading_is_the_weighted_sum_of_standardised_inputs():
    assert HEADS.read({"b": 15.0, "a": 3.0}) == pytest.approx({"up": 1.6, "down": -0.8})


def test_an_input_stops_counting_for_more_far_from_its_middle():
    far, farther = HEADS.read({"a": 1e3, "b": 10.0}), HEADS.read({"a": 1e30, "b": 10.0})
    assert far == farther
    assert far["up"] == pytest.approx(0.1 + FARTHEST)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_degrees_are_shares_and_rise_with_the_score(low, high):
    low, high = sorted((low, high))
    assert 0 <= grade_score(low) <= grade_score(high) <= 1
    assert grade_score(0) == 0.5
