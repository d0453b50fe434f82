"""The interface of a step: prepare the inputs of a claim, run the back-end, write the results."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cmean.backends import registry
from cmean.inference.batching import Batcher
from cmean.inference.recipes import get_backend_role
from cmean.protocols import get_concurrency

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Recipe
    from cmean.protocols import Backend

Outcomes = Mapping[int, Any]
"""Task id → a result or an `ItemError`. Tasks that are absent were not begun."""

Outputs = Mapping[int, Any]
"""Task id → a result, in the form that the step writes."""

RunPart = Callable[[Callable[[], bool]], Outcomes]
"""Runs a part of a prepared claim; its argument tells whether to stop."""

_MAX_THREADS = 8
"""Files that one worker decodes at once."""


@dataclass(frozen=True, slots=True)
class PreparedTasks:
    """The tasks of a claim with their inputs.

    Args:
        parts: run the back-end; each for other tasks, in any order and at the same time.
        outcomes: what is known without it.
    """

    parts: Sequence[RunPart]
    outcomes: Outcomes = field(default_factory=dict)


class Step(ABC):
    """A recipe with its back-end in memory.

    Args:
        recipe: the recipe.
        backend: loaded.
        batcher: of a step that used the same back-end before; it knows what batch fits in memory.

    Attributes:
        batch_size: how many tasks to claim at once.
        takes_batches: whether a claim is one part, of which the back-end gets all; else each task,
            or the tasks of an item, is a part of its own.
        prefetches: whether to prepare the next claim while the back-end works.
        threads: how many files to decode at once.
    """

    def __init__(self, recipe: Recipe, backend: Backend, batcher: Batcher | None = None) -> None:
        info = registry.get_info(recipe.backend, get_backend_role(recipe))
        self.recipe = recipe
        self.backend = backend
        self.key = make_model_key(recipe)
        self.batch_size = info.batch
        self.takes_batches = get_concurrency(backend) == 1
        self.prefetches = info.ahead
        # A back-end that keeps a core busy runs in one process a core: no threads on top of them.
        self.threads = min(os.cpu_count() or 1, _MAX_THREADS) if info.ahead else 1
        self.batcher = batcher or Batcher(info.batch)

    def count_places(self) -> int:
        """Count the parts of claims that may run at once now."""
        return get_concurrency(self.backend)

    @abstractmethod
    def prepare_claim(self, catalog: Catalog, claim: Claim) -> PreparedTasks:
        """Read and decode the inputs of a claim. May run in another thread, ahead of the model.

        Raises:
            CmeanError: it concerns all of the recipe's tasks.
        """

    def complete_results(self, outputs: Outputs) -> Outputs:
        """Add what the model is not needed for. May run while it works on the next claim."""
        return outputs

    @abstractmethod
    def write_results(self, connection: Connection, claim: Claim, outputs: Outputs) -> int:
        """Write the results of the tasks that are still held. Returns how many were written."""


def make_model_key(recipe: Recipe) -> str:
    """Return a key that is equal for recipes that can share one model in memory."""
    parameters = json.dumps(recipe.parameters["backend"], sort_keys=True)
    return f"{get_backend_role(recipe)}/{recipe.backend}/{recipe.revision}/{parameters}"
