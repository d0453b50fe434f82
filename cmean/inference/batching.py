"""How many items a back-end takes at once: all that it is given, until memory says less."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cmean.inference.error_isolation import isolate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.errors import ItemError

T = TypeVar("T")
R = TypeVar("R")


class Batcher:
    """Splits work into batches of items of like length, and remembers what size fitted.

    Args:
        size: of the first batches.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def chunks(self, items: Sequence[T], length: Callable[[T], float]) -> list[list[int]]:
        """The numbers of the items in batches, longest first: what does not fit is found at once.

        Items of like length share a batch, since the shorter are padded to the longest.
        """
        order = sorted(range(len(items)), key=lambda i: (-length(items[i]), i))
        return [order[start : start + self.size] for start in range(0, len(order), self.size)]

    def apply(
        self, function: Callable[[Sequence[T]], Sequence[R | ItemError]], batch: Sequence[T]
    ) -> list[R | ItemError]:
        """Apply to a batch, or to its halves where memory does not suffice."""
        try:
            return isolate(function, batch)
        except MemoryError:
            half = len(batch) // 2
            self.size = min(self.size, max(1, half))
        return [*self.apply(function, batch[:half]), *self.apply(function, batch[half:])]

    def run(
        self,
        function: Callable[[Sequence[T]], Sequence[R | ItemError]],
        items: Sequence[T],
        length: Callable[[T], float],
    ) -> list[R | ItemError]:
        """Apply to all items, in batches; the results in the order of the items."""
        found: dict[int, R | ItemError] = {}
        for chunk in self.chunks(items, length):
            results = self.apply(function, [items[number] for number in chunk])
            found |= dict(zip(chunk, results, strict=True))
        return [found[number] for number in range(len(items))]
