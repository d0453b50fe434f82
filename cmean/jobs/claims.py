"""A claim that is being executed, and what became of tasks that were committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import deque

    from cmean.catalog.job_queue import Claim
    from cmean.inference.steps.step import RunPart
    from cmean.jobs.heartbeat import HeldLease


@dataclass(slots=True, eq=False)
class HeldClaim:
    """A claim whose lease is held and whose inputs are read.

    Args:
        claim: its tasks.
        lease: of those that are not yet committed.
        waiting: parts that have not begun.
        outcomes: by task, not yet committed.
        running: how many parts have begun and not ended.
        has_news: whether a part has ended since the last commit.
        error: what ended a part, if it concerns more than its tasks.
    """

    claim: Claim
    lease: HeldLease
    waiting: deque[RunPart]
    outcomes: dict[int, Any]
    running: int = 0
    has_news: bool = False
    error: BaseException | None = field(default=None)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of `taken` tasks that were committed together.

    `failed` includes the `missing`, whose files are not where the catalog has them.
    """

    taken: int
    done: int
    failed: int
    missing: int
    seconds: float
    fragment_ids: tuple[int, ...]
