"""The embedded captioner of tracks, on sound made here whose tempo, key and character are known."""

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmean.backends.captioners.embedded_track import EmbeddedTrackCaptioner
from cmean.backends.mappers.embedded import EmbeddedMapper
from cmean.domain import Excerpt, Kind, Picture, Sound
from cmean.errors import CaptionError
from cmean.perception.sound_features import SoundFeatures, measure_sound
from cmean.perception.sound_mood import grade_sound_mood

RATE = 16_000
C4, D4, E_FLAT4, E4, F4, G4, A_FLAT4, A4, B4 = (
    440 * 2 ** (step / 12) for step in (-9, -7, -6, -5, -4, -2, -1, 0, 2)
)
MAJOR = ((C4, E4, G4), (F4, A4, 2 * C4), (G4, B4, 2 * D4), (C4, E4, G4))
MINOR = ((C4, E_FLAT4, G4), (F4, A_FLAT4, 2 * C4), (G4, B4, 2 * D4), (C4, E_FLAT4, G4))


def caption(samples, position=0, rate=RATE):
    captioner = EmbeddedTrackCaptioner()
    captioner.load()
    sound = Sound(np.asarray(samples, dtype=np.float32), rate)
    return captioner.caption([Excerpt(Kind.TRACK, position, sound)])[0]


def chords(progression, a_second, seconds=12.0, decay=3.0):
    """The chords of `progression` in turn, `a_second` of them a second, each dying away."""
    time = np.arange(int(seconds * RATE)) / RATE
    turn = (time * a_second).astype(int) % len(progression)
    tones = sum(
        np.sin(2 * np.pi * np.array([chord[voice] for chord in progression])[turn] * time)
        for voice in range(3)
    )
    return 0.15 * tones * np.exp(-decay * ((time * a_second) % 1))


def drums(a_second, seconds=12.0):
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(1).normal(size=len(time))
    return 0.3 * noise * np.exp(-60 * ((time * a_second) % 1) / a_second)


FRANTIC = drums(7) + chords(MINOR, 3.5)
QUIET = 0.2 * chords(MAJOR, 0.5, decay=0.5)
LAMENT = 0.4 * chords(MINOR, 0.5, decay=0.5)
VICTORY = drums(2) + chords(MAJOR, 2)


@pytest.mark.parametrize("bpm", [72, 100, 126, 150])
def test_the_tempo_of_a_click_track_is_found(bpm):
    measured = caption(drums(bpm / 60, 20)).measurements
    assert measured["tempo_bpm"] == pytest.approx(bpm, rel=0.02)
    assert measured["beat_clarity"] > 0.7
    assert measured["onsets_per_second"] == pytest.approx(bpm / 60, rel=0.1)


@pytest.mark.parametrize(("progression", "mode"), [(MAJOR, "major"), (MINOR, "minor")])
@pytest.mark.parametrize("detune", [1.0, 2 ** (5 / 12), 2 ** (0.3 / 12)])
def test_key_and_mode_of_a_cadence_are_found_in_any_tuning(progression, mode, detune):
    turned = [[tone * detune for tone in chord] for chord in progression]
    measured = caption(chords(turned, 1)).measurements
    assert measured["mode"] == mode
    assert measured["key"] == ("F" if detune > 1.1 else "C")


def test_level_brightness_and_percussion_follow_the_sound():
    quiet, clicks = caption(QUIET).measurements, caption(drums(4)).measurements
    assert quiet["level_dbfs"] < clicks["level_dbfs"]
    assert quiet["centroid_hz"] < clicks["centroid_hz"]
    assert quiet["percussive_share"] < 0.1
    assert clicks["percussive_share"] > 0.5


def test_triples_order_pieces_as_listeners_do():
    mapper = EmbeddedMapper()
    mapper.load()
    frantic, quiet, lament, victory = mapper.map(
        [caption(piece).text for piece in (FRANTIC, QUIET, LAMENT, VICTORY)]
    )
    assert frantic.red > max(quiet.red, lament.red)
    assert victory.red > lament.red
    assert quiet.green > max(frantic.green, victory.green)
    assert lament.blue > max(victory.blue, quiet.blue)


def test_a_text_names_its_part_and_what_was_measured():
    assert caption(VICTORY).text.startswith("The whole piece has a fast tempo near 120 bpm")
    text = caption(LAMENT, position=4).text
    assert text.startswith("This last quarter")
    assert "C minor" in text
    assert text.count(". ") == 3


def test_a_stronger_mood_is_said_in_more_words():
    lengths = [len(caption(drums(rate)).text.split("; then")[0]) for rate in (1, 2, 4)]
    assert lengths == sorted(lengths)


def test_silence_is_said_and_still():
    silent = caption(np.zeros(4 * RATE), position=2)
    assert silent.text.startswith("Nothing sounds in this second quarter")
    assert silent.measurements["excitement"] == 0
    assert silent.measurements["calm"] == 1


def test_gaps_are_said():
    assert "silent for 50% of the time" in caption(np.r_[np.zeros(len(VICTORY)), VICTORY]).text


@pytest.mark.parametrize("size", [1, 100, RATE // 4])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_the_shortest_sounds_have_a_caption(size, value):
    assert caption(np.full(size, value)).text


def test_a_held_tone_has_no_beat_and_noise_no_mode():
    tone = 0.3 * np.sin(np.arange(8 * RATE) * 2 * np.pi * 440 / RATE)
    assert "no firm beat" in caption(tone).text
    noise = 0.1 * np.random.default_rng(3).normal(size=8 * RATE)
    assert "without a plain mode" in caption(noise).text


def test_mastering_level_changes_the_level_alone():
    loud, soft = caption(VICTORY).measurements, caption(VICTORY / 4).measurements
    assert soft["level_dbfs"] == pytest.approx(loud["level_dbfs"] - 12.04, abs=0.01)
    for name in ("tempo_bpm", "onsets_per_second", "percussive_share", "motion_db", "majorness"):
        assert soft[name] == pytest.approx(loud[name], rel=1e-2), name


def test_a_caption_depends_on_its_excerpt_alone():
    captioner = EmbeddedTrackCaptioner()
    captioner.load()
    excerpts = [
        Excerpt(Kind.TRACK, position, Sound(piece.astype(np.float32), RATE))
        for position, piece in enumerate((FRANTIC, QUIET, LAMENT, VICTORY))
    ]
    together = captioner.caption(excerpts)
    assert together == [captioner.caption([excerpt])[0] for excerpt in excerpts]
    assert captioner.caption([]) == []


def test_long_sound_is_measured_in_bounded_memory():
    samples = np.tile(VICTORY.astype(np.float32), 75)
    tracemalloc.start()
    features = measure_sound(samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert features.seconds == 900
    assert features.tempo_bpm == pytest.approx(120, rel=0.02)
    assert peak < 150e6


@given(
    arrays(np.float32, st.integers(1, 6000), elements=st.floats(-1, 1, width=32)),
    st.sampled_from([1.0, 1e-4]),
)
@settings(max_examples=40, deadline=None)
def test_any_sound_gives_finite_numbers_and_a_text(samples, gain):
    made = caption(samples * np.float32(gain))
    assert made.text.endswith(".")
    numbers = [value for value in made.measurements.values() if not isinstance(value, str)]
    assert all(map(math.isfinite, numbers))
    assert all(0 <= made.measurements[name] <= 1 for name in ("excitement", "calm", "sadness"))


MIDDLE = measure_sound(VICTORY.astype(np.float32))


@given(
    st.sampled_from(
        ["tempo_bpm", "onsets_per_second", "motion_db", "percussive_share", "level_dbfs"]
    ),
    st.floats(0.25, 1),
)
def test_excitement_rises_and_calm_falls_with_every_measure_of_activity(name, factor):
    value = getattr(MIDDLE, name)
    less: SoundFeatures = replace(MIDDLE, **{name: value / factor if value < 0 else value * factor})
    assert grade_sound_mood(less).excitement <= grade_sound_mood(MIDDLE).excitement
    assert grade_sound_mood(less).calm >= grade_sound_mood(MIDDLE).calm


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_the_major_mode_is_happier_and_less_sad(one, other):
    minor, major = (
        grade_sound_mood(replace(MIDDLE, majorness=value)) for value in sorted((one, other))
    )
    assert minor.valence <= major.valence
    assert minor.sadness >= major.sadness


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        (Sound(np.zeros(10, dtype=np.float32), 44_100), "sample-rate"),
        (Sound(np.zeros(0, dtype=np.float32), RATE), "empty-sound"),
        (Picture(np.zeros((2, 2, 3), dtype=np.uint8)), "not-a-sound"),
    ],
)
def test_what_is_no_sound_is_refused(media, reason):
    with pytest.raises(CaptionError) as refused:
        EmbeddedTrackCaptioner().caption([Excerpt(Kind.TRACK, 0, media)])
    assert refused.value.reason == reason
