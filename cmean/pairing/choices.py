"""What a pairing is asked to be: from options, an earlier pairing and the profile to choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

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
    from cmean.config import Profile

UNSAID: Final[Mapping[str, Any]] = {
    "space": spaces.EMOTION,
    "calibrate": NONE,
    "min_similarity": None,
}
"""Choices that came later than the first pairings, and what these mean by them."""


def complete(
    chosen: Mapping[str, Any], asked: Mapping[str, Any], profile: Profile
) -> dict[str, Any]:
    """Every choice of a pairing: as chosen, else as the profile pairs its triples, else as usual.

    Args:
        chosen: the choices by name, as asked or as in the earlier pairing; None: not chosen.
        asked: those that were asked for.
        profile: whose pairing is the default where triples are compared.

    Raises:
        UsageError: a least similarity is asked of a random pairing.
    """
    choice = dict(chosen)
    space = choice["space"] or versions.DEFAULTS["space"]
    usual = profile.pairing if space == spaces.EMOTION else get_plain_pairing()
    for name, default in {**versions.DEFAULTS, **usual}.items():
        choice[name] = choice[name] or default
    if choice["method"] == RANDOM:
        if asked["min_similarity"] is not None:
            raise UsageError(
                f"--min-similarity is not of --method {RANDOM}, which looks at no similarity: "
                "leave it out"
            )
        choice["min_similarity"] = None
    return choice


def embedding_recipes(
    connection: Connection,
    profile: Profile,
    choice: Mapping[str, str],
    earlier: Mapping[str, Any],
) -> dict[str, int]:
    """The embedders' recipes: those of the space, or those that the earlier pairing has.

    Raises:
        UsageError: embeddings are to be compared as only triples can be.
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
    names = {kind: f"{kind.value}_embedding_recipe_id" for kind in Kind}
    if earlier:
        return {name: earlier[name] for name in names.values()}
    found = spaces.embedding_recipes(connection, profile, space)
    return {names[kind]: recipe_id for kind, recipe_id in found.items()}


def seed_of(method: str, seed: int | None, earlier: Mapping[str, Any]) -> dict[str, int]:
    """The seed of a random pairing (default: that of the earlier pairing, else 0).

    Raises:
        UsageError: a seed is asked of a method that draws nothing.
    """
    if method != RANDOM:
        if seed is not None:
            raise UsageError(f"--seed is of --method {RANDOM}; {method} draws nothing")
        return {}
    if seed is None and earlier.get("method") == RANDOM:
        seed = earlier["parameters"]["seed"]
    return {"seed": seed or 0}


def numbers(connection: Connection, wish: Mapping[str, Any], profile: Profile) -> list[int]:
    """How many vectors there are of each kind: as long as they stay, the wish is the same.

    Raises:
        InputError: a kind has no triple under the profile.
    """
    found = results.numbers(connection, [wish[f"{kind.value}_recipe_id"] for kind in Kind])
    if wish["space"] != spaces.EMOTION:
        own = [wish[f"{kind.value}_embedding_recipe_id"] for kind in Kind]
        return found + [embeddings.count(connection, recipe_id) for recipe_id in own]
    for kind, number in zip(Kind, found, strict=True):
        if not number:
            raise InputError(
                f"no {kind.value} has an emotion under profile {profile.name!r}; "
                "ingest some, then run: cmean run"
            )
    return found


def told(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What of some choices goes into a digest: none of `UNSAID`, so that a pairing that could be
    asked for before there were such choices has the digest that it had."""
    return {
        name: value for name, value in chosen.items() if name not in UNSAID or value != UNSAID[name]
    }


def known(recipe_ids: Mapping[Kind, int | None], profile: Profile) -> dict[Kind, int]:
    """The mappers' recipes of a profile.

    Raises:
        InputError: the catalog has none of them yet.
    """
    found_all = {kind: found for kind, found in recipe_ids.items() if found is not None}
    if len(found_all) < len(recipe_ids):
        raise InputError(
            f"profile {profile.name!r} has no emotions in this catalog yet; "
            f"run: cmean run --profile {profile.name}"
        )
    return found_all
