"""A profile's recipes, built and entered into the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Kind, Recipe, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Connection
    from cmean.config import BackendChoice, Profile


@dataclass(frozen=True, slots=True)
class Entered:
    """A recipe that has a row."""

    id: int
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class RecipeSet:
    """The recipes of a profile by kind."""

    captioners: Mapping[Kind, Entered]
    mappers: Mapping[Kind, Entered]

    def of_stage(self, stage: str) -> list[Entered]:
        """The recipes that a stage carries out, tracks first."""
        by_kind = self.captioners if stage == "caption" else self.mappers
        return [by_kind[kind] for kind in Kind]


def build(profile: Profile) -> dict[Kind, tuple[Recipe, Recipe]]:
    """Captioner and mapper recipe of each kind.

    Raises:
        ConfigError: a back-end is unknown or does not fit.
        MissingExtraError: a back-end is not installed.
    """
    result = {}
    for kind, part in profile.kinds.items():
        preprocessing = {"preprocessing": dict(part.preprocessing)}
        captioner = _recipe(Role.CAPTIONER, kind, part.captioner, extra=preprocessing)
        result[kind] = (captioner, _recipe(Role.MAPPER, kind, part.mapper, source=captioner))
    return result


def _recipe(
    role: Role,
    kind: Kind,
    choice: BackendChoice,
    source: Recipe | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Recipe:
    found = registry.info(choice.backend, role, kind)
    parameters = registry.complete(found, choice.parameters)
    revision = registry.create(choice.backend, role, parameters).revision
    parameters = {"backend": parameters, **(extra or {})}
    return Recipe(role, kind, choice.backend, revision, parameters, source)


def enter(connection: Connection, profile: Profile) -> RecipeSet:
    """Enter the profile's recipes, those that are new, and return all with their ids."""
    captioners, mappers = {}, {}
    for kind, (captioner, mapper) in build(profile).items():
        captioner_id = recipe_rows.ensure(connection, captioner)
        captioners[kind] = Entered(captioner_id, captioner)
        mappers[kind] = Entered(recipe_rows.ensure(connection, mapper, captioner_id), mapper)
    return RecipeSet(captioners, mappers)
