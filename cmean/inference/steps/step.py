"""What a recipe's work consists of: prepare a claim, carry it out, write what came of it."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cmean.backends import registry
from cmean.inference.batching import Batcher
from cmean.inference.recipes import backend_role

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.job_queue import Claim
    from cmean.domain import Recipe
    from cmean.protocols import Backend

Outcomes = Mapping[int, Any]
"""Task id → a result or an `ItemError`. What is absent was not begun."""

Job = Callable[[Callable[[], bool]], Outcomes]
"""Carries a prepared claim out; its argument tells whether to stop."""

_MOST_THREADS = 8
"""Files that one worker decodes at once."""


class Step(ABC):
    """A recipe with its back-end in memory.

    Args:
        recipe: the recipe.
        backend: loaded.
        batcher: of a step that used the same back-end before; it knows how much fits.
    """

    def __init__(self, recipe: Recipe, backend: Backend, batcher: Batcher | None = None) -> None:
        info = registry.get_info(recipe.backend, backend_role(recipe))
        self.recipe = recipe
        self.backend = backend
        self.key = model_key(recipe)
        self.batch = info.batch
        self.ahead = info.ahead
        # where the back-end itself keeps a core busy, other processes have the others
        self.threads = min(os.cpu_count() or 1, _MOST_THREADS) if info.ahead else 1
        self.batcher = batcher or Batcher(info.batch)

    @abstractmethod
    def prepare(self, catalog: Catalog, claim: Claim) -> Job:
        """Read and decode what a claim is about. May run in another thread, ahead of the model.

        Raises:
            CmeanError: what concerns all of the recipe's work.
        """

    def complete(self, good: Outcomes) -> Outcomes:
        """What can be told of results without the model. May run while it works on other things."""
        return good

    @abstractmethod
    def write(self, connection: Connection, claim: Claim, good: Outcomes) -> int:
        """Write the results, where the claim is still held. Returns how many were written."""


def model_key(recipe: Recipe) -> str:
    """What must be in memory: recipes that differ elsewhere only can share it."""
    parameters = json.dumps(recipe.parameters["backend"], sort_keys=True)
    return f"{backend_role(recipe)}/{recipe.backend}/{recipe.revision}/{parameters}"
