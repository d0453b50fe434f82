"""Applying a back-end to a batch so that an item at fault fails alone, and memory suffices."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cmean.errors import CmeanError, ItemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")


def isolate(
    apply: Callable[[Sequence[T]], Sequence[R | ItemError]], batch: Sequence[T]
) -> list[R | ItemError]:
    """Apply to the whole batch, or, when that raises, to each item alone.

    An error that is not an `ItemError` is the back-end's own; it becomes one of reason
    ``backend-error``, to be retried, so that no item stops a run.

    Returns:
        A result or an error for each item, in order.

    Raises:
        CmeanError: what concerns no item, e.g. a model server that is away.
        MemoryError: the batch, of more than one item, needs more memory than there is.
    """
    if not batch:
        return []
    try:
        results = apply(batch)
        if len(results) != len(batch):
            message = f"the back-end gave {len(results)} results for {len(batch)} items"
            raise ItemError("backend-error", message, retryable=True)  # noqa: TRY301 - same handling
    except Exception as error:
        if _concerns_no_item(error, len(batch)):
            raise
        if len(batch) > 1:
            return [outcome for item in batch for outcome in isolate(apply, [item])]
        return [_typed(error)]
    return list(results)


def _concerns_no_item(error: Exception, size: int) -> bool:
    if isinstance(error, MemoryError):
        return size > 1
    return isinstance(error, CmeanError) and not isinstance(error, ItemError)


def _typed(error: Exception) -> ItemError:
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError):
        said = "it needs more memory than there is, even alone"
        return ItemError("out-of-memory", said, retryable=True)
    said = (str(error).strip().splitlines() or [""])[0]
    return ItemError("backend-error", f"{type(error).__name__}: {said}"[:500], retryable=True)
