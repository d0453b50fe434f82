"""The learned captioner of tracks on sounds that are made here, and on real ones where present."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import obey_permissions

from cmean.domain import Excerpt, Kind, Picture, Sound, cut_quarters
from cmean.errors import CaptionError
from cmean.media.excerpts import load_excerpts
from cmean.perception.mood_sentence import read_mood_sentence
from cmean.perception.networks.mel import compute_musicnn_mel
from cmean.perception.networks.sessions import Network
from cmean.perception.networks.tagger import Tagger

RATE = 16_000
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "tracks"
REAL = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not here")


def seconds(length):
    return np.arange(int(length * RATE)) / RATE


def tone(length, frequency=330.0):
    return (0.3 * np.sin(2 * np.pi * frequency * seconds(length))).astype(np.float32)


def noise(length, level=0.2):
    return (level * np.random.default_rng(1).standard_normal(int(length * RATE))).astype(np.float32)


def clicks(length):
    samples = np.zeros(int(length * RATE), np.float32)
    samples[:: RATE // 2] = 0.9
    return samples


def speech(length):
    """Syllables: pulses through two resonances, with pauses."""
    pulses = (np.arange(int(length * RATE)) % 130 == 0).astype(np.float64)
    spoken = np.convolve(pulses, np.sin(np.arange(200) / 3) * np.exp(-np.arange(200) / 40), "same")
    return (0.3 * spoken * (np.sin(2 * np.pi * 3 * seconds(length)) > 0)).astype(np.float32)


def five(samples):
    """The excerpts of a track, each with its whole."""
    whole = Sound(np.asarray(samples, np.float32), RATE)
    parts = [whole, *cut_quarters(whole)]
    return [Excerpt(Kind.TRACK, n, part, whole=whole) for n, part in enumerate(parts)]


SOUNDS = {
    "a tone": tone(8),
    "noise": noise(8),
    "clicks": clicks(8),
    "speech": speech(8),
    "a third of a second": tone(0.3),
    "one sample": tone(8)[:1],
    "faint": noise(8, 1e-3),
    "clipped": np.clip(10 * tone(8), -1, 1),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_any_sound_gets_five_captions_with_a_graded_mood(name, track_captioner):
    captions = track_captioner.caption(
        five(SOUNDS[name]) if name != "one sample" else five(SOUNDS[name])[:1]
    )
    for caption in captions:
        assert read_mood_sentence(caption.text) is not None
        assert 2 <= caption.text.count(". ") + 1 <= 4
        assert all(np.isfinite(v) for v in caption.measurements.values() if not isinstance(v, str))


def test_silence_is_said_and_reads_as_still(track_captioner):
    (caption,) = track_captioner.caption(five(np.zeros(RATE))[:1])
    assert caption.text.startswith("Nothing sounds in the piece")
    mood = read_mood_sentence(caption.text)
    assert (mood.excitement, mood.calm, mood.sadness) == (0, 1, 0)


def test_a_caption_does_not_depend_on_the_batch(track_captioner):
    batch = five(tone(6)) + five(noise(5))
    together = track_captioner.caption(batch)
    alone = [track_captioner.caption([excerpt])[0] for excerpt in batch]
    assert together == alone
    assert track_captioner.caption(batch[::-1]) == together[::-1]


def test_samples_that_come_to_lie_where_others_lay_are_heard_anew(track_captioner):
    samples = tone(4)
    before = track_captioner.caption(five(samples)[:1])[0]
    samples[:] = noise(4)
    after = track_captioner.caption(five(samples)[:1])[0]
    assert before.measurements != after.measurements


def test_a_fragment_is_told_from_its_whole_where_that_is_at_hand(track_captioner):
    samples = np.concatenate([0.05 * tone(4), noise(12)])
    excerpt = five(samples)[1]
    assert "Compared with the whole piece it is" in track_captioner.caption([excerpt])[0].text
    alone = Excerpt(Kind.TRACK, 1, excerpt.media)
    assert "whole" not in track_captioner.caption([alone])[0].text


def test_a_whole_says_where_it_is_liveliest(track_captioner):
    samples = np.concatenate([0.2 * tone(12, 220), noise(4) * (np.arange(4 * RATE) % 2000 < 300)])
    assert "last quarter is the liveliest part" in track_captioner.caption(five(samples))[0].text


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        (Picture(np.zeros((9, 9, 3), np.uint8)), "not-a-sound"),
        (Sound(np.zeros(8, np.float32), 8_000), "sample-rate"),
        (Sound(np.zeros(0, np.float32), RATE), "empty-sound"),
    ],
)
def test_what_cannot_be_heard_is_refused(media, reason, track_captioner):
    with pytest.raises(CaptionError) as caught:
        track_captioner.caption([Excerpt(Kind.TRACK, 0, media)])
    assert caught.value.reason == reason


def test_the_whole_is_heard_in_the_windows_of_its_quarters(learned_weights):
    tagger = Tagger(next(learned_weights.glob("musicnn-*")))
    sound = Sound(np.concatenate([tone(9), noise(7)]), RATE)
    whole = tagger.tag(sound.samples, whole=True)
    tagger.clear_cache()
    parts = [tagger.tag(part.samples, whole=False) for part in cut_quarters(sound)]
    np.testing.assert_allclose(whole.shares, np.mean([p.shares for p in parts], axis=0), atol=1e-6)


def test_kernels_of_other_processors_change_no_tag_by_more_than_the_tolerance(learned_weights):
    """Without the layout that onnxruntime chooses for this processor, other kernels compute."""
    import onnxruntime

    path = next(learned_weights.glob("musicnn-*")) / "musicnn-msd.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    spectrogram = compute_musicnn_mel((noise(4) + tone(4))[:48_128])
    expected = plain.run(None, {"windows": spectrogram[np.newaxis]})[0][0]
    np.testing.assert_allclose(Network(path).run(spectrogram)[0], expected, atol=1e-4)


def run_restricted(code, environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        preexec_fn=obey_permissions,
        capture_output=True,
        text=True,
        check=False,
    )


def test_spectrograms_are_made_where_nothing_but_temporary_files_can_be_written(tmp_path):
    """numba, which librosa compiles with, refuses such places: a container's read-only root."""
    library = tmp_path / "library" / "librosa"
    shutil.copytree(Path(find_spec("librosa").origin).parent, library)
    for folder in (path for path in [library, *library.rglob("*")] if path.is_dir()):
        folder.chmod(0o555)
    nowhere = str(tmp_path / "file" / "nowhere")
    (tmp_path / "file").write_text("no folder")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(library.parent), *sys.path]),
        **dict.fromkeys(("HOME", "XDG_CACHE_HOME"), nowhere),
        "NUMBA_OPT": "0",  # compiling without optimisation takes half the time
    }
    environment.pop("NUMBA_CACHE_DIR", None)
    plain = run_restricted("import librosa; librosa.util.MAX_MEM_BLOCK", environment)
    assert "locator" in plain.stderr  # or the rest shows nothing
    code = "import numpy; from cmean.perception.networks.mel import compute_musicnn_mel as m;"
    done = run_restricted(f"{code} print(m(numpy.zeros(48128, 'f4')).shape)", environment)
    assert done.stdout == "(187, 96)\n", done.stderr


@pytest.fixture(scope="module")
def captions_of_wholes(track_captioner):
    """Name → caption of each real recording as a whole."""
    wholes = {
        path.stem: Excerpt(Kind.TRACK, 0, load_excerpts(path, Kind.TRACK, {"rate": RATE})[0])
        for path in sorted(CORPUS.glob("*.ogg"))
    }
    captions = track_captioner.caption(list(wholes.values()))
    return {name: found.text for name, found in zip(wholes, captions, strict=True)}


@REAL
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("caruso", ["opera", "a male voice"]),
        ("djembe", ["Drums can be heard"]),
        ("taiko", ["Drums can be heard", "firm beat"]),
        ("rock-n-roll", ["rock", "guitar", "drums"]),
        ("symphony", ["classical music", "violin"]),
        ("barley", ["folk music", "violin"]),
    ],
)
def test_what_sounds_is_named(name, words, captions_of_wholes):
    (text,) = (text for stem, text in captions_of_wholes.items() if name in stem)
    assert all(word in text for word in words)


@REAL
def test_no_two_recordings_have_the_same_caption(captions_of_wholes):
    assert len(set(captions_of_wholes.values())) == len(captions_of_wholes) == 9


@REAL
def test_a_recording_at_the_rate_of_a_telephone_is_captioned(track_captioner, tmp_path):
    samples, rate = soundfile.read(next(CORPUS.glob("*caruso*")), dtype="float32")
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    soundfile.write(tmp_path / "old.wav", mono[:: rate // 8000], 8000)
    media = load_excerpts(tmp_path / "old.wav", Kind.TRACK, {"rate": RATE})
    (caption,) = track_captioner.caption([Excerpt(Kind.TRACK, 0, media[0])])
    assert "opera" in caption.text
