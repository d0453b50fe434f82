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
from cmean.inference.prompt_files import read_template
from cmean.inference.queues import queue_of
from cmean.inference.revisions import here, here_or_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from cmean.backends.registry import BackendInfo
    from cmean.catalog.engine import Connection
    from cmean.config import KindProfile, Profile
    from cmean.inference.revisions import Revise

STAGE_OF = {Role.CAPTIONER: "caption", Role.MAPPER: "emotion", Role.EMBEDDER: "embed"}
"""The stage in which a recipe's work is done."""

CONTINUE, MERGE, SHUFFLE = "continue", "merge", "shuffle"
"""What a captioner's recipe that reads captions does with them: its parameter `step`."""


@dataclass(frozen=True, slots=True)
class Entered:
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

    entries: tuple[Entered, ...]
    captioners: Mapping[Kind, Entered]
    mappers: Mapping[Kind, Entered]

    def of_stage(self, stage: str) -> list[Entered]:
        """The recipes that a stage carries out, each after the one that it reads."""
        return [entry for entry in self.entries if entry.stage == stage]

    def readers(self, recipe_id: int) -> list[Entered]:
        """The recipes that read what a recipe writes."""
        return [entry for entry in self.entries if entry.source_id == recipe_id]


def stages(profile: Profile) -> tuple[str, ...]:
    """The stages of a profile, in order: embedding only where it has embedders."""
    return ("caption", "emotion", "embed") if profile.embedders else ("caption", "emotion")


def backend_role(recipe: Recipe) -> Role:
    """The role of a recipe's back-end: captions are merged by a language model."""
    return Role.MAPPER if recipe.parameters.get("step") == MERGE else recipe.role


def mappers(profile: Profile, revise: Revise = here) -> dict[Kind, Recipe]:
    """The mapper's recipe of each kind; errors as `build`."""
    found = build(profile, ["emotion"], revise)
    return {recipe.kind: recipe for recipe in found if recipe.role is Role.MAPPER}


def mapper_ids(connection: Connection, profile: Profile) -> dict[Kind, int | None]:
    """The ids of the mappers' recipes; None where the catalog has none of that digest."""
    found = mappers(profile, here_or_known(connection))
    return {kind: recipe_rows.find(connection, mapper.digest) for kind, mapper in found.items()}


def build(
    profile: Profile, stages: Sequence[str] | None = None, revise: Revise = here
) -> list[Recipe]:
    """The recipes of a profile, each after the one that it reads.

    Args:
        profile: the profile.
        stages: what is to be carried out: stages or queues. Who only captions needs no mapper, and
            who only embeds no captioner: such recipes are left out where `revise` does not know
            them. Who does not embed gets no embedders. None: all is needed.
        revise: tells the revision of a back-end.

    Raises:
        ConfigError: a back-end is unknown or does not fit, or a prompt cannot be read.
        MissingExtraError: a back-end that is needed is not installed.
        WeightsError: its weights are not on this machine.
    """

    def needed(role: Role, kind: Kind) -> bool:
        return stages is None or STAGE_OF[role] in stages or queue_of(role, kind) in stages

    captioning: list[Recipe] = []
    mapping: list[Recipe] = []
    sources: dict[Kind, Recipe] = {}
    for kind, part in profile.kinds.items():
        maps = needed(Role.MAPPER, kind)
        with _needed(maps or needed(Role.CAPTIONER, kind)):
            chain = _captions(kind, part, revise)
            captioning += chain
            sources[kind] = chain[-1]
            with _needed(maps):
                mapping.append(mapper(kind, part.mapper, chain[-1], revise))
    embedders = profile.embedders if stages is None or "embed" in stages else ()
    embedding = [
        recipe
        for choice in embedders
        for kind, part in profile.kinds.items()
        for recipe in _embedder(kind, choice, part, sources.get(kind), revise)
    ]
    return captioning + mapping + embedding


def _needed(needed: bool) -> AbstractContextManager[None]:
    """A block that is left where a back-end is not there, unless that is needed."""
    return nullcontext() if needed else suppress(MissingExtraError, WeightsError)


def enter(
    connection: Connection, profile: Profile, stages: Sequence[str] | None = None
) -> RecipeSet:
    """Enter the profile's recipes, those that are new, and return all with their ids.

    Arguments and errors as `build`; what the catalog knows already needs not be on this machine.
    """
    entries: list[Entered] = []
    ids: dict[str, int] = {}
    for recipe in build(profile, stages, here_or_known(connection)):
        source = ids[recipe.input.digest] if recipe.input else None
        ids[recipe.digest] = recipe_rows.ensure(connection, recipe, source)
        entries.append(Entered(ids[recipe.digest], recipe, source))
    last = {(entry.recipe.role, entry.recipe.kind): entry for entry in entries}
    return RecipeSet(
        tuple(entries),
        *(
            {kind: last[role, kind] for kind in Kind if (role, kind) in last}
            for role in (Role.CAPTIONER, Role.MAPPER)
        ),
    )


def _captions(kind: Kind, part: KindProfile, revise: Revise) -> list[Recipe]:
    """The captioner's recipe and those that work on its captions."""
    choice = part.captioner
    extra: dict[str, Any] = {"preprocessing": dict(part.preprocessing)}
    found = registry.get_info(choice.backend, Role.CAPTIONER, kind)
    if template := _template(found, choice, kind):
        extra["prompt"] = template
    if choice.options.get("metadata"):
        if not template:
            raise ConfigError(f"{found.name} takes no prompt, so it can be given no metadata")
        extra["metadata"] = True
    chain = [_recipe(revise, Role.CAPTIONER, kind, choice, extra)]
    if tokens := choice.options.get("continue_tokens"):
        if not found.continues:
            raise ConfigError(f"{found.name} cannot continue captions: remove continue_tokens")
        extra = extra | {"step": CONTINUE}
        more = {**choice.parameters, "max_new_tokens": tokens}
        chain.append(_recipe(revise, Role.CAPTIONER, kind, choice, extra, chain[-1], more))
    if part.merger is not None:
        merger = registry.get_info(part.merger.backend, Role.MAPPER)
        extra = {
            "step": MERGE,
            "prompt": _template(merger, part.merger, kind, "merge"),
            "merging": asdict(MergeOptions(**part.merger.options)),
        }
        chain.append(_recipe(revise, Role.CAPTIONER, kind, part.merger, extra, chain[-1]))
    if part.shuffle is not None:
        extra = {"step": SHUFFLE, "seed": part.shuffle}
        dealer = BackendChoice(SHUFFLE)
        chain.append(_recipe(revise, Role.CAPTIONER, kind, dealer, extra, chain[-1]))
    return chain


def mapper(
    kind: Kind, choice: BackendChoice, source: Recipe | None = None, revise: Revise = here
) -> Recipe:
    """The recipe of a mapper that reads the captions of another recipe, or plain texts."""
    found = registry.get_info(choice.backend, Role.MAPPER, kind)
    options = MappingOptions(**choice.options)
    usual = "emotion-five" if options.together else "emotion"
    template = _template(found, choice, kind, usual)
    if not template:
        if choice.options:
            raise ConfigError(f"{found.name} takes no {sorted(choice.options)[0]!r}: remove it")
        return _recipe(revise, Role.MAPPER, kind, choice, {}, source)
    extra = {"prompt": template, "mapping": asdict(options)}
    return _recipe(revise, Role.MAPPER, kind, choice, extra, source)


def _embedder(
    kind: Kind, choice: BackendChoice, part: KindProfile, source: Recipe | None, revise: Revise
) -> list[Recipe]:
    """The recipe of a kind's media, where the embedder takes them, and that of its captions.

    Where nobody knows the captions' recipe, there are no captions to embed.
    """
    found = registry.get_info(choice.backend, Role.EMBEDDER)
    made = []
    if kind in found.kinds:
        prepared = {"rate": found.rate} if kind is Kind.TRACK else dict(part.preprocessing)
        made.append(_recipe(revise, Role.EMBEDDER, kind, choice, {"preprocessing": prepared}))
    if source is not None:
        made.append(_recipe(revise, Role.EMBEDDER, kind, choice, {}, source))
    return made


def _template(found: BackendInfo, choice: BackendChoice, kind: Kind, usual: str = "") -> str:
    """The text of the prompt template that a step uses; empty where its back-end takes none."""
    if found.prompt:
        return read_template(choice.prompt or usual or found.prompt.format(kind=kind.value))
    if choice.prompt is not None:
        raise ConfigError(f"the back-end {found.name!r} takes no prompt")
    return ""


def _recipe(
    revise: Revise,
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
    return replace(draft, revision=revise(draft, backend_of))
