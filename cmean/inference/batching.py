"""Batches: as large as memory allows, and split so that an item at fault fails alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cmean.errors import CmeanError, ItemError
from cmean.failure_reasons import FailureReason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


class Batcher:
    """Splits items into batches of similar length, and remembers what size fitted in memory.

    Args:
        size: of the first batches.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def split(self, items: Sequence[T], length: Callable[[T], float]) -> list[list[int]]:
        """Return the indices of the items in batches, longest items first.

        Items of similar length share a batch, since the shorter are padded to the longest. The
        longest come first so that a batch size that does not fit is found at once.
        """
        order = sorted(range(len(items)), key=lambda i: (-length(items[i]), i))
        return [order[start : start + self.size] for start in range(0, len(order), self.size)]

    def apply_to_batch(
        self, function: Callable[[Sequence[T]], Sequence[R | ItemError]], batch: Sequence[T]
    ) -> list[R | ItemError]:
        """Apply a function to a batch, or to its halves where it raises MemoryError."""
        try:
            return apply_isolated(function, batch)
        except MemoryError:
            half = len(batch) // 2
            self.size = min(self.size, max(1, half))
        return [
            *self.apply_to_batch(function, batch[:half]),
            *self.apply_to_batch(function, batch[half:]),
        ]

    def apply_to_all(
        self,
        function: Callable[[Sequence[T]], Sequence[R | ItemError]],
        items: Sequence[T],
        length: Callable[[T], float],
    ) -> list[R | ItemError]:
        """Apply a function to all items, in batches; the results are in the order of the items."""
        found: dict[int, R | ItemError] = {}
        for chunk in self.split(items, length):
            results = self.apply_to_batch(function, [items[number] for number in chunk])
            found |= dict(zip(chunk, results, strict=True))
        return [found[number] for number in range(len(items))]


def split_inputs(inputs: Mapping[K, T], *, takes_batches: bool) -> list[Mapping[K, T]]:
    """Split inputs into those that a back-end gets at once: all, or one."""
    return [inputs] if takes_batches else [{key: value} for key, value in inputs.items()]


def apply_isolated(
    apply: Callable[[Sequence[T]], Sequence[R | ItemError]], batch: Sequence[T]
) -> list[R | ItemError]:
    """Apply to the whole batch, or, when that raises, to each item alone.

    An error that is not an `ItemError` is the back-end's own; it becomes one of reason
    ``backend-error``, to be retried, so that no item stops a run.

    Returns:
        A result or an error for each item, in order.

    Raises:
        CmeanError: what concerns no item, e.g. a model server that is unavailable.
        MemoryError: the batch, of more than one item, needs more memory than there is.
    """
    if not batch:
        return []
    try:
        results = apply(batch)
        if len(results) != len(batch):
            message = f"the back-end gave {len(results)} results for {len(batch)} items"
            raise ItemError(FailureReason.BACKEND_ERROR, message, retryable=True)  # noqa: TRY301 - same handling
    except Exception as error:
        if _concerns_no_item(error, len(batch)):
            raise
        if len(batch) > 1:
            return [outcome for item in batch for outcome in apply_isolated(apply, [item])]
        return [_classify_error(error)]
    return list(results)


def _concerns_no_item(error: Exception, size: int) -> bool:
    """Tell whether an error concerns no single item; of lack of memory only with several items."""
    if isinstance(error, MemoryError):
        return size > 1
    return isinstance(error, CmeanError) and not isinstance(error, ItemError)


def _classify_error(error: Exception) -> ItemError:
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError):
        detail = "it needs more memory than there is, even alone"
        return ItemError(FailureReason.OUT_OF_MEMORY, detail, retryable=True)
    message = (str(error).strip().splitlines() or [""])[0]
    return ItemError(
        FailureReason.BACKEND_ERROR, f"{type(error).__name__}: {message}"[:500], retryable=True
    )
