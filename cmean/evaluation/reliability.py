"""Whether emotions are the same a second time: two or more emotion recipes over the same items.

Two mappers, two samples of one, or the same captions written anew: how well the triples agree
channel by channel, how near an item's two triples are beside those of two items, and whether an
item finds itself again by its triple.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import pairings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import CHANNELS, POSITIONS, WHOLE, Kind, Role
from cmean.errors import InputError, UsageError
from cmean.evaluation.reliability_tables import tables
from cmean.inference import recipes
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.pairing import vectors
from cmean.stats import permutation_draws
from cmean.stats.correlation import pearson, spearman
from cmean.stats.cosines import units
from cmean.stats.estimate import Estimate
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.reliability import icc, self_retrieval
from cmean.stats.sampling import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.config import Profile

__all__ = ["PARTS", "compare", "tables"]

PARTS: Final[Mapping[str, Sequence[int]]] = {"whole": (WHOLE,), "all five": POSITIONS}
"""What is compared of an item: the triple of the whole, or all five."""

_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Named:
    """What the user named, and the recipes that it stands for."""

    name: str
    ids: Mapping[Kind, int]


def compare(
    connection: Connection,
    names: Sequence[str],
    profiles: Callable[[str], Profile],
    choices: Choices | None = None,
) -> dict[str, Any]:
    """How well two or more emotion recipes agree on the items that all of them mapped.

    Args:
        connection: an open transaction.
        names: the id of a mapper's recipe, or the name of a profile, whose recipes of both kinds
            are meant (beside an id: that of its kind). A kind of which two have the same recipe is
            left out.
        profiles: gives the profile of a name.
        choices: permutations and seed.

    Returns:
        JSON values: `recipes` (name, and id by kind) and, by kind and part, the number of items
        `n`, for each two recipes `pearson` and `spearman` by channel, `cosine` (the mean of an
        item's two triples, beside that of triples of different items) and `retrieval`, and for
        all recipes together `icc` by channel; and the kinds `left_out`. Of all five triples the
        channels are those of all positions, and vectors have 15 numbers.

    Raises:
        InputError: a name stands for no mapper's recipe, they are of different kinds or the same
            recipes, or no item was mapped by all.
        ConfigError: there is no such profile.
    """
    if len(names) < 2:  # noqa: PLR2004 - to compare
        raise UsageError("name two recipes or more: ids of emotion recipes, or profiles")
    asked = [_named(connection, name, profiles) for name in names]
    named = _alike(asked)
    kinds: dict[str, Any] = {}
    for kind in named[0].ids:
        triples = [pairings.triples(connection, each.ids[kind], list(POSITIONS)) for each in named]
        for part, positions in PARTS.items():
            runs = _common([vectors.side(each, positions) for each in triples])
            if len(runs[0]):
                found = _measured(runs, choices or Choices())
                kinds.setdefault(kind.value, {})[part] = found
    if not kinds:
        raise InputError(f"no item has emotions by all of {', '.join(names)}; run: cmean run")
    about = [
        {"name": each.name, **{kind.value: key for kind, key in each.ids.items()}} for each in named
    ]
    left_out = [
        kind.value
        for kind in Kind
        if kind not in named[0].ids and all(kind in each.ids for each in asked)
    ]
    return {"recipes": about, "kinds": kinds, "left_out": left_out}


def _named(connection: Connection, name: str, profiles: Callable[[str], Profile]) -> _Named:
    if not (name.isascii() and name.isdigit()):
        found = recipes.mapper_ids(connection, profiles(name))
        ids = {kind: recipe_id for kind, recipe_id in found.items() if recipe_id is not None}
        if not ids:
            raise InputError(
                f"profile {name!r} has no emotions in this catalog yet; "
                f"run: cmean run --profile {name}"
            )
        return _Named(name, ids)
    rows = recipe_rows.rows(connection, [min(int(name), _LARGEST)])
    if not rows:
        raise InputError(f"there is no recipe {name}; list them in the table recipes")
    (row,) = rows
    if row["role"] != Role.MAPPER:
        raise InputError(
            f"recipe {name} is that of the {row['role']} {row['backend']}: name an emotion "
            "mapper's, or a profile"
        )
    return _Named(name, {Kind(row["kind"]): int(row["id"])})


def _alike(named: Sequence[_Named]) -> list[_Named]:
    """The same with the kinds in which they are to be compared: where all have a recipe of theirs.

    Raises:
        InputError: there is none.
    """
    shared = [kind for kind in Kind if all(kind in each.ids for each in named)]
    if not shared:
        told = ", ".join(f"{each.name} of {'s and '.join(each.ids)}s" for each in named)
        raise InputError(f"recipes of different kinds cannot be compared: {told}")
    differ = [kind for kind in shared if len({each.ids[kind] for each in named}) == len(named)]
    if not differ:
        raise InputError(
            f"of {', '.join(each.name for each in named)} two are the same recipes: "
            "name some that differ"
        )
    return [_Named(each.name, {kind: each.ids[kind] for kind in differ}) for each in named]


def _common(sides: Sequence[vectors.Side]) -> list[NDArray[np.uint8]]:
    """The triples of the items that are on all sides, each of shape (n, positions, 3)."""
    items = reduce(np.intersect1d, [side.items for side in sides])
    return [side.triples[side.find(items)[0]] for side in sides]


def _measured(runs: Sequence[NDArray[np.uint8]], choices: Choices) -> dict[str, Any]:
    by_channel = [
        np.stack([run[:, :, channel].ravel() for run in runs], axis=1)
        for channel in range(len(CHANNELS))
    ]
    correlations = {"pearson": pearson, "spearman": spearman}
    pairs = []
    for one, other in combinations(range(len(runs)), 2):
        found: dict[str, Any] = {"recipes": [one, other]}
        for name, correlation in correlations.items():
            columns = zip(CHANNELS, by_channel, strict=True)
            found[name] = {
                channel: correlation(values[:, one], values[:, other]).as_dict()
                for channel, values in columns
            }
        joined = [runs[each].reshape(len(runs[each]), -1) for each in (one, other)]
        pairs.append(found | _nearness(joined[0], joined[1], choices))
    return {
        "n": len(runs[0]),
        "pairs": pairs,
        "icc": {
            channel: {
                name: _of_items(estimate, runs[0].shape[1]).as_dict()
                for name, estimate in icc(values).items()
            }
            for channel, values in zip(CHANNELS, by_channel, strict=True)
        },
    }


def _of_items(estimate: Estimate, triples: int) -> Estimate:
    """Without its interval where an item has several triples: these are not independent."""
    if triples == 1 or estimate.value is None:
        return estimate
    why = "the triples of one item are not independent, so there is no interval"
    return Estimate(estimate.value, estimate.n, why=why)


def _nearness(one: NDArray[np.uint8], other: NDArray[np.uint8], choices: Choices) -> dict[str, Any]:
    """How near an item's vectors of two runs are, shapes (n, d), and who finds itself by them."""
    mean = float(compute_similarities(one, other).mean())
    null = compute_random_pairing_null(one, other)
    drawn = permutation_draws.draw_product_means(
        units(one), units(other), choices.permutations, choices.seed
    )
    found = self_retrieval(one, other, choices.seed)
    figures = ("median_rank", "mean_reciprocal_rank", "first")
    return {
        "cosine": {
            "value": mean,
            "chance": compare_with_null(mean, drawn, null=null).as_dict(),
        },
        "retrieval": {name: getattr(found, name).as_dict() for name in figures},
    }
