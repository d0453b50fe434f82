"""Maps plain texts to triples without a catalog."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cmean.inference import recipes, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmean.config import Profile
    from cmean.domain import RGB, Kind
    from cmean.errors import ItemError
    from cmean.inference.steps.emotions import EmotionStep


def load_text_mapper(
    profile: Profile, kind: Kind
) -> Callable[[Sequence[str]], list[RGB | ItemError]]:
    """Load a profile's mapper. Texts are mapped one by one, even where items are mapped as a whole.

    Raises:
        CmeanError: it is not installed, or its weights are not on this machine.
    """
    choice = profile.kinds[kind].mapper
    if choice.options.get("together"):
        choice = replace(choice, options={**choice.options, "together": False}, prompt=None)
    step = steps.load_step(recipes.build_mapper_recipe(kind, choice))
    return cast("EmotionStep", step).map_texts
