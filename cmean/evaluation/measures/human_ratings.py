"""What people say of the pairs, beside what they say of pairs that chance made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import ratings
from cmean.evaluation.measures.human_rating_tables import tables
from cmean.stats.agreement import LEVELS, krippendorff_interval
from cmean.stats.correlation import spearman, spearman_interval
from cmean.stats.estimate import undefined
from cmean.stats.intervals import binomial_p, mean_interval, proportion
from cmean.stats.null_distribution import NullComparison, NullDistribution, compare_with_null
from cmean.stats.permutation_draws import draw_statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.evaluation.inputs import Study
    from cmean.stats.agreement import Level
    from cmean.stats.sampling import Choices

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Rated = NDArray[np.void]

__all__ = ["measure", "tables"]

_NO_CONTROLS: Final = "nobody has rated random pairs of these items; cmean rate sheet mixes them in"
_NOT_BOTH: Final = "no rater has rated both pairs and random pairs"
_FEW: Final = 2


def measure(connection: Connection, study: Study) -> dict[str, Any] | None:
    """How people rated the pairs of a pairing; None where nobody has.

    Random pairs are those of pairings of method `random` over the same recipes and vector.

    Args:
        connection: an open transaction.
        study: the pairing, and how to sample.

    Returns:
        `congruence`, `choice` and `similarity` (each None where nobody answered that), `agreement`
        and `raters`.
    """
    pairing_id = int(study.pairing["id"])
    beside_it = ratings.controls_of(connection, study.pairing)
    rated = ratings.of_pairings(connection, [pairing_id, *beside_it])
    own = rated["pairing_id"] == pairing_id
    if not own.any():
        return None
    scored = ~np.isnan(rated["congruence"])
    chosen = rated["preferred"] != ""
    asked = bool((own & scored).any())
    return {
        "congruence": _congruence(rated[scored], own[scored], study.choices) if asked else None,
        "similarity": _similarity(rated[own & scored], study.choices) if asked else None,
        "choice": _choice(rated[own & chosen]) if (own & chosen).any() else None,
        "agreement": _agreement(rated[scored], rated[own & chosen], study.choices),
        "raters": _raters(rated, own),
    }


def _congruence(rated: Rated, own: Flags, choices: Choices) -> dict[str, Any]:
    """Mean congruence of pairs and of random pairs, over ratings and over the means of pairs."""
    first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)[1:]
    sums = np.bincount(of_pair, rated["congruence"])
    means: Floats = sums / np.bincount(of_pair)
    raters = np.unique(rated["rater"].astype(str), return_inverse=True)[1]
    together = np.zeros(len(means), np.intp)  # pairs are exchanged with whichever others
    return {
        "ratings": _compared(rated["congruence"], own, raters, choices) | _counts(rated, own),
        "pairs": _compared(means, own[first], together, choices) | _counts(rated, own),
    }


def _counts(rated: Rated, own: Flags) -> dict[str, int]:
    return {
        "rated_pairs": len(np.unique(rated["pair_id"][own])),
        "rated_controls": len(np.unique(rated["pair_id"][~own])),
        "raters": len(set(rated["rater"][own].tolist())),
    }


def _compared(
    values: Floats, own: Flags, groups: NDArray[np.intp], choices: Choices
) -> dict[str, Any]:
    """The means of both kinds, and their difference beside that of values shuffled in groups."""
    one, other = values[own], values[~own]
    difference = float(one.mean() - other.mean()) if len(other) else None
    both = np.intersect1d(groups[own], groups[~own])
    if difference is None:
        null = NullComparison.undefined(_NO_CONTROLS)
    elif not len(both):
        null = NullComparison.undefined(_NOT_BOTH)
    else:
        null = compare_with_null(difference, _differences(values, own, groups, choices))
    control = mean_interval(other) if len(other) else undefined(0, _NO_CONTROLS)
    return {
        "mean": mean_interval(one).as_dict(),
        "control_mean": control.as_dict(),
        "difference": difference,
        "null": null.as_dict(),
    }


def _differences(values: Floats, own: Flags, groups: NDArray[np.intp], choices: Choices) -> Floats:
    """Differences of the means where the values of each group are dealt out anew within it."""
    order = np.argsort(groups, kind="stable")
    values, own, groups = values[order], own[order], groups[order]

    def difference(_places: NDArray[np.intp], drawn: NDArray[np.intp]) -> float:
        shuffled = values[np.lexsort((drawn, groups))]
        return float(shuffled[own].mean() - shuffled[~own].mean())

    n = len(values)
    return draw_statistics(difference, n, n, choices.permutations, choices.seed)


def _similarity(rated: Rated, choices: Choices) -> dict[str, Any]:
    """Whether pairs that are more alike are found more congruent."""
    _, first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)
    means: Floats = np.bincount(of_pair, rated["congruence"]) / np.bincount(of_pair)
    alike: Floats = rated["similarity"][first]
    n = len(means)
    found = spearman_interval(means, alike, choices.bootstraps, choices.seed)
    if found.value is None:
        return {**found.as_dict(), "null": NullComparison.undefined(found.why).as_dict()}

    def statistic(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
        value = spearman(means[one], alike[other]).value
        return math.nan if value is None else value

    drawn = draw_statistics(statistic, n, n, choices.permutations, choices.seed)
    exact = NullDistribution(0.0, 1 / math.sqrt(n - 1))  # with ties and without
    null = compare_with_null(found.value, drawn, null=exact)
    return {**found.as_dict(), "null": null.as_dict()}


def _choice(rated: Rated) -> dict[str, Any]:
    """How often the pair was preferred to a random one, over choices and over pairs.

    Several choices about one pair hang together; over pairs each counts once, by the majority of
    its choices, and not at all where that is a tie.
    """
    first, of_pair = np.unique(rated["pair_id"], return_index=True, return_inverse=True)[1:]
    preferred = rated["preferred"] == "pair"
    ahead = np.bincount(of_pair, np.where(preferred, 1, -1))  # more for the pair than against it
    decided = ahead[ahead != 0]
    return _won(int(preferred.sum()), len(preferred)) | {
        "pairs": _won(int((decided > 0).sum()), len(decided)) | {"tied": len(ahead) - len(decided)},
        "rated_pairs": len(first),
        "raters": len(set(rated["rater"].tolist())),
    }


def _won(won: int, n: int) -> dict[str, Any]:
    """A share beside a coin's."""
    sd = 0.5 / math.sqrt(n) if n else None
    z = None if sd is None else (won / n - 0.5) / sd
    p = binomial_p(won, n) if n else None
    return {
        "won": won,
        "win_rate": proportion(won, n).as_dict(),
        "null": {"mean": 0.5, "sd": sd, "z": z, "p": p},
    }


def _agreement(scored: Rated, chosen: Rated, choices: Choices) -> dict[str, Any]:
    """Krippendorff's alpha of each question, by level of measurement."""
    by_choice = chosen[["pair_id", "other_artwork_id"]]
    asked: dict[str, tuple[Any, Any, Any, tuple[Level, ...]]] = {
        "congruence": (scored["pair_id"], scored["rater"], scored["congruence"], LEVELS),
        "choice": (by_choice, chosen["rater"], chosen["preferred"] == "pair", LEVELS[:1]),
    }
    return {
        question: {level: _alpha(subject, rater, answer, level, choices) for level in levels}
        for question, (subject, rater, answer, levels) in asked.items()
        if len(subject)
    }


def _alpha(
    subjects: NDArray[Any], raters: NDArray[Any], answers: NDArray[Any], level: Level, by: Choices
) -> dict[str, Any]:
    unit, row = (np.unique(column, return_inverse=True)[1] for column in (subjects, raters))
    table = np.full((row.max() + 1, unit.max() + 1), np.nan)
    table[row, unit] = answers
    units = int(np.sum(np.sum(~np.isnan(table), axis=0) >= _FEW))
    found = krippendorff_interval(table, level, by.bootstraps, by.seed)
    return {**found.as_dict(), "units": units}


def _raters(rated: Rated, own: Flags) -> list[dict[str, Any]]:
    """What each rater did, by name."""
    found = []
    for name in sorted(set(rated["rater"].tolist())):
        here = rated["rater"] == name
        mine = rated[here]
        scored = mine["congruence"][~np.isnan(mine["congruence"])]
        times = mine["seconds"][~np.isnan(mine["seconds"])]
        chosen = mine["preferred"][own[here] & (mine["preferred"] != "")]
        found.append(
            {
                "rater": name,
                "pairs": int(own[here].sum()),
                "controls": int((~own[here]).sum()),
                "mean": float(scored.mean()) if len(scored) else None,
                "std": float(scored.std()) if len(scored) else None,
                "choices": len(chosen),
                "won": int(np.sum(chosen == "pair")),
                "median_seconds": float(np.median(times)) if len(times) else None,
            }
        )
    return found
