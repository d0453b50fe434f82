"""A profile's recipes, built and entered into the catalog.

For each kind of item a chain: the captioner, then, where the profile asks for them, a recipe that
continues captions that were cut, one that merges what was written of the windows of a long sound,
and one that gives each item the captions of another; then the mapper. Embedders read media, and the
captions that the chain ends with.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.config import BackendChoice
from cmean.domain import Kind, Recipe, Role
from cmean.errors import ConfigError, MissingExtraError, WeightsError
from cmean.inference.mapping import MappingOptions
from cmean.inference.merging import MergeOptions
from cmean.inference.prompt_files import name_mapping_template, read_template
from cmean.inference.queues import get_queue
from cmean.inference.revisions import make_revision_finder, read_installed_revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from cmean.backends.registry import BackendInfo
    from cmean.catalog.engine import Connection
    from cmean.config import KindProfile, Profile
    from cmean.inference.revisions import FindRevision

STAGE_OF = {Role.CAPTIONER: "caption", Role.MAPPER: "emotion", Role.EMBEDDER: "embed"}
"""The stage in which a recipe's work is done."""

CONTINUE, MERGE, SHUFFLE = "continue", "merge", "shuffle"
"""What a captioner's recipe that reads captions does with them: its parameter `step`."""


@dataclass(frozen=True, slots=True)
class EnteredRecipe:
    """A recipe that has a row; `source_id` is that of the recipe whose captions it reads."""

    id: int
    recipe: Recipe
    source_id: int | None = None

    @property
    def stage(self) -> str:
        """The stage in which its work is done."""
        return STAGE_OF[self.recipe.role]

    @property
    def whole_items(self) -> bool:
        """Whether all captions of an item must be there before any of it can be done."""
        return self.shuffles or bool(self.recipe.parameters.get("mapping", {}).get("together"))

    @property
    def shuffles(self) -> bool:
        """Whether all items must have their captions before any can be done."""
        return self.recipe.parameters.get("step") == SHUFFLE


@dataclass(frozen=True, slots=True)
class RecipeSet:
    """The recipes of a profile in the order in which data flows.

    `captioners` and `mappers` are the last of each by kind, as far as they are known: whose
    captions are mapped, and whose triples are paired.
    """

    entries: tuple[EnteredRecipe, ...]
    captioners: Mapping[Kind, EnteredRecipe]
    mappers: Mapping[Kind, EnteredRecipe]

    def list_of_stage(self, stage: str) -> list[EnteredRecipe]:
        """List the recipes of a stage, each after the one that it reads."""
        return [entry for entry in self.entries if entry.stage == stage]

    def list_dependents(self, recipe_id: int) -> list[EnteredRecipe]:
        """List the recipes that read the results of a recipe."""
        return [entry for entry in self.entries if entry.source_id == recipe_id]


def list_stages(profile: Profile) -> tuple[str, ...]:
    """List the stages of a profile in order; embedding only where it has embedders."""
    return ("caption", "emotion", "embed") if profile.embedders else ("caption", "emotion")


def get_backend_role(recipe: Recipe) -> Role:
    """Return the role of a recipe's back-end: what merges captions is a mapper, too."""
    return Role.MAPPER if recipe.parameters.get("step") == MERGE else recipe.role


def build_mapper_recipes(
    profile: Profile, find_revision: FindRevision = read_installed_revision
) -> dict[Kind, Recipe]:
    """Build the mapper's recipe of each kind; errors as of `build_recipes`."""
    found = build_recipes(profile, ["emotion"], find_revision)
    return {recipe.kind: recipe for recipe in found if recipe.role is Role.MAPPER}


def find_mapper_ids(connection: Connection, profile: Profile) -> dict[Kind, int | None]:
    """Find the ids of the mappers' recipes; None where the catalog has none of that digest."""
    found = build_mapper_recipes(profile, make_revision_finder(connection))
    return {
        kind: recipe_rows.find_recipe(connection, mapper.digest) for kind, mapper in found.items()
    }


def build_recipes(
    profile: Profile,
    stages: Sequence[str] | None = None,
    find_revision: FindRevision = read_installed_revision,
) -> list[Recipe]:
    """Build the recipes of a profile, each after the one that it reads.

    Args:
        profile: the profile.
        stages: what is to be executed: stages or queues (None: all). Recipes of other stages are
            left out where `find_revision` does not know them: captioning needs no mapper, and
            embedding no captioner. Embedders are left out unless `stages` has them.
        find_revision: returns the revision of a back-end.

    Raises:
        ConfigError: a back-end is unknown or does not fit, or a prompt cannot be read.
        MissingExtraError: a back-end that is needed is not installed.
        WeightsError: its weights are not on this machine.
    """

    def is_needed(role: Role, kind: Kind) -> bool:
        return stages is None or STAGE_OF[role] in stages or get_queue(role, kind) in stages

    captioning: list[Recipe] = []
    mapping: list[Recipe] = []
    sources: dict[Kind, Recipe] = {}
    for kind, part in profile.kinds.items():
        maps = is_needed(Role.MAPPER, kind)
        with _skip_missing(unless=maps or is_needed(Role.CAPTIONER, kind)):
            chain = _build_caption_recipes(kind, part, find_revision)
            captioning += chain
            sources[kind] = chain[-1]
            with _skip_missing(unless=maps):
                mapping.append(build_mapper_recipe(kind, part.mapper, chain[-1], find_revision))
    embedders = profile.embedders if stages is None or "embed" in stages else ()
    embedding = [
        recipe
        for choice in embedders
        for kind, part in profile.kinds.items()
        for recipe in _build_embedder_recipes(kind, choice, part, sources.get(kind), find_revision)
    ]
    return captioning + mapping + embedding


def _skip_missing(*, unless: bool) -> AbstractContextManager[None]:
    """Leave the block silently where a back-end is not on this machine, unless it is needed."""
    return nullcontext() if unless else suppress(MissingExtraError, WeightsError)


def enter_recipes(
    connection: Connection, profile: Profile, stages: Sequence[str] | None = None
) -> RecipeSet:
    """Enter those recipes of a profile that are new, and return all with their ids.

    Arguments and errors as of `build_recipes`, but a back-end that is not installed here has the
    revision that the catalog knows.
    """
    entries: list[EnteredRecipe] = []
    ids: dict[str, int] = {}
    for recipe in build_recipes(profile, stages, make_revision_finder(connection)):
        source = ids[recipe.input.digest] if recipe.input else None
        ids[recipe.digest] = recipe_rows.ensure_recipe(connection, recipe, source)
        entries.append(EnteredRecipe(ids[recipe.digest], recipe, source))
    last = {(entry.recipe.role, entry.recipe.kind): entry for entry in entries}
    return RecipeSet(
        tuple(entries),
        *(
            {kind: last[role, kind] for kind in Kind if (role, kind) in last}
            for role in (Role.CAPTIONER, Role.MAPPER)
        ),
    )


def _build_caption_recipes(
    kind: Kind, part: KindProfile, find_revision: FindRevision
) -> list[Recipe]:
    """Build the captioner's recipe and those that change its captions."""
    choice = part.captioner
    extra: dict[str, Any] = {"preprocessing": dict(part.preprocessing)}
    found = registry.get_info(choice.backend, Role.CAPTIONER, kind)
    if template := _read_prompt(found, choice, kind):
        extra["prompt"] = template
    if metadata := choice.options.get("metadata"):
        if not template:
            raise ConfigError(f"{found.name} takes no prompt, so it can be given no metadata")
        extra["metadata"] = metadata
    chain = [_build_recipe(find_revision, Role.CAPTIONER, kind, choice, extra)]
    if tokens := choice.options.get("continue_tokens"):
        if not found.continues:
            raise ConfigError(f"{found.name} cannot continue captions: remove continue_tokens")
        extra = extra | {"step": CONTINUE}
        more = {**choice.parameters, "max_new_tokens": tokens}
        chain.append(
            _build_recipe(find_revision, Role.CAPTIONER, kind, choice, extra, chain[-1], more)
        )
    if part.merger is not None:
        merger = registry.get_info(part.merger.backend, Role.MAPPER)
        extra = {
            "step": MERGE,
            "prompt": _read_prompt(merger, part.merger, kind, "merge"),
            "merging": asdict(MergeOptions(**part.merger.options)),
        }
        chain.append(
            _build_recipe(find_revision, Role.CAPTIONER, kind, part.merger, extra, chain[-1])
        )
    if part.shuffle is not None:
        extra = {"step": SHUFFLE, "seed": part.shuffle}
        shuffler = BackendChoice(SHUFFLE)
        chain.append(_build_recipe(find_revision, Role.CAPTIONER, kind, shuffler, extra, chain[-1]))
    return chain


def build_mapper_recipe(
    kind: Kind,
    choice: BackendChoice,
    source: Recipe | None = None,
    find_revision: FindRevision = read_installed_revision,
) -> Recipe:
    """Build the recipe of a mapper that reads the captions of another recipe, or plain texts."""
    found = registry.get_info(choice.backend, Role.MAPPER, kind)
    options = MappingOptions(**choice.options)
    usual = name_mapping_template(found.prompt, together=options.together)
    template = _read_prompt(found, choice, kind, usual)
    if not template:
        if choice.options:
            raise ConfigError(f"{found.name} takes no {sorted(choice.options)[0]!r}: remove it")
        return _build_recipe(find_revision, Role.MAPPER, kind, choice, {}, source)
    if options.graded and not found.grades:
        raise ConfigError(
            f"{found.name} cannot give expected values: remove 'graded', or name another mapper"
        )
    extra = {"prompt": template, "mapping": options.list_parameters()}
    return _build_recipe(find_revision, Role.MAPPER, kind, choice, extra, source)


def _build_embedder_recipes(
    kind: Kind,
    choice: BackendChoice,
    part: KindProfile,
    source: Recipe | None,
    find_revision: FindRevision,
) -> list[Recipe]:
    """Build the recipe of a kind's media, where the embedder takes them, and of its captions.

    Where the captions have no known recipe, there are no captions to embed.
    """
    found = registry.get_info(choice.backend, Role.EMBEDDER)
    made = []
    if kind in found.kinds:
        sound = {"rate": found.rate, **choice.options}
        prepared = sound if kind is Kind.TRACK else dict(part.preprocessing)
        made.append(
            _build_recipe(find_revision, Role.EMBEDDER, kind, choice, {"preprocessing": prepared})
        )
    if source is not None:
        made.append(_build_recipe(find_revision, Role.EMBEDDER, kind, choice, {}, source))
    return made


def _read_prompt(found: BackendInfo, choice: BackendChoice, kind: Kind, usual: str = "") -> str:
    """Read the prompt template that a step uses; empty where its back-end takes none."""
    if found.prompt:
        return read_template(choice.prompt or usual or found.prompt.format(kind=kind.value))
    if choice.prompt is not None:
        raise ConfigError(f"the back-end {found.name!r} takes no prompt")
    return ""


def _build_recipe(
    find_revision: FindRevision,
    role: Role,
    kind: Kind,
    choice: BackendChoice,
    extra: Mapping[str, Any],
    source: Recipe | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Recipe:
    backend_of = Role.MAPPER if extra.get("step") == MERGE else role
    found = registry.get_info(choice.backend, backend_of)
    given = registry.complete_parameters(
        found, choice.parameters if parameters is None else parameters
    )
    draft = Recipe(role, kind, choice.backend, "", {"backend": given, **extra}, source)
    return replace(draft, revision=find_revision(draft, backend_of))
