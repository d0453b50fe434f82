"""How many requests a model server gets at a time: as many as make it answer more."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST = 16
_GAIN = 1.15
"""Twice as many requests must bring so many times the answers in a second to be kept."""
_HELD_ROUNDS = 16
"""Rounds at a limit that was found, after which a larger one is tried again."""


class RequestLimit:
    """A limit of the requests in flight, found by trying.

    It begins at 16 and is doubled each round (as many answers as the limit) while that brings more
    answers in a second, up to `most`. Where it does not, requests only wait in the server's queue,
    and the limit goes back; larger ones are tried again later. Where the server refuses requests
    as too many, or lets them time out, it is halved, and then grows by an eighth a round.

    Args:
        most: the largest limit.
        clock: seconds that only grow.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.limit = min(_FIRST, most)
        self.in_flight = 0
        self._clock = clock
        self._may_send = threading.Condition()
        self._paused_until = 0.0
        self._is_cut = False
        self._good_limit, self._good_rate = self.limit, 0.0
        self._held_rounds = 0
        self._cut_at = float("-inf")
        self._answers, self._began, self._was_full = 0, 0.0, False  # of this round
        self._begin_round()

    def enter(self, is_stopped: Callable[[], bool] = lambda: False) -> float:
        """Wait until a request may be sent, or nothing more is to be; return the time."""
        with self._may_send:
            while not is_stopped():
                pause = self._paused_until - self._clock()
                if pause <= 0 and self.in_flight < self.limit:
                    break
                self._may_send.wait(pause if pause > 0 else None)
            self.in_flight += 1
            self._was_full = self._was_full or self.in_flight >= self.limit
            return self._clock()

    def leave(self) -> None:
        """Count a request that has ended in whatever way."""
        with self._may_send:
            self.in_flight -= 1
            self._may_send.notify()

    def count_answer(self) -> None:
        """Count an answer; at the end of a round the limit changes."""
        with self._may_send:
            self._answers += 1
            if self._answers >= self.limit:
                self._end_round()

    def refuse(self, sent: float, pause: float = 0.0) -> None:
        """Halve the limit because a request was one too many, once for all that were in flight.

        Args:
            sent: when it was, as `enter` returned it.
            pause: seconds for which the server wants no further requests.
        """
        with self._may_send:
            now = self._clock()
            self._paused_until = max(self._paused_until, now + pause)
            if sent >= self._cut_at:
                self.limit = max(1, min(self.limit, self.in_flight) // 2)
                self._is_cut, self._cut_at = True, now
                self._begin_round()

    def wake(self) -> None:
        """Let those that wait look whether they are to stop."""
        with self._may_send:
            self._may_send.notify_all()

    def _begin_round(self) -> None:
        self._answers = 0
        self._began = self._clock()
        self._was_full = False

    def _end_round(self) -> None:
        rate = self._answers / max(self._clock() - self._began, 1e-9)
        was_full = self._was_full
        if self._is_cut:
            self.limit = min(self.most, self.limit + max(1, self.limit // 8))
        elif was_full:
            self._climb(rate)
        self._begin_round()
        self._may_send.notify_all()

    def _climb(self, rate: float) -> None:
        """Double the limit, or go back to the last that brought more answers."""
        if self.limit == self._good_limit:
            self._held_rounds -= 1
            self._good_rate = rate
            if self._held_rounds <= 0:
                self.limit = min(self.most, 2 * self.limit)
        elif rate >= _GAIN * self._good_rate:
            self._good_limit, self._good_rate = self.limit, rate
            self.limit = min(self.most, 2 * self.limit)
        else:
            self.limit, self._held_rounds = self._good_limit, _HELD_ROUNDS
