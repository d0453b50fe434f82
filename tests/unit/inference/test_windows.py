"""Windows cover a sound, none is too long, and what was said of them is joined in order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cmean.domain import Caption, FinishReason, Picture, Sound
from cmean.inference.captioning import cut_windows, join_captions

RATE = 100


def sound(samples):
    return Sound(np.arange(samples, dtype=np.float32), RATE)


@given(st.integers(1, 5_000), st.floats(0.05, 20))
def test_windows_cover_the_sound_and_are_alike(samples, longest):
    pieces = cut_windows(sound(samples), longest)
    joined = np.concatenate([piece.media.samples for piece in pieces])
    assert np.array_equal(joined, np.arange(samples))
    sizes = [len(piece.media.samples) for piece in pieces]
    assert max(sizes) <= max(1, int(longest * RATE))
    assert max(sizes) - min(sizes) <= 1
    assert (pieces[0].start, pieces[-1].end) == (0.0, samples / RATE)
    assert all(a.end == b.start for a, b in pairwise(pieces))


def test_a_picture_and_a_short_sound_are_one_piece():
    assert len(cut_windows(Picture(np.zeros((4, 4, 3), np.uint8)), 1.0)) == 1
    assert len(cut_windows(sound(500), None)) == 1
    assert len(cut_windows(sound(3000), 30.0)) == 1


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
