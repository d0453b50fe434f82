"""Agreement of two or more emotion recipes over the same items.

The recipes may be two mappers, two samples of one, or mappers of captions that were written twice.
Compared are the triples channel by channel, the cosine of an item's two triples with that of
different items' triples, and the rank at which an item is retrieved by its own triple.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.catalog import pairings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import CHANNELS, POSITIONS, WHOLE, Kind, Role
from cmean.errors import InputError, UsageError
from cmean.evaluation.documents.label_tables import RetrievalFigure
from cmean.evaluation.documents.recipe_agreement import (
    ComparedRecipe,
    CosineComparison,
    RecipeAgreement,
    RecipeAgreementDocument,
    RecipePairAgreement,
    SelfRetrievalFigures,
)
from cmean.inference import recipes
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.pairing import vectors
from cmean.stats.correlation import compute_pearson, compute_spearman
from cmean.stats.cosines import build_unit_vectors
from cmean.stats.estimate import Estimate
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.permutation_draws import draw_product_means
from cmean.stats.reliability import compute_iccs, compute_self_retrieval
from cmean.stats.sampling import SamplingOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmean.catalog.engine import Connection
    from cmean.config import Profile

PARTS: Final[Mapping[str, Sequence[int]]] = {"whole": (WHOLE,), "all five": POSITIONS}
"""What is compared of an item: the triple of the whole, or all five."""

_LARGEST_ID: Final = 2**63 - 1

_DEPENDENT_TRIPLES: Final = "the triples of one item are not independent, so there is no interval"


@dataclass(frozen=True, slots=True)
class _NamedRecipes:
    """A name that the user gave, and by kind the recipes that it stands for."""

    name: str
    ids: Mapping[Kind, int]


def compare_recipes(
    connection: Connection,
    names: Sequence[str],
    profiles: Callable[[str], Profile],
    sampling: SamplingOptions | None = None,
) -> RecipeAgreementDocument:
    """Measure how well two or more emotion recipes agree on the items that all of them mapped.

    Of all five triples the channels are those of all positions, and vectors have 15 numbers. A kind
    of which two have the same recipe is left out.

    Args:
        connection: an open transaction.
        names: the id of a mapper's recipe, or the name of a profile, whose recipes of both kinds
            are meant (together with an id: that of its kind).
        profiles: gives the profile of a name.
        sampling: permutations and seed.

    Raises:
        InputError: a name stands for no mapper's recipe, they are of different kinds or the same
            recipes, or no item was mapped by all.
        ConfigError: there is no such profile.
    """
    if len(names) < 2:  # noqa: PLR2004 - to compare
        raise UsageError("name two recipes or more: ids of emotion recipes, or profiles")
    asked = [_find_recipes(connection, name, profiles) for name in names]
    named = _select_comparable(asked)
    kinds: dict[str, dict[str, RecipeAgreement]] = {}
    for kind in named[0].ids:
        triples = [
            pairings.read_triples(connection, each.ids[kind], list(POSITIONS)) for each in named
        ]
        for part, positions in PARTS.items():
            runs = _select_common([vectors.build_side(each, positions) for each in triples])
            if len(runs[0]):
                agreement = _measure_agreement(runs, sampling or SamplingOptions())
                kinds.setdefault(kind.value, {})[part] = agreement
    if not kinds:
        raise InputError(f"no item has emotions by all of {', '.join(names)}; run: cmean run")
    left_out = [
        kind.value
        for kind in Kind
        if kind not in named[0].ids and all(kind in each.ids for each in asked)
    ]
    compared = [
        ComparedRecipe(each.name, {kind.value: key for kind, key in each.ids.items()})
        for each in named
    ]
    return RecipeAgreementDocument(compared, kinds, left_out)


def _find_recipes(
    connection: Connection, name: str, profiles: Callable[[str], Profile]
) -> _NamedRecipes:
    if not (name.isascii() and name.isdigit()):
        known = recipes.find_mapper_ids(connection, profiles(name))
        ids = {kind: recipe_id for kind, recipe_id in known.items() if recipe_id is not None}
        if not ids:
            raise InputError(
                f"profile {name!r} has no emotions in this catalog yet; "
                f"run: cmean run --profile {name}"
            )
        return _NamedRecipes(name, ids)
    rows = recipe_rows.read_recipes(connection, [min(int(name), _LARGEST_ID)])
    if not rows:
        raise InputError(f"there is no recipe {name}; list them in the table recipes")
    (row,) = rows
    if row["role"] != Role.MAPPER:
        raise InputError(
            f"recipe {name} is that of the {row['role']} {row['backend']}: name an emotion "
            "mapper's, or a profile"
        )
    return _NamedRecipes(name, {Kind(row["kind"]): int(row["id"])})


def _select_comparable(named: Sequence[_NamedRecipes]) -> list[_NamedRecipes]:
    """Keep the kinds that can be compared: of which all have a recipe, and no two the same.

    Raises:
        InputError: there is none.
    """
    shared = [kind for kind in Kind if all(kind in each.ids for each in named)]
    if not shared:
        listed = ", ".join(f"{each.name} of {'s and '.join(each.ids)}s" for each in named)
        raise InputError(f"recipes of different kinds cannot be compared: {listed}")
    differ = [kind for kind in shared if len({each.ids[kind] for each in named}) == len(named)]
    if not differ:
        raise InputError(
            f"of {', '.join(each.name for each in named)} two are the same recipes: "
            "name some that differ"
        )
    return [_NamedRecipes(each.name, {kind: each.ids[kind] for kind in differ}) for each in named]


def _select_common(sides: Sequence[vectors.ComparedSide]) -> list[NDArray[np.uint8]]:
    """Select the triples of the items that are on all sides, each of shape (n, positions, 3)."""
    items = reduce(np.intersect1d, [side.items for side in sides])
    return [side.triples[side.find(items)[0]] for side in sides]


def _measure_agreement(
    runs: Sequence[NDArray[np.uint8]], sampling: SamplingOptions
) -> RecipeAgreement:
    by_channel = {
        channel: np.stack([run[:, :, at].ravel() for run in runs], axis=1)
        for at, channel in enumerate(CHANNELS)
    }
    pairs = []
    for one, other in combinations(range(len(runs)), 2):
        flat = [runs[each].reshape(len(runs[each]), -1) for each in (one, other)]
        pairs.append(
            RecipePairAgreement(
                (one, other),
                _correlate_channels(compute_pearson, by_channel, one, other),
                _correlate_channels(compute_spearman, by_channel, one, other),
                _compare_cosines(flat[0], flat[1], sampling),
                _measure_self_retrieval(flat[0], flat[1], sampling),
            )
        )
    triples = runs[0].shape[1]
    coefficients = {
        channel: {
            name: _drop_interval(each, triples) for name, each in compute_iccs(values).items()
        }
        for channel, values in by_channel.items()
    }
    return RecipeAgreement(len(runs[0]), pairs, coefficients)


def _correlate_channels(
    correlate: Callable[[ArrayLike, ArrayLike], Estimate],
    by_channel: Mapping[str, NDArray[np.uint8]],
    one: int,
    other: int,
) -> dict[str, Estimate]:
    return {
        channel: correlate(values[:, one], values[:, other])
        for channel, values in by_channel.items()
    }


def _drop_interval(estimate: Estimate, triples: int) -> Estimate:
    """Drop the interval where an item has several triples: these are not independent."""
    if triples == 1 or estimate.value is None:
        return estimate
    return Estimate(estimate.value, estimate.n, why=_DEPENDENT_TRIPLES)


def _compare_cosines(
    one: NDArray[np.uint8], other: NDArray[np.uint8], sampling: SamplingOptions
) -> CosineComparison:
    """Compare the mean cosine of an item's two vectors with random pairs, shapes (n, d)."""
    mean = float(compute_similarities(one, other).mean())
    null = compute_random_pairing_null(one, other)
    permuted = draw_product_means(
        build_unit_vectors(one), build_unit_vectors(other), sampling.permutations, sampling.seed
    )
    return CosineComparison(mean, compare_with_null(mean, permuted, null=null))


def _measure_self_retrieval(
    one: NDArray[np.uint8], other: NDArray[np.uint8], sampling: SamplingOptions
) -> SelfRetrievalFigures:
    found = compute_self_retrieval(one, other, sampling.seed)
    return SelfRetrievalFigures(
        RetrievalFigure(**found.median_rank.as_dict()),
        RetrievalFigure(**found.mean_reciprocal_rank.as_dict()),
        RetrievalFigure(**found.first.as_dict()),
    )
