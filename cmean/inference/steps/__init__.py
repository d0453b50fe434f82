"""The steps of a job: how the tasks of a claim are executed, one file a kind of recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.domain import Role
from cmean.inference.recipes import MERGE, SHUFFLE, get_backend_role
from cmean.inference.steps.captions import CaptionStep
from cmean.inference.steps.embeddings import EmbeddingStep
from cmean.inference.steps.emotions import EmotionStep
from cmean.inference.steps.merging import MergingStep
from cmean.inference.steps.shuffling import ShufflingStep
from cmean.inference.steps.step import Step, make_model_key

if TYPE_CHECKING:
    from cmean.domain import Recipe

__all__ = ["Step", "load_step", "make_model_key"]

_STEPS: dict[Role, type[Step]] = {
    Role.CAPTIONER: CaptionStep,
    Role.MAPPER: EmotionStep,
    Role.EMBEDDER: EmbeddingStep,
}
_OF_CAPTIONS: dict[str, type[Step]] = {MERGE: MergingStep, SHUFFLE: ShufflingStep}


def load_step(recipe: Recipe, shared: Step | None = None) -> Step:
    """Load a recipe's back-end, or use the equal one that another step has in memory.

    Raises:
        CmeanError: it is not known or not installed here, or its weights are not there.
    """
    kind = _OF_CAPTIONS.get(recipe.parameters.get("step", ""), _STEPS[recipe.role])
    if shared is not None:
        return kind(recipe, shared.backend, shared.batcher)
    role = get_backend_role(recipe)
    backend = registry.create_backend(recipe.backend, role, recipe.parameters["backend"])
    backend.load()
    return kind(recipe, backend)
