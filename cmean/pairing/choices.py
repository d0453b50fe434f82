"""From the options of a request to its choices: as asked, as in an earlier pairing, or defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import embeddings, results
from cmean.config import get_plain_pairing
from cmean.domain import Kind
from cmean.errors import InputError, UsageError
from cmean.matching.calibration import NONE
from cmean.matching.methods import RANDOM
from cmean.pairing import spaces, versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Connection
    from cmean.catalog.pairing_rows import PairingRow
    from cmean.config import Profile
    from cmean.pairing.pairing_request import PairingRequest


def complete_choices(
    chosen: Mapping[str, Any], asked: Mapping[str, Any], profile: Profile
) -> dict[str, Any]:
    """Fill in the choices of a pairing that neither the user nor an earlier pairing made.

    Args:
        chosen: the choices by name, as asked or as in the earlier pairing; None: not chosen.
        asked: those that were asked for.
        profile: whose pairing is the default where emotion triples are compared.

    Raises:
        UsageError: a minimum similarity is asked of a random pairing.
    """
    choice = dict(chosen)
    space = choice["space"] or versions.DEFAULTS["space"]
    usual = profile.pairing if space == spaces.EMOTION else get_plain_pairing()
    for name, default in {**versions.DEFAULTS, **usual}.items():
        choice[name] = choice[name] or default
    if choice["method"] == RANDOM:
        if asked["min_similarity"] is not None:
            raise UsageError(
                f"--min-similarity cannot be used with --method {RANDOM}, which ignores "
                "similarities: leave it out"
            )
        choice["min_similarity"] = None
    return choice


def choose_embedding_recipes(
    connection: Connection,
    profile: Profile,
    choice: Mapping[str, Any],
    earlier: PairingRow | None,
) -> dict[str, int | None]:
    """Choose the embedders' recipes by column name: those of the earlier pairing or of the space.

    Raises:
        UsageError: a choice that only emotion triples allow is made for embeddings.
    """
    space, metric = choice["space"], choice["metric"]
    if space == spaces.EMOTION:
        return {}
    if choice["calibrate"] != NONE:
        raise UsageError(
            f"the space {space} cannot be calibrated, only emotion triples can: "
            "leave --calibrate out"
        )
    if metric != "cosine":
        raise UsageError(
            f"the space {space} is compared by cosine, not by {metric}: leave --metric out"
        )
    if earlier is not None:
        found = {kind: earlier.embedding_recipe_id(kind) for kind in Kind}
    else:
        found = {**spaces.find_embedding_recipes(connection, profile, space)}
    return {f"{kind.value}_embedding_recipe_id": recipe_id for kind, recipe_id in found.items()}


def choose_seed(method: str, seed: int | None, earlier: PairingRow | None) -> int | None:
    """Choose the seed of a random pairing: as asked, as in the earlier pairing, or 0.

    Raises:
        UsageError: a seed is asked of a method that draws nothing.
    """
    if method != RANDOM:
        if seed is not None:
            raise UsageError(
                f"--seed is for --method {RANDOM} only; {method} is deterministic: leave it out"
            )
        return None
    if seed is None and earlier is not None and earlier.method == RANDOM:
        return int(earlier.parameters["seed"])
    return seed or 0


def count_vectors(connection: Connection, request: PairingRequest, profile: Profile) -> list[int]:
    """Count the vectors of each kind: while the counts stay, the request is the same job.

    Raises:
        InputError: a kind has no emotion triple under the profile.
    """
    found = results.count_results(connection, request.recipe_ids)
    if request.space != spaces.EMOTION:
        embedders = [request.embedding_recipe_id(kind) for kind in Kind]
        return found + [
            embeddings.count_embeddings(connection, recipe_id)
            for recipe_id in embedders
            if recipe_id is not None
        ]
    for kind, number in zip(Kind, found, strict=True):
        if not number:
            raise InputError(
                f"no {kind.value} has an emotion under profile {profile.name!r}; ingest some and "
                "run: cmean run; where tasks failed: cmean status, then cmean retry"
            )
    return found


def require_mapper_recipes(
    recipe_ids: Mapping[Kind, int | None], profile: Profile
) -> dict[str, int]:
    """Require that the catalog has the emotion mappers' recipes of a profile.

    Returns:
        The recipes by column name.

    Raises:
        InputError: the catalog lacks one of them.
    """
    found = {
        f"{kind.value}_recipe_id": recipe_id
        for kind, recipe_id in recipe_ids.items()
        if recipe_id is not None
    }
    if len(found) < len(recipe_ids):
        raise InputError(
            f"profile {profile.name!r} has no emotions in this catalog yet; ingest tracks and "
            f"artworks, then run: cmean run --profile {profile.name}"
        )
    return found
