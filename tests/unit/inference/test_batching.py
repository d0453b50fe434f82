"""Batches of like length; out of memory halves them, and what fitted is remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cmean.errors import ItemError
from cmean.inference.batching import Batcher


class Device:
    """Doubles numbers, as long as a batch of them fits."""

    def __init__(self, room):
        self.room = room
        self.batches = []

    def double(self, batch):
        self.batches.append(list(batch))
        if sum(batch) > self.room:
            raise MemoryError
        return [2 * number for number in batch]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 16))
def test_every_item_is_done_once_in_batches_of_like_length(numbers, size):
    device = Device(room=10**9)
    assert Batcher(size).apply_to_all(device.double, numbers, lambda n: n) == [
        2 * n for n in numbers
    ]
    assert sorted(n for batch in device.batches for n in batch) == sorted(numbers)
    assert all(len(batch) <= size for batch in device.batches)
    flat = [n for batch in device.batches for n in batch]
    assert flat == sorted(numbers, reverse=True)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 200))
def test_what_fits_is_done_and_what_does_not_fit_alone_fails_alone(numbers, room):
    found = Batcher(16).apply_to_all(Device(room).double, numbers, lambda n: n)
    for number, result in zip(numbers, found, strict=True):
        if number <= room:
            assert result == 2 * number
        else:
            assert isinstance(result, ItemError)
            assert result.reason == "out-of-memory"
            assert result.retryable


def test_the_size_that_fitted_is_remembered():
    device, batcher = Device(room=4), Batcher(16)
    batcher.apply_to_all(device.double, [1] * 16, lambda n: n)
    device.batches.clear()
    assert batcher.apply_to_all(device.double, [1] * 12, lambda n: n) == [2] * 12
    assert [len(batch) for batch in device.batches] == [4, 4, 4]
