"""Agreement of labels across the pairs, compared with random, resampled and constant pairings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import Kind
from cmean.evaluation.documents.label_tables import (
    ConstantAgreement,
    LabelAgreement,
    ResampledAgreement,
)
from cmean.evaluation.validity.label_permutation import permute_labelled_pairs
from cmean.stats.correlation import bootstrap_spearman, compute_spearman, compute_spearman_of_codes
from cmean.stats.estimate import Estimate
from cmean.stats.intervals import estimate_mean, estimate_proportion
from cmean.stats.null_distribution import compare_with_null

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing
    from cmean.stats.sampling import SamplingOptions

    Values = NDArray[Any]
    ColumnPair = tuple[LabelColumn, LabelColumn]

SPEARMAN, DIFFERENCE, SHARE = "Spearman", "difference", "equal"

_NO_PAIRS: Final = "no pair has both labels"
_CONSTANT_LABEL: Final = ConstantAgreement(None, "one value for all artworks does not vary")
_MIXED_TYPES: Final = "numbers on one side, categories on the other"
_NO_RESAMPLES: Final = "it is defined in no resample"


@dataclass(frozen=True, slots=True)
class _Statistic:
    """A statistic of labelled pairs; each function takes the labels of tracks and of artworks.

    Attributes:
        name: of the statistic.
        alternative: the side of the null on which pairs that agree lie.
        estimate: computes it with its interval.
        compute: computes it without an interval; None where it is undefined.
        compute_coded: the same, quickly, of labels as `encode` gives them.
        encode: turns both columns' labels into numbers.
        compute_constant: computes it where all tracks get the same artwork's label.
    """

    name: str
    alternative: str
    estimate: Callable[[Values, Values, SamplingOptions], Estimate]
    compute: Callable[[Values, Values], float | None]
    compute_coded: Callable[[Values, Values], float | None]
    encode: Callable[[Values, Values], tuple[Values, Values]]
    compute_constant: Callable[[Values, Values], ConstantAgreement]


def measure_label_agreement(
    columns: Mapping[Kind, Sequence[LabelColumn]], evaluated: EvaluatedPairing
) -> list[LabelAgreement]:
    """Measure how labels agree across the pairs, for each dimension that both kinds have.

    Of numbers: Spearman's correlation and the mean absolute difference. Of categories: the share
    of pairs with the same. Each is compared with random one-to-one pairings of all items that could
    be paired (of fragments, position by position), with pairings by the same method of resampled
    artwork vectors, and with one label for all artworks (their most frequent category, their
    median).

    Args:
        columns: the label columns of each kind; a dimension may have one of numbers and one of
            categories.
        evaluated: the pairing.
    """
    rows = []
    for dimension, comparable in _find_shared_dimensions(columns):
        if not comparable:
            rows.append(_make_row(dimension, SPEARMAN, Estimate.undefined(0, _MIXED_TYPES)))
        for both in comparable:
            statistics = _OF_NUMBERS if both[0].numeric else _OF_CATEGORIES
            rows += [_measure_statistic(dimension, each, both, evaluated) for each in statistics]
    return rows


def _find_shared_dimensions(
    columns: Mapping[Kind, Sequence[LabelColumn]],
) -> Iterator[tuple[str, list[ColumnPair]]]:
    """Find the dimensions that both kinds have, each with the columns that can be compared."""
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


def _make_row(dimension: str, statistic: str, estimate: Estimate) -> LabelAgreement:
    return LabelAgreement(**estimate.as_dict(), dimension=dimension, statistic=statistic)


def _measure_statistic(
    dimension: str, statistic: _Statistic, columns: ColumnPair, evaluated: EvaluatedPairing
) -> LabelAgreement:
    labels = _select_labels(evaluated.pairs, columns)
    if not len(labels[0]):
        return _make_row(dimension, statistic.name, Estimate.undefined(0, _NO_PAIRS))
    estimate = statistic.estimate(*labels, evaluated.sampling)
    if estimate.value is None:
        return _make_row(dimension, statistic.name, estimate)
    codes = statistic.encode(columns[0].values, columns[1].values)
    permuted = permute_labelled_pairs(statistic.compute_coded, columns, codes, evaluated)
    resampled = [_select_labels(pairs, columns) for pairs in evaluated.resampled]
    values = [statistic.compute(*each) for each in resampled if len(each[0])]
    return LabelAgreement(
        **asdict(estimate),
        dimension=dimension,
        statistic=statistic.name,
        random=compare_with_null(estimate.value, permuted, alternative=statistic.alternative),
        resampled=_summarise_resamples([value for value in values if value is not None]),
        constant=statistic.compute_constant(*labels),
    )


def _select_labels(pairs: NDArray[np.void], columns: ColumnPair) -> tuple[Values, Values]:
    """Select the labels of the pairs whose two items both have them, shape (n,) each."""
    (track, has_track), (artwork, has_artwork) = (
        column.find(pairs[f"{column.kind.value}_id"]) for column in columns
    )
    both = has_track & has_artwork
    return columns[0].values[track[both]], columns[1].values[artwork[both]]


def _summarise_resamples(values: Sequence[float]) -> ResampledAgreement:
    if not values:
        return ResampledAgreement(None, None, 0, _NO_RESAMPLES)
    return ResampledAgreement(float(np.mean(values)), float(np.std(values)), len(values), "")


def _encode_labels(one: Values, other: Values) -> tuple[Values, Values]:
    """Number labels by their places among all distinct ones of both sides."""
    codes = np.unique(np.concatenate([one, other]), return_inverse=True)[1].ravel()
    return codes[: len(one)], codes[len(one) :]


def _keep_labels(one: Values, other: Values) -> tuple[Values, Values]:
    return one, other


def _compute_spearman(one: Values, other: Values) -> float | None:
    return compute_spearman(one, other).value


def _compute_difference(one: Values, other: Values) -> float:
    return float(np.mean(np.abs(one - other)))


def _compute_share(one: Values, other: Values) -> float:
    return float(np.mean(one == other))


def _compare_with_median(one: Values, other: Values) -> ConstantAgreement:
    return ConstantAgreement(float(np.mean(np.abs(one - np.median(other)))))


def _compare_with_most_frequent(one: Values, other: Values) -> ConstantAgreement:
    names, counts = np.unique(other.astype(str), return_counts=True)
    return ConstantAgreement(float(np.mean(one == str(names[counts.argmax()]))))


_OF_NUMBERS: Final = (
    _Statistic(
        SPEARMAN,
        "greater",
        lambda one, other, by: bootstrap_spearman(one, other, by.bootstraps, by.seed),
        _compute_spearman,
        compute_spearman_of_codes,
        _encode_labels,
        lambda _one, _other: _CONSTANT_LABEL,
    ),
    _Statistic(
        DIFFERENCE,
        "less",
        lambda one, other, _: estimate_mean(np.abs(one - other)),
        _compute_difference,
        _compute_difference,
        _keep_labels,
        _compare_with_median,
    ),
)

_OF_CATEGORIES: Final = (
    _Statistic(
        SHARE,
        "greater",
        lambda one, other, _: estimate_proportion(int((one == other).sum()), len(one)),
        _compute_share,
        _compute_share,
        _encode_labels,
        _compare_with_most_frequent,
    ),
)
