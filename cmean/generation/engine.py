"""Continuous batching: inputs that come from many threads are run together on one model.

A `ContinuousBatch` holds the rows that are being generated and makes one step for all of them; an
`EngineThread` owns it, gives it new rows as soon as others have ended, and hands each result to
the thread that waits for it. So no input waits for the slowest of a batch.
"""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from cmean.errors import ItemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

J = TypeVar("J")
R = TypeVar("R")


class ContinuousBatch(ABC, Generic[J, R]):
    """Inputs that one model works on at the same time. Used by one thread only."""

    @abstractmethod
    def count_free_rows(self) -> int:
        """Count the further inputs that would fit now; at least 1 where it has none."""

    @abstractmethod
    def add(self, jobs: Mapping[int, J]) -> None:
        """Take inputs, by number. What is wrong with one is returned by the next `step`."""

    @abstractmethod
    def step(self) -> Mapping[int, R | Exception]:
        """Go on with all inputs, and return those that have ended since, by number.

        An exception in place of a result concerns that input alone.

        Raises:
            Exception: it concerns all inputs; `clear` is called next.
        """

    @abstractmethod
    def clear(self) -> None:
        """Drop all inputs."""


class EngineThread(Generic[J, R]):
    """A thread that runs the inputs of other threads on a `ContinuousBatch`.

    Args:
        batch: used by this thread alone.
        name: of the thread.
    """

    def __init__(self, batch: ContinuousBatch[J, R], name: str) -> None:
        self._batch = batch
        self._waiting: queue.SimpleQueue[tuple[J, Future[R]] | None] = queue.SimpleQueue()
        self._running: dict[int, Future[R]] = {}
        self._number = 0
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, jobs: Sequence[J]) -> list[R | ItemError]:
        """Run inputs and wait for them: a result or an `ItemError` for each, in order.

        May be called from any number of threads.

        Raises:
            Exception: what is wrong with one of the inputs, or with the model, and is no
                `ItemError`.
        """
        futures: list[Future[R]] = [Future() for _ in jobs]
        with self._lock:
            if self._closed:
                raise RuntimeError("the model was unloaded")
            for job, future in zip(jobs, futures, strict=True):
                self._waiting.put((job, future))
        results: list[R | ItemError] = []
        try:
            for future in futures:
                try:
                    results.append(future.result())
                except ItemError as error:
                    results.append(error)
        finally:
            for future in futures:
                future.cancel()  # no effect on those that have ended
        return results

    def close(self) -> None:
        """End the thread. Inputs that have not ended fail."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while not self._closed and self._admit():
            try:
                ended = self._batch.step()
            except Exception as error:  # noqa: BLE001 - whatever it is, those that wait get it
                self._fail_all(error)
                continue
            for number, outcome in ended.items():
                future = self._running.pop(number)
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
        self._fail_all(RuntimeError("the model was unloaded"))

    def _admit(self) -> bool:
        """Give the batch as many inputs as fit; wait for one where it has none. False: the end."""
        added: dict[int, J] = {}
        room = self._batch.count_free_rows()
        while len(added) < room:
            try:
                found = self._waiting.get(block=not (added or self._running))
            except queue.Empty:
                break
            if found is None:
                return False
            job, future = found
            if future.set_running_or_notify_cancel():
                self._number += 1
                self._running[self._number] = future
                added[self._number] = job
        if added:
            try:
                self._batch.add(added)
            except Exception as error:  # noqa: BLE001 - as above
                self._fail_all(error)
        return True

    def _fail_all(self, error: Exception) -> None:
        self._batch.clear()
        for future in self._running.values():
            future.set_exception(error)
        self._running.clear()
        while self._closed:
            try:
                found = self._waiting.get(block=False)
            except queue.Empty:
                return
            if found is not None and found[1].set_running_or_notify_cancel():
                found[1].set_exception(error)
