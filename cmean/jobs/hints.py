"""Hints: messages that wake idle workers. Work is found without them, only later."""

from __future__ import annotations

from typing import Protocol


class HintSender(Protocol):
    """Wakes workers of a queue. Must not raise: a lost hint costs a poll interval, no work."""

    def __call__(self, queue: str, recipe: str | None = None, copies: int = 1) -> None:
        """Send a hint that a queue has work.

        Args:
            queue: its name.
            recipe: the digest of the recipe that has work, if it is known.
            copies: how many workers to wake.
        """


def discard_hint(queue: str, recipe: str | None = None, copies: int = 1) -> None:
    """Send no hint: a worker without a broker finds work by polling."""
