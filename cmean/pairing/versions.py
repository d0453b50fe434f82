"""Versions of a pairing: what a later one inherits from an earlier one, and what it changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import pairings
from cmean.catalog import recipes as recipe_rows
from cmean.datasets.published import BACKEND
from cmean.domain import POSITIONS, Kind
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_rows import PairingRow
    from cmean.config import Profile

DEFAULTS: Final = {"vector": "whole", "space": "emotion"}
"""The default where neither user, earlier pairing nor profile sets a value."""

SHARED: Final[Mapping[str, tuple[str, ...]]] = {
    "extend": ("method", "vector", "metric", "space", "calibrate", "min_similarity"),
    "compare": ("vector", "metric", "space", "calibrate"),
}
"""What an extension, and a recompute that is compared, have in common with the earlier pairing."""


def is_published(connection: Connection, pairing: PairingRow) -> bool:
    """Tell whether a pairing is of results published elsewhere, whose items have no media."""
    rows = recipe_rows.read_recipes(connection, pairing.recipe_ids)
    return BACKEND in {row["backend"] for row in rows}


def require_unpublished(connection: Connection, earlier: PairingRow, option: str) -> None:
    """Require that a pairing was made here: published results have no profile to pair by.

    Raises:
        InputError: the earlier pairing is of published results.
    """
    if is_published(connection, earlier):
        raise InputError(
            f"pairing {earlier.id} holds published results, which no profile can reproduce: "
            f"name a pairing that was made here, or pair again without --{option}"
        )


def inherit_choices(
    earlier: PairingRow,
    option: str,
    asked: Mapping[str, Any],
    profile: Profile,
    recipe_ids: Mapping[Kind, int | None],
) -> dict[str, Any]:
    """Inherit the choices of an earlier pairing that a new request builds on.

    Args:
        earlier: the earlier pairing; what was not asked for is as there.
        option: by which it is named: a key of `SHARED`.
        asked: the choices by name, all of `SHARED`; None where nothing was asked.
        profile: whose recipes the new version would use.
        recipe_ids: the mappers' recipes of that profile, None where it has no row yet.

    Raises:
        InputError: what they must share differs.
    """
    alternative = f"or pair again without --{option}"
    for name in SHARED[option]:
        has = getattr(earlier, name)
        if asked[name] not in {None, has}:
            option_name = name.replace("_", "-")
            how = "without" if has is None else "with"
            raise InputError(
                f"pairing {earlier.id} was made {how} --{option_name}"
                f"{'' if has is None else f' {has}'}, not with {asked[name]}: "
                f"leave --{option_name} out, {alternative}"
            )
    made = earlier.recipe_ids
    now = [recipe_ids[kind] for kind in Kind]
    if made != now:
        theirs, ours = earlier.profile, profile.name
        remedy = f"add --profile {theirs}" if theirs != ours else "restore the profile"
        raise InputError(
            f"pairing {earlier.id} was made with the recipes {_list_recipes(made)} of profile "
            f"{theirs!r}, not with {_list_recipes(now)} of {ours!r}: {remedy}, {alternative}"
        )
    return {
        name: getattr(earlier, name) if choice is None else choice for name, choice in asked.items()
    }


def _list_recipes(recipe_ids: Sequence[int | None]) -> str:
    return " and ".join("a new one" if each is None else str(each) for each in recipe_ids)


def count_added_pairs(catalog: Catalog, extended_id: int, pairs: int) -> dict[str, int]:
    """Count the pairs that an extension kept and added: JSON fields of `cmean pair --extend`."""
    with catalog.read() as connection:
        kept = pairings.read_pairing(connection, extended_id).pairs
    return {"extends": extended_id, "kept": kept, "added": pairs - kept}


def compare_versions(catalog: Catalog, earlier_id: int, new_id: int) -> dict[str, Any]:
    """Compare a recomputed pairing with an earlier one: JSON fields of `cmean pair --compare`.

    Tracks are compared position by position: of fragments a track has up to four pairs.
    """
    with catalog.read() as connection:
        earlier, new = (pairings.read_pairs(connection, each) for each in (earlier_id, new_id))
    _, before, after = np.intersect1d(
        _number_places(earlier), _number_places(new), assume_unique=True, return_indices=True
    )
    kept = int((earlier["artwork_id"][before] == new["artwork_id"][after]).sum())
    return {
        "pairing": earlier_id,
        "kept": kept,
        "changed": len(earlier) - kept,
        "new": len(new) - len(after),
        "gained": _compute_gain(earlier["similarity"], new["similarity"]),
        "gained_by_tracks_of_both": _compute_gain(
            earlier["similarity"][before], new["similarity"][after]
        ),
    }


def _number_places(pairs: NDArray[np.void]) -> NDArray[np.int64]:
    """Number each track and position; a pairing has each at most once."""
    places: NDArray[np.int64] = pairs["track_id"] * len(POSITIONS) + pairs["position"]
    return places


def _compute_gain(earlier: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """Subtract two exact sums: equal pairs in another order give 0."""
    return math.fsum(new.tolist()) - math.fsum(earlier.tolist())
