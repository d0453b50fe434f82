"""People's ratings of the pairs, compared with their ratings of random pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import ratings
from cmean.evaluation.documents.rating_tables import (
    BinomialNull,
    CongruenceComparison,
    CongruenceCorrelation,
    PairPreferenceShare,
    PreferenceSummary,
    RaterAgreement,
    RaterSummary,
    RatingSummary,
)
from cmean.stats.agreement import LEVELS, bootstrap_krippendorff_alpha
from cmean.stats.correlation import bootstrap_spearman, compute_spearman
from cmean.stats.estimate import Estimate
from cmean.stats.intervals import compute_binomial_p, estimate_mean, estimate_proportion
from cmean.stats.null_distribution import NullComparison, NullDistribution, compare_with_null
from cmean.stats.permutation_draws import draw_statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing
    from cmean.stats.agreement import Level
    from cmean.stats.sampling import SamplingOptions

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    RatingRows = NDArray[np.void]

_NO_CONTROLS: Final = (
    "there are no ratings of random pairs of these items; cmean rate sheet includes some"
)
_NOT_BOTH: Final = "no rater has rated both pairs and random pairs"
_FEWEST_RATERS: Final = 2
"""Raters of a unit that agreement needs."""


def measure_human_ratings(
    connection: Connection, evaluated: EvaluatedPairing
) -> RatingSummary | None:
    """Summarise the ratings of the pairs; None where there are none.

    Random pairs are those of pairings of method `random` over the same recipes and vector.
    """
    pairing_id = evaluated.row.id
    controls = ratings.find_control_pairings(connection, evaluated.row)
    rated = ratings.read_ratings(connection, [pairing_id, *controls])
    own = rated["pairing_id"] == pairing_id
    if not own.any():
        return None
    scored = ~np.isnan(rated["congruence"])
    chosen = rated["preferred"] != ""
    sampling = evaluated.sampling
    has_scores = bool((own & scored).any())
    return RatingSummary(
        congruence=_compare_congruence(rated[scored], own[scored], sampling)
        if has_scores
        else None,
        similarity=_correlate_similarity(rated[own & scored], sampling) if has_scores else None,
        choice=_summarise_preferences(rated[own & chosen]) if (own & chosen).any() else None,
        agreement=_measure_agreement(rated[scored], rated[own & chosen], sampling),
        raters=_summarise_raters(rated, own),
    )


def _compare_congruence(
    rated: RatingRows, own: Flags, sampling: SamplingOptions
) -> dict[str, CongruenceComparison]:
    """Compare mean congruence of pairs and random pairs, over ratings and over means of pairs."""
    first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)[1:]
    sums = np.bincount(of_pair, rated["congruence"])
    means: Floats = sums / np.bincount(of_pair)
    # Ratings are exchanged within a rater, who may be lenient or strict; means of pairs freely.
    raters = np.unique(rated["rater"].astype(str), return_inverse=True)[1]
    one_group = np.zeros(len(means), np.intp)
    counts = {
        "rated_pairs": len(np.unique(rated["pair_id"][own])),
        "rated_controls": len(np.unique(rated["pair_id"][~own])),
        "raters": len(set(rated["rater"][own].tolist())),
    }
    return {
        "ratings": _compare_means(rated["congruence"], own, raters, sampling, counts),
        "pairs": _compare_means(means, own[first], one_group, sampling, counts),
    }


def _compare_means(
    values: Floats,
    own: Flags,
    groups: NDArray[np.intp],
    sampling: SamplingOptions,
    counts: dict[str, int],
) -> CongruenceComparison:
    """Compare two means, with the null of values that are permuted within groups."""
    one, other = values[own], values[~own]
    difference = float(one.mean() - other.mean()) if len(other) else None
    both = np.intersect1d(groups[own], groups[~own])
    if difference is None:
        null = NullComparison.undefined(_NO_CONTROLS)
    elif not len(both):
        null = NullComparison.undefined(_NOT_BOTH)
    else:
        null = compare_with_null(difference, _permute_differences(values, own, groups, sampling))
    return CongruenceComparison(
        mean=estimate_mean(one),
        control_mean=estimate_mean(other) if len(other) else Estimate.undefined(0, _NO_CONTROLS),
        difference=difference,
        null=null,
        **counts,
    )


def _permute_differences(
    values: Floats, own: Flags, groups: NDArray[np.intp], sampling: SamplingOptions
) -> Floats:
    """Draw differences of the means where the values of each group are permuted within it."""
    order = np.argsort(groups, kind="stable")
    values, own, groups = values[order], own[order], groups[order]

    def compute_difference(_places: NDArray[np.intp], permutation: NDArray[np.intp]) -> float:
        permuted = values[np.lexsort((permutation, groups))]
        return float(permuted[own].mean() - permuted[~own].mean())

    n = len(values)
    return draw_statistics(compute_difference, n, n, sampling.permutations, sampling.seed)


def _correlate_similarity(rated: RatingRows, sampling: SamplingOptions) -> CongruenceCorrelation:
    """Correlate the mean congruence of pairs with their similarity."""
    _, first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)
    means: Floats = np.bincount(of_pair, rated["congruence"]) / np.bincount(of_pair)
    similarity: Floats = rated["similarity"][first]
    n = len(means)
    found = bootstrap_spearman(means, similarity, sampling.bootstraps, sampling.seed)
    if found.value is None:
        return CongruenceCorrelation(**found.as_dict(), null=NullComparison.undefined(found.why))

    def correlate(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
        value = compute_spearman(means[one], similarity[other]).value
        return math.nan if value is None else value

    permuted = draw_statistics(correlate, n, n, sampling.permutations, sampling.seed)
    # the moments of Spearman's permutation distribution are known exactly, with ties or without
    null = compare_with_null(
        found.value, permuted, null=NullDistribution(0.0, 1 / math.sqrt(n - 1))
    )
    return CongruenceCorrelation(**found.as_dict(), null=null)


def _summarise_preferences(rated: RatingRows) -> PreferenceSummary:
    """Count how often the pair was preferred, over answers and over pairs.

    Answers about one pair are not independent; over pairs each counts once, by the majority of its
    answers, and ties are left out.
    """
    first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)[1:]
    preferred = rated["preferred"] == "pair"
    majority = np.bincount(of_pair, np.where(preferred, 1, -1))  # positive: for the pair
    decided = majority[majority != 0]
    pairs = PairPreferenceShare(
        **_compare_with_coin(int((decided > 0).sum()), len(decided)),
        tied=len(majority) - len(decided),
    )
    return PreferenceSummary(
        **_compare_with_coin(int(preferred.sum()), len(preferred)),
        pairs=pairs,
        rated_pairs=len(first),
        raters=len(set(rated["rater"].tolist())),
    )


def _compare_with_coin(won: int, n: int) -> dict[str, Any]:
    """Compare a share with one half: the fields of `PreferenceShare`."""
    sd = 0.5 / math.sqrt(n) if n else None
    z = None if sd is None else (won / n - 0.5) / sd
    p = compute_binomial_p(won, n) if n else None
    return {
        "won": won,
        "win_rate": estimate_proportion(won, n),
        "null": BinomialNull(0.5, sd, z, p),
    }


def _measure_agreement(
    scored: RatingRows, chosen: RatingRows, sampling: SamplingOptions
) -> dict[str, dict[str, RaterAgreement]]:
    """Compute Krippendorff's alpha of each question, by level of measurement."""
    choices = chosen[["pair_id", "other_artwork_id"]]
    answers: dict[str, tuple[Any, Any, Any, tuple[Level, ...]]] = {
        "congruence": (scored["pair_id"], scored["rater"], scored["congruence"], LEVELS),
        "choice": (choices, chosen["rater"], chosen["preferred"] == "pair", LEVELS[:1]),
    }
    return {
        question: {
            level: _compute_alpha(units, raters, values, level, sampling) for level in levels
        }
        for question, (units, raters, values, levels) in answers.items()
        if len(units)
    }


def _compute_alpha(
    units: NDArray[Any],
    raters: NDArray[Any],
    answers: NDArray[Any],
    level: Level,
    sampling: SamplingOptions,
) -> RaterAgreement:
    column, row = (np.unique(each, return_inverse=True)[1] for each in (units, raters))
    table = np.full((row.max() + 1, column.max() + 1), np.nan)
    table[row, column] = answers
    rated_twice = int(np.sum(np.sum(~np.isnan(table), axis=0) >= _FEWEST_RATERS))
    found = bootstrap_krippendorff_alpha(table, level, sampling.bootstraps, sampling.seed)
    return RaterAgreement(**found.as_dict(), units=rated_twice)


def _summarise_raters(rated: RatingRows, own: Flags) -> list[RaterSummary]:
    """Summarise what each rater did, by name."""
    return [
        _summarise_rater(name, rated[rated["rater"] == name], own[rated["rater"] == name])
        for name in sorted(set(rated["rater"].tolist()))
    ]


def _summarise_rater(name: str, rated: RatingRows, own: Flags) -> RaterSummary:
    scored = rated["congruence"][~np.isnan(rated["congruence"])]
    times = rated["seconds"][~np.isnan(rated["seconds"])]
    chosen = rated["preferred"][own & (rated["preferred"] != "")]
    return RaterSummary(
        rater=name,
        pairs=int(own.sum()),
        controls=int((~own).sum()),
        mean=float(scored.mean()) if len(scored) else None,
        std=float(scored.std()) if len(scored) else None,
        choices=len(chosen),
        won=int(np.sum(chosen == "pair")),
        median_seconds=float(np.median(times)) if len(times) else None,
    )
