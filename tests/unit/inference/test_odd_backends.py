"""Whatever a back-end gives or raises becomes a valid result or a typed failure."""

from __future__ import annotations

import numpy as np
import pytest

from cmean.domain import RGB, Caption, FinishReason, Kind, Picture
from cmean.errors import ItemError
from cmean.inference import mapping
from cmean.inference.batching import Batcher
from cmean.inference.caption_tasks import CaptionTask
from cmean.inference.captioning import CaptionBatch


class Gives:
    """A captioner and mapper that gives one thing, or raises it."""

    def __init__(self, thing):
        self.thing = thing

    def caption(self, batch):
        if isinstance(self.thing, BaseException):
            raise self.thing
        return [self.thing for _ in batch]

    map = caption


def captioned(captioner):
    picture = Picture(np.zeros((16, 16, 3), np.uint8))
    work = CaptionBatch(captioner, Batcher(8), [CaptionTask(Kind.ARTWORK, 0, picture)])
    work.prepare()
    return work.run(lambda: False)


ODD = [
    None,
    "a text",
    Caption(None),
    Caption("good", "stop"),
    Caption("good", measurements={"loud": float("nan")}),
    Caption("good", measurements={"loud": object()}),
    ValueError("with \x00 in it"),
    OSError("lone \ud800 surrogate"),
    MemoryError(),
    KeyError("key"),
]


@pytest.mark.parametrize("thing", ODD, ids=range(len(ODD)))
def test_an_odd_caption_is_a_typed_failure(thing):
    (found,) = captioned(Gives(thing))
    assert isinstance(found, ItemError)
    memory = isinstance(thing, MemoryError)
    assert found.reason == ("out-of-memory" if memory else "backend-error")
    found.detail.encode()
    assert "\x00" not in found.detail


@pytest.mark.parametrize("thing", [None, (1, 2, 3), "RGB", RuntimeError("\x00")], ids=range(4))
def test_an_odd_triple_is_a_typed_failure(thing):
    (found,) = mapping.map_captions(Gives(thing), ["text"])
    assert isinstance(found, ItemError)


def test_what_is_good_stays():
    caption = Caption("Good.", FinishReason.STOP, {"loud": 0.5, "key": "C"})
    (found,) = captioned(Gives(caption))
    assert (found.text, found.finish_reason) == ("Good.", FinishReason.STOP)
    assert found.measurements == caption.measurements
    assert mapping.map_captions(Gives(RGB(1, 2, 3)), ["text"]) == [RGB(1, 2, 3)]


def test_an_error_keeps_a_line_that_any_database_takes():
    error = ItemError("reason", "a\x00b\ud800c" + "x" * 5_000)
    assert error.detail.startswith("a?b?c")
    assert len(error.detail) <= 2_000
