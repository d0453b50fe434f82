"""Windows cover a sound, none is too long, and what was said of them is joined in order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmean.domain import Caption, FinishReason, Picture, Sound
from cmean.inference.captioning import cut_windows, join_captions

RATE = 100


def sound(samples):
    return Sound(np.arange(samples, dtype=np.float32), RATE)


@given(st.integers(1, 5_000), st.floats(0.05, 20))
def test_windows_cover_the_sound_but_for_a_negligible_end_and_are_alike(samples, longest):
    pieces = cut_windows(sound(samples), longest)
    joined = np.concatenate([piece.media.samples for piece in pieces])
    most = max(1, int(longest * RATE))
    left_out = samples - len(joined)
    assert np.array_equal(joined, np.arange(samples - left_out))
    assert 0 <= left_out <= max(0.01 * most, min(0.5 * RATE, 0.05 * most))
    assert not left_out or len(joined) == most * len(pieces)
    sizes = [len(piece.media.samples) for piece in pieces]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert (pieces[0].start, pieces[-1].end) == (0.0, len(joined) / RATE)
    assert all(a.end == b.start for a, b in pairwise(pieces))


def test_a_picture_and_a_short_sound_are_one_piece():
    assert len(cut_windows(Picture(np.zeros((4, 4, 3), np.uint8)), 1.0)) == 1
    assert len(cut_windows(sound(500), None)) == 1
    assert len(cut_windows(sound(3000), 30.0)) == 1


@pytest.mark.parametrize(
    ("seconds", "longest", "windows"),
    [(30.0, 30, 1), (30.005, 30, 1), (30.5, 30, 1), (30.6, 30, 2), (303, 300, 1), (303.5, 300, 2)],
)
def test_a_sound_that_is_a_little_longer_is_heard_in_one_window(seconds, longest, windows):
    pieces = cut_windows(Sound(np.zeros(round(seconds * 16_000), np.float32), 16_000), longest)
    assert len(pieces) == windows
    assert max(piece.end - piece.start for piece in pieces) <= longest


def test_what_was_said_is_joined_with_its_windows():
    pieces = cut_windows(sound(250), 1.0)
    said = [
        Caption("First.", tokens=3, seconds=1.0),
        Caption("Second, cu", FinishReason.LENGTH, tokens=4, seconds=2.0),
        Caption("Third.", tokens=5, seconds=0.5),
    ]
    found = join_captions(pieces, said)
    assert found.text == "First.\n\nSecond, cu\n\nThird."
    assert found.finish_reason is FinishReason.LENGTH
    assert (found.tokens, found.seconds) == (12, 3.5)
    assert [window.text for window in found.windows] == [caption.text for caption in said]
    assert join_captions(pieces, [*said[:2], Caption("?")]).tokens is None
