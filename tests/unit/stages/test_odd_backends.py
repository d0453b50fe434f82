"""Whatever a back-end gives or raises becomes a valid result or a typed failure."""

from __future__ import annotations

import pytest

from cmean.domain import RGB, Caption, FinishReason
from cmean.errors import ItemError
from cmean.stages import captioning, mapping


class Gives:
    """A captioner and mapper that gives one thing, or raises it."""

    def __init__(self, thing):
        self.thing = thing

    def caption(self, batch):
        if isinstance(self.thing, BaseException):
            raise self.thing
        return [self.thing for _ in batch]

    map = caption


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
    (found,) = captioning.caption(Gives(thing), [object()])
    assert isinstance(found, ItemError)
    assert found.reason == "backend-error"
    found.detail.encode()
    assert "\x00" not in found.detail


@pytest.mark.parametrize("thing", [None, (1, 2, 3), "RGB", RuntimeError("\x00")], ids=range(4))
def test_an_odd_triple_is_a_typed_failure(thing):
    (found,) = mapping.map_captions(Gives(thing), ["text"])
    assert isinstance(found, ItemError)


def test_what_is_good_stays():
    caption = Caption("Good.", FinishReason.STOP, {"loud": 0.5, "key": "C"})
    assert captioning.caption(Gives(caption), [object()]) == [caption]
    assert mapping.map_captions(Gives(RGB(1, 2, 3)), ["text"]) == [RGB(1, 2, 3)]


def test_an_error_keeps_a_line_that_any_database_takes():
    error = ItemError("reason", "a\x00b\ud800c" + "x" * 5_000)
    assert error.detail.startswith("a?b?c")
    assert len(error.detail) <= 2_000
