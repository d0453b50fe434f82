"""Agreement of labels across the pairs, beside random pairings and vectors without identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import Kind
from cmean.evaluation.validity.label_nulls import drawn
from cmean.stats.correlation import spearman, spearman_interval, spearman_of_codes
from cmean.stats.estimate import Estimate, undefined
from cmean.stats.intervals import mean_interval, proportion
from cmean.stats.null_distribution import compare_with_null

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.evaluation.inputs import Study
    from cmean.stats.sampling import Choices

    Values = NDArray[Any]
    Columns = tuple[LabelColumn, LabelColumn]

SPEARMAN, DIFFERENCE, SHARE = "Spearman", "difference", "equal"

_NO_PAIRS: Final = "no pair has both labels"
_CONSTANT: Final = "one value for all artworks does not vary"
_MIXED: Final = "numbers on one side, categories on the other"


@dataclass(frozen=True, slots=True)
class _Statistic:
    """A figure of labelled pairs, from the labels of their tracks and artworks.

    Attributes:
        name: of the figure.
        alternative: to which side of chance pairs that agree lie.
        estimate: it, with its interval.
        plain: it, without an interval; None where it is undefined.
        quick: the same of labels as `encoded` gives them.
        encoded: both columns' labels as numbers that `quick` takes.
        constant: it, where all tracks get the same artwork's label; or why it is undefined.
    """

    name: str
    alternative: str
    estimate: Callable[[Values, Values, Choices], Estimate]
    plain: Callable[[Values, Values], float | None]
    quick: Callable[[Values, Values], float | None]
    encoded: Callable[[Values, Values], tuple[Values, Values]]
    constant: Callable[[Values, Values], float | str]


def agreement(columns: Mapping[Kind, Sequence[LabelColumn]], study: Study) -> list[dict[str, Any]]:
    """How labels agree across the pairs, for each dimension that both kinds have.

    Of numbers: Spearman's correlation and the mean absolute difference. Of categories: the share
    of pairs with the same. Each stands beside its null (`random`: all the items that were there to
    be paired, paired at random; of fragments, position by position), what the same method gives
    with artworks' vectors that carry no identity (`resampled`), and what naming one label for all
    artworks gives (`constant`: their most frequent category, their median).

    Args:
        columns: the label columns of each kind; a dimension may have one of numbers and one of
            categories.
        study: the pairing.
    """
    rows = []
    for dimension, found in _of_both(columns):
        if not found:
            empty = undefined(0, _MIXED).as_dict()
            rows.append({"dimension": dimension, "statistic": SPEARMAN, **empty})
        for both in found:
            for statistic in _OF_NUMBERS if both[0].numeric else _OF_CATEGORIES:
                row = _measured(statistic, both, study)
                rows.append({"dimension": dimension, "statistic": statistic.name, **row})
    return rows


def _of_both(
    columns: Mapping[Kind, Sequence[LabelColumn]],
) -> Iterator[tuple[str, list[Columns]]]:
    """The dimensions that both kinds have, each with the columns that can be compared."""
    by_kind = [
        {(column.dimension, column.numeric): column for column in columns[kind]} for kind in Kind
    ]
    shared = [{dimension for dimension, _ in known} for known in by_kind]
    for dimension in sorted(shared[0] & shared[1]):
        keys = [(dimension, numeric) for numeric in (True, False)]
        yield (
            dimension,
            [(by_kind[0][key], by_kind[1][key]) for key in keys if all(key in k for k in by_kind)],
        )


def _measured(statistic: _Statistic, columns: Columns, study: Study) -> dict[str, Any]:
    labelled = _labelled(study.pairs, columns)
    if not len(labelled[0]):
        return undefined(0, _NO_PAIRS).as_dict()
    estimate = statistic.estimate(*labelled, study.choices)
    row = estimate.as_dict()
    if estimate.value is None:
        return row
    values = statistic.encoded(columns[0].values, columns[1].values)
    chance = drawn(statistic.quick, columns, values, study)
    random = compare_with_null(estimate.value, chance, alternative=statistic.alternative)
    others = [_labelled(pairs, columns) for pairs in study.resampled]
    known = [statistic.plain(*other) for other in others if len(other[0])]
    constant = statistic.constant(*labelled)
    is_word = isinstance(constant, str)
    return row | {
        "random": random.as_dict(),
        "resampled": _spread([value for value in known if value is not None]),
        "constant": {"value": None if is_word else constant, "why": constant if is_word else ""},
    }


def _labelled(pairs: NDArray[np.void], columns: Columns) -> tuple[Values, Values]:
    """The labels of the pairs whose two items both have them, shape (n,) each."""
    (track, has_track), (artwork, has_artwork) = (
        column.find(pairs[f"{column.kind.value}_id"]) for column in columns
    )
    both = has_track & has_artwork
    return columns[0].values[track[both]], columns[1].values[artwork[both]]


def _spread(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        why = "it is defined in no resample"
        return {"mean": None, "sd": None, "resamples": 0, "why": why}
    mean, sd = float(np.mean(values)), float(np.std(values))
    return {"mean": mean, "sd": sd, "resamples": len(values), "why": ""}


def _codes(one: Values, other: Values) -> tuple[Values, Values]:
    """Labels by their places among all distinct ones of both sides: equal where they are."""
    found = np.unique(np.concatenate([one, other]), return_inverse=True)[1].ravel()
    return found[: len(one)], found[len(one) :]


def _difference(one: Values, other: Values) -> float:
    return float(np.mean(np.abs(one - other)))


def _share(one: Values, other: Values) -> float:
    return float(np.mean(one == other))


def _to_most_frequent(one: Values, other: Values) -> float:
    names, counts = np.unique(other.astype(str), return_counts=True)
    return float(np.mean(one == str(names[counts.argmax()])))


_OF_NUMBERS: Final = (
    _Statistic(
        SPEARMAN,
        "greater",
        lambda one, other, by: spearman_interval(one, other, by.bootstraps, by.seed),
        lambda one, other: spearman(one, other).value,
        spearman_of_codes,
        _codes,
        lambda _one, _other: _CONSTANT,
    ),
    _Statistic(
        DIFFERENCE,
        "less",
        lambda one, other, _: mean_interval(np.abs(one - other)),
        _difference,
        _difference,
        lambda one, other: (one, other),
        lambda one, other: float(np.mean(np.abs(one - np.median(other)))),
    ),
)

_OF_CATEGORIES: Final = (
    _Statistic(
        SHARE,
        "greater",
        lambda one, other, _: proportion(int((one == other).sum()), len(one)),
        _share,
        _share,
        _codes,
        _to_most_frequent,
    ),
)
