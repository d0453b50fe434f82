"""Inputs of many threads on one model: each gets its own result, and none waits for the slowest."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cmean.errors import DeviceFaultError, ItemError
from cmean.generation.engine import ContinuousBatch, EngineThread


class Countdown(ContinuousBatch):
    """Each input is a number of steps; the result is the same number. -1 fails, 666 is a fault."""

    def __init__(self, rows=3):
        self.rows = rows
        self.left = {}
        self.asked = {}
        self.most = 0
        self.steps = 0

    def count_free_rows(self):
        return self.rows - len(self.left)

    def add(self, jobs):
        if 13 in jobs.values():
            raise MemoryError("no room for 13")
        self.left |= jobs
        self.asked |= jobs
        self.most = max(self.most, len(self.left))

    def step(self):
        if 666 in self.left.values():
            raise DeviceFaultError("the GPU failed")
        self.steps += 1
        self.left = {number: steps - 1 for number, steps in self.left.items()}
        ended = {number for number, steps in self.left.items() if steps <= 0}
        self.left = {number: s for number, s in self.left.items() if number not in ended}
        return {
            number: ItemError("refused", "no") if self.asked[number] < 0 else self.asked[number]
            for number in ended
        }

    def clear(self):
        self.left = {}


@pytest.fixture
def batch():
    return Countdown()


@pytest.fixture
def engine(batch):
    engine = EngineThread(batch, "test-engine")
    yield engine
    engine.close()


def test_results_come_in_order_and_ended_rows_make_room(engine, batch):
    jobs = [9, 1, 1, 1, 1, 1, 1, 1]
    assert engine.run(jobs) == jobs
    assert batch.most == 3
    assert batch.steps < 12  # one after the other it would be 16, in batches of three 12


def test_threads_share_the_rows(engine, batch):
    with ThreadPoolExecutor(8) as pool:
        jobs = [[1 + number % 5] for number in range(40)]
        assert list(pool.map(engine.run, jobs)) == jobs
    assert batch.most <= 3


def test_an_input_that_fails_affects_no_other(engine):
    first, second, third = engine.run([2, -1, 3])
    assert (first, third) == (2, 3)
    assert isinstance(second, ItemError)


@pytest.mark.parametrize(("job", "error"), [(666, DeviceFaultError), (13, MemoryError)])
def test_a_failure_of_all_reaches_all_that_wait_and_the_next_ones_work(engine, job, error):
    with pytest.raises(error):
        engine.run([5, job])
    assert engine.run([4]) == [4]


def test_it_ends_while_others_wait(batch):
    engine = EngineThread(batch, "test-engine")
    begun = threading.Event()

    def endless(jobs):
        begun.set()
        batch.left |= jobs

    batch.add = endless
    batch.step = dict
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(engine.run, [1, 2, 3, 4, 5])
        begun.wait()
        engine.close()
        with pytest.raises(RuntimeError, match="unloaded"):
            waiting.result()
    with pytest.raises(RuntimeError, match="unloaded"):
        engine.run([1])
    engine.close()


def test_it_ends_although_its_last_step_fails(batch):
    """The step fails after the end was asked for: the thread must not wait for more."""
    engine = EngineThread(batch, "test-engine")
    begun, ending = threading.Event(), threading.Event()

    def fail():
        begun.set()
        ending.wait()
        raise DeviceFaultError("the GPU failed")

    batch.step = fail
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(engine.run, [1])
        begun.wait()
        closing = pool.submit(engine.close)
        while not engine._closed:  # noqa: SLF001 - what close sets before it waits
            pass
        ending.set()
        closing.result()
        with pytest.raises(DeviceFaultError):
            waiting.result()
