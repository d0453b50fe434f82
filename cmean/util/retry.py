"""Exponential back-off with jitter, for retries and for polls that slow down while idle."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Backoff:
    """Delays that grow exponentially up to a limit, each multiplied by a random factor.

    The random factor keeps many processes that lost the same server from returning at once.

    Args:
        first: the first delay in seconds.
        longest: the upper limit of the delays in seconds, before the random factor.
        growth: the factor from one delay to the next.
        jitter: the range of the random factor.
    """

    def __init__(
        self,
        first: float,
        longest: float,
        *,
        growth: float = 2.0,
        jitter: tuple[float, float] = (0.5, 1.0),
    ) -> None:
        self.first = first
        self.longest = longest
        self.growth = growth
        self.jitter = jitter
        self._next = min(first, longest)

    def next_delay(self) -> float:
        """Return the next delay in seconds."""
        delay = self._next * random.uniform(*self.jitter)  # noqa: S311 - no secret
        self._next = min(self.growth * self._next, self.longest)
        return delay

    def reset(self) -> None:
        """Start again from the first delay."""
        self._next = min(self.first, self.longest)


def retry_call(
    call: Callable[[], T],
    *,
    retry_on: type[Exception],
    backoff: Backoff,
    is_stopped: Callable[[], bool] = lambda: False,
    wait: Callable[[float], object] = time.sleep,
    on_retry: Callable[[Exception], object] = lambda _error: None,
) -> T:
    """Call a function until it succeeds.

    Args:
        call: the function, which must be safe to repeat (idempotent or transactional).
        retry_on: the error after which it is called again; any other one is raised at once.
        backoff: the delays between the calls.
        is_stopped: asked before and after each delay; once true, the error is raised.
        wait: waits for a number of seconds; `threading.Event.wait` makes the delay interruptible.
        on_retry: receives the error before each delay, e.g. to log it.

    Raises:
        Exception: what `call` raises, if it is not retried.
    """
    while True:
        try:
            return call()
        except retry_on as error:
            if is_stopped():
                raise
            on_retry(error)
            wait(backoff.next_delay())
            if is_stopped():
                raise
