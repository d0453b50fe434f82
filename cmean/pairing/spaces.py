"""Spaces: what items are compared by, emotion triples or embeddings of media or captions.

Embeddings come from the media without emotions in between, so a pairing by embeddings is a baseline
for one by emotions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.catalog import embeddings, pairings
from cmean.catalog import recipes as recipe_rows
from cmean.config import list_profile_names
from cmean.domain import Kind, Role
from cmean.errors import InputError, MissingExtraError, WeightsError
from cmean.inference import recipes
from cmean.inference.revisions import make_revision_finder
from cmean.pairing import vectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Connection
    from cmean.catalog.pairing_rows import PairingChoices
    from cmean.config import BackendChoice, Profile
    from cmean.pairing.vectors import ComparedSide

EMOTION, IMAGEBIND, CAPTIONS = "emotion", "imagebind", "captions"

SPACES: Final[Mapping[str, str]] = {
    EMOTION: "emotion triples",
    IMAGEBIND: "ImageBind embeddings of sound and picture",
    CAPTIONS: "a text embedder's embeddings of the captions",
}
"""The spaces by name, and what is compared in each."""

SidesByKind = dict[Kind, dict[int, "ComparedSide"]]
"""The compared vectors, by kind and by the position of the pairs."""

_MISSING: Final = {
    "whole": "no whole {} has {} yet",
    "fragments": "no fragment of any {} has {} yet",
    "concatenated": "no {} has {} of the whole and of all four fragments yet",
}


def find_embedding_recipes(connection: Connection, profile: Profile, space: str) -> dict[Kind, int]:
    """Find the recipes of the embeddings that a space compares; none for emotion triples.

    Of ImageBind that of the profile or, if it names none, the newest that has embedded anything.
    Of captions those of the first of the profile's embedders that embedded the captions of both
    kinds.

    Raises:
        InputError: there are no such embeddings yet.
    """
    if space == EMOTION:
        return {}
    of_media = space == IMAGEBIND
    choices = [each for each in profile.embedders if not of_media or each.backend == IMAGEBIND]
    for choice in choices:
        if found := _find_recipes_of_embedder(connection, profile, choice, of_media=of_media):
            return found
    if of_media and not choices:
        newest = {
            kind: embeddings.find_newest_embedder(connection, IMAGEBIND, kind, None)
            for kind in Kind
        }
        known = {kind: recipe_id for kind, recipe_id in newest.items() if recipe_id is not None}
        if len(known) == len(Kind):
            return known
    name = profile.name if choices else _name_profile_with(space, profile)
    what = "embeddings of tracks and artworks by ImageBind"
    if not of_media:
        what = "embeddings of the captions of both kinds by one embedder"
    raise InputError(
        f"there are no {what} yet; run: cmean run --stage embed --profile {name}, then: "
        f"cmean pair --space {space} --profile {name}"
    )


_SUFFIXES: Final = {IMAGEBIND: "-judged", CAPTIONS: "-text"}
"""Of the profiles that come with cmean, those that have the embedder of a space."""


def _name_profile_with(space: str, profile: Profile) -> str:
    """Name a profile that has the embedder of a space, with the same captions where possible."""
    base = profile.base_name
    packaged = list_profile_names({})
    return next(
        name + _SUFFIXES[space]
        for name in (base, "embedded")
        if name + _SUFFIXES[space] in packaged
    )


def _find_recipes_of_embedder(
    connection: Connection, profile: Profile, choice: BackendChoice, *, of_media: bool
) -> dict[Kind, int] | None:
    """Find the recipes of one embedder of a profile, if it has embedded items of both kinds."""
    alone = replace(profile, embedders=(choice,))
    try:
        built = recipes.build_recipes(alone, ["embed"], make_revision_finder(connection))
    except (MissingExtraError, WeightsError):
        return None  # not installed: the catalog has no recipe of it
    found = {}
    for recipe in built:
        if recipe.role is Role.EMBEDDER and (recipe.input is None) is of_media:
            recipe_id = recipe_rows.find_recipe(connection, recipe.digest)
            if recipe_id is not None and embeddings.count_embeddings(connection, recipe_id):
                found[recipe.kind] = recipe_id
    return found if len(found) == len(Kind) else None


def read_sides(
    connection: Connection, chosen: PairingChoices, pairing_id: int | None = None
) -> SidesByKind:
    """Read the vectors that a pairing compares.

    Args:
        connection: an open transaction.
        chosen: its vector, space, calibration and recipes: a request or a row.
        pairing_id: only what was there when this pairing was made.
    """
    by = {}
    for kind in Kind:
        mapper, vector = chosen.recipe_id(kind), chosen.vector
        read = pairings.read_triples(
            connection, mapper, vectors.list_needed_positions(vector), pairing_id=pairing_id
        )
        recipe_id = chosen.embedding_recipe_id(kind)
        if recipe_id is None:
            by[kind] = vectors.build_sides(read, vector, chosen.calibrate)
            continue
        found = {}
        for position in vectors.list_needed_positions(vector):
            loaded = embeddings.read_vectors(connection, recipe_id, position, pairing_id)
            found[position] = loaded.items, loaded.unit
        by[kind] = {
            position: vectors.build_embedded_side(
                [found[each] for each in joined], read[read["position"] == joined[0]]
            )
            for position, joined in vectors.VECTORS[vector].items()
        }
    return by


def require_matchable_sides(compared: SidesByKind, chosen: PairingChoices) -> None:
    """Require that there is something to match.

    Raises:
        InputError: a kind has nothing of what is compared, or no position has both.
    """
    emotion = chosen.space == EMOTION
    what = "an emotion" if emotion else "an embedding"
    run = "run: cmean run" if emotion else "run: cmean run --stage embed"
    several = "emotions" if emotion else "embeddings"
    for kind, by_position in compared.items():
        if not any(map(len, by_position.values())):
            one = several if chosen.vector == "concatenated" else what
            raise InputError(f"{_MISSING[chosen.vector].format(kind.value, one)}; {run}")
    tracks, artworks = (compared[kind] for kind in Kind)
    if not any(len(tracks[position]) and len(artworks[position]) for position in tracks):
        raise InputError(f"no fragment has {what} on both sides yet; {run}")


def count_incomplete_items(connection: Connection, pairing: PairingChoices) -> dict[Kind, int]:
    """Count the items of each kind that lack now something that a pairing compares."""
    needed = vectors.list_needed_positions(pairing.vector)
    found = {}
    for kind in Kind:
        recipe_id = pairing.embedding_recipe_id(kind)
        if recipe_id is None:
            mapper = pairing.recipe_id(kind)
            found[kind] = pairings.count_incomplete_items(connection, kind.value, mapper, needed)
        else:
            found[kind] = embeddings.count_incomplete_items(connection, kind, recipe_id, needed)
    return found
