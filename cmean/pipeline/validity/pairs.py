"""Agreement of labels across the pairs, beside random pairings and vectors without identity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import Kind
from cmean.evaluation.chance import beside, permuted_means, permuted_statistics
from cmean.evaluation.correlation import spearman, spearman_interval
from cmean.evaluation.estimate import Estimate, undefined
from cmean.evaluation.intervals import mean_interval, proportion
from cmean.pipeline.validity.triples import standard_ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.pipeline.study import Choices, Study

SPEARMAN, DIFFERENCE, SHARE = "Spearman", "difference", "equal"

_NO_PAIRS: Final = "no pair has both labels"
_CONSTANT: Final = "one value for all artworks does not vary"
_MIXED: Final = "numbers on one side, categories on the other"


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """Labels of pairs whose two items both have them: track and artwork, a group a position."""

    groups: Sequence[tuple[NDArray[Any], NDArray[Any]]]

    @property
    def sides(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Those of all pairs, shape (n,) each."""
        one, other = zip(*self.groups, strict=True)
        return np.concatenate(one), np.concatenate(other)

    def __len__(self) -> int:
        return sum(len(one) for one, _ in self.groups)


@dataclass(frozen=True, slots=True)
class _Statistic:
    """A figure of labelled pairs.

    Attributes:
        name: of the figure.
        alternative: to which side of chance pairs that agree lie.
        estimate: it, with its interval.
        drawn: it, in random pairings of the same items.
        plain: it, without an interval; None where it is undefined.
        constant: it, where all tracks get the same artwork's label; or why it is undefined.
    """

    name: str
    alternative: str
    estimate: Callable[[_Labelled, Choices], Estimate]
    drawn: Callable[[_Labelled, Choices], NDArray[np.float64]]
    plain: Callable[[_Labelled], float | None]
    constant: Callable[[_Labelled], float | str]


def agreement(columns: Mapping[Kind, Sequence[LabelColumn]], study: Study) -> list[dict[str, Any]]:
    """How labels agree across the pairs, for each dimension that both kinds have.

    Of numbers: Spearman's correlation and the mean absolute difference. Of categories: the share
    of pairs with the same. Each stands beside its null (`random`: the same items paired at random;
    of fragments, position by position), what the same method gives with artworks' vectors that
    carry no identity (`resampled`), and what naming one label for all artworks gives (`constant`:
    their most frequent category, their median).

    Args:
        columns: the label columns of each kind.
        study: the pairing.
    """
    artworks = {column.dimension: column for column in columns[Kind.ARTWORK]}
    both = [(c, artworks[c.dimension]) for c in columns[Kind.TRACK] if c.dimension in artworks]
    rows = []
    for track, artwork in both:
        if track.numeric != artwork.numeric:
            empty = undefined(0, _MIXED).as_dict()
            rows.append({"dimension": track.dimension, "statistic": SPEARMAN, **empty})
            continue
        for statistic in _OF_NUMBERS if track.numeric else _OF_CATEGORIES:
            row = _measured(statistic, (track, artwork), study)
            rows.append({"dimension": track.dimension, "statistic": statistic.name, **row})
    return rows


def _measured(
    statistic: _Statistic, columns: tuple[LabelColumn, LabelColumn], study: Study
) -> dict[str, Any]:
    labelled = _labelled(study.pairs, columns)
    if not len(labelled):
        return undefined(0, _NO_PAIRS).as_dict()
    estimate = statistic.estimate(labelled, study.choices)
    row = estimate.as_dict()
    if estimate.value is None:
        return row
    drawn = statistic.drawn(labelled, study.choices)
    random = beside(estimate.value, drawn, alternative=statistic.alternative)
    others = [_labelled(pairs, columns) for pairs in study.resampled]
    values = [statistic.plain(other) for other in others if len(other)]
    constant = statistic.constant(labelled)
    is_word = isinstance(constant, str)
    return row | {
        "random": random.as_dict(),
        "resampled": _spread([value for value in values if value is not None]),
        "constant": {"value": None if is_word else constant, "why": constant if is_word else ""},
    }


def _labelled(pairs: NDArray[np.void], columns: tuple[LabelColumn, LabelColumn]) -> _Labelled:
    groups = []
    for position in np.unique(pairs["position"]):
        chosen = pairs[pairs["position"] == position]
        (track, has_track), (artwork, has_artwork) = (
            _find(column, chosen[f"{column.kind.value}_id"]) for column in columns
        )
        both = has_track & has_artwork
        groups.append((columns[0].values[track[both]], columns[1].values[artwork[both]]))
    return _Labelled(groups)


def _find(
    column: LabelColumn, items: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where items stand in a column, which has one or more, and whether they are there."""
    at = np.minimum(np.searchsorted(column.items, items), len(column.items) - 1)
    return at, column.items[at] == items


def _spread(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        why = "it is defined in no resample"
        return {"mean": None, "sd": None, "resamples": 0, "why": why}
    mean, sd = float(np.mean(values)), float(np.std(values))
    return {"mean": mean, "sd": sd, "resamples": len(values), "why": ""}


def _weighted(
    labelled: _Labelled, draw: Callable[[NDArray[Any], NDArray[Any], int], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The mean over the positions, each drawn by itself, by their numbers of pairs."""
    total = len(labelled)
    parts = [
        len(one) / total * draw(one, other, number)
        for number, (one, other) in enumerate(labelled.groups)
        if len(one)
    ]
    drawn: NDArray[np.float64] = np.sum(parts, axis=0)
    return drawn


def _pairwise(
    of_pairs: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
    labelled: _Labelled,
    choices: Choices,
) -> NDArray[np.float64]:
    """Means over random pairings of what is a number of each pair."""

    def draw(one: NDArray[Any], other: NDArray[Any], number: int) -> NDArray[np.float64]:
        def mean(i: NDArray[np.intp], j: NDArray[np.intp]) -> float:
            return float(np.mean(of_pairs(one[i], other[j])))

        sampling = choices.permutations, choices.seed + number
        return permuted_statistics(mean, len(one), len(other), *sampling)

    return _weighted(labelled, draw)


def _spearman_drawn(labelled: _Labelled, choices: Choices) -> NDArray[np.float64]:
    bounds = np.cumsum([len(one) for one, _ in labelled.groups])[:-1]
    one, other = (np.split(standard_ranks(side), bounds) for side in labelled.sides)
    ranks = _Labelled(list(zip(one, other, strict=True)))
    return _weighted(
        ranks,
        lambda one, other, number: permuted_means(
            one[:, np.newaxis], other[:, np.newaxis], choices.permutations, choices.seed + number
        ),
    )


def _spearman_estimate(labelled: _Labelled, choices: Choices) -> Estimate:
    return spearman_interval(*labelled.sides, choices.bootstraps, choices.seed)


def _differences(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    differences: NDArray[Any] = np.abs(one - other)
    return differences


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(one == other)


def _mean_of(
    of_pairs: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]], labelled: _Labelled
) -> float:
    return float(np.mean(of_pairs(*labelled.sides)))


def _to_median(labelled: _Labelled) -> float:
    tracks, artworks = labelled.sides
    return float(np.mean(_differences(tracks, np.median(artworks))))


def _to_most_frequent(labelled: _Labelled) -> float:
    tracks, artworks = labelled.sides
    names, counts = np.unique(artworks.astype(str), return_counts=True)
    return float(np.mean(tracks == str(names[counts.argmax()])))


_OF_NUMBERS: Final = (
    _Statistic(
        SPEARMAN,
        "greater",
        _spearman_estimate,
        _spearman_drawn,
        lambda labelled: spearman(*labelled.sides).value,
        lambda _: _CONSTANT,
    ),
    _Statistic(
        DIFFERENCE,
        "less",
        lambda labelled, _: mean_interval(_differences(*labelled.sides)),
        partial(_pairwise, _differences),
        partial(_mean_of, _differences),
        _to_median,
    ),
)

_OF_CATEGORIES: Final = (
    _Statistic(
        SHARE,
        "greater",
        lambda labelled, _: proportion(int(_equal(*labelled.sides).sum()), len(labelled)),
        partial(_pairwise, _equal),
        partial(_mean_of, _equal),
        _to_most_frequent,
    ),
)
