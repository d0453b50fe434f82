"""Observe a fleet: stages with their rates, workers of all machines with their heartbeats."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean.jobs.status import build_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog

_WINDOW_SECONDS = 60.0
"""The period over which a rate is measured."""


@dataclass(frozen=True, slots=True)
class StageView:
    """Progress of a stage: task counts, tasks per second, seconds remaining (None: unknown)."""

    stage: str
    ready: int
    leased: int
    done: int
    failed: int
    rate: float | None
    remaining_seconds: float | None

    @property
    def total(self) -> int:
        """All tasks of the stage."""
        return self.ready + self.leased + self.done + self.failed


@dataclass(frozen=True, slots=True)
class FleetView:
    """The stages and workers at one moment; `workers` and `waiting` as in the status document."""

    stages: Sequence[StageView]
    workers: Sequence[Mapping[str, Any]]
    waiting: Sequence[Mapping[str, Any]]


class Observer:
    """Reads the status repeatedly, to measure rates.

    Args:
        catalog: an open catalog.
        stages: of these stages; others are left out.
        recipe_ids: only tasks of these recipes (default: all tasks).
        fleet: as of `build_status`.
    """

    def __init__(
        self,
        catalog: Catalog,
        stages: Sequence[str],
        recipe_ids: Sequence[int] | None = None,
        *,
        fleet: bool = False,
    ) -> None:
        self.catalog = catalog
        self.stages = stages
        self.recipe_ids = recipe_ids
        self.fleet = fleet
        self._samples: deque[tuple[float, dict[str, int]]] = deque()

    def observe(self) -> FleetView:
        """Read the stages and workers now."""
        found = build_status(self.catalog, self.recipe_ids, fleet=self.fleet)
        now = time.monotonic()
        self._samples.append(
            (now, {stage: found["stages"][stage]["done"] for stage in self.stages})
        )
        while now - self._samples[0][0] > _WINDOW_SECONDS:
            self._samples.popleft()
        stages = [self._build_stage_view(stage, found["stages"][stage]) for stage in self.stages]
        fleet = [worker for worker in found["workers"] if worker["queues"] is not None]
        return FleetView(stages, fleet, found["waiting"])

    def _build_stage_view(self, stage: str, tasks: Mapping[str, int]) -> StageView:
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        rate = (after[stage] - before[stage]) / (last - first) if last > first else None
        open_ = tasks["ready"] + tasks["leased"]
        return StageView(
            stage,
            tasks["ready"],
            tasks["leased"],
            tasks["done"],
            tasks["failed"] + tasks["dead"],
            rate,
            open_ / rate if rate else None,
        )
