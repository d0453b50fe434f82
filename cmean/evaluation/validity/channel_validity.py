"""Validity of the triples: association of each channel with each labelled dimension."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from cmean.domain import CHANNELS, WHOLE
from cmean.evaluation.documents.label_tables import (
    ChannelAssociation,
    ChannelValidity,
    OmittedCategories,
)
from cmean.pairing.vectors import build_side
from cmean.stats.correlation import bootstrap_auc, bootstrap_spearman
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.permutation_draws import draw_product_means

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.stats.sampling import SamplingOptions

    Floats = NDArray[np.float64]

EXPECTED_SIGNS: Final = {
    ("red", "arousal"): "+",
    ("red", "energy"): "+",
    ("green", "arousal"): "−",
    ("green", "energy"): "−",
    ("blue", "valence"): "−",
}
"""Signs that the channels' meanings imply: excitement and movement, calmness, sadness."""

_MOST_CATEGORIES: Final = 20
"""Categories of a dimension that are compared, the most frequent ones."""

_FEWEST_MEMBERS: Final = 2
"""Items of a category that is compared."""

_MOST_NAMED: Final = 10
"""Omitted categories that are named; the others are counted."""

_MOST_RESAMPLED: Final = 10_000_000
"""Values in all resamples of an interval, which bounds its time; but at least 100 resamples."""


def measure_channel_validity(
    columns: Sequence[LabelColumn], triples: NDArray[np.void], sampling: SamplingOptions
) -> ChannelValidity:
    """Measure the association of each channel of one kind's whole triples with each dimension.

    With numbers it is Spearman's correlation; with 0/1, or one category and the rest, the
    probability that the channel is higher in the one than in the other (AUC). Intervals are
    bootstrapped, and p is two-sided, from random permutations of the labels.

    Args:
        columns: the label columns of that kind.
        triples: its triples, `TRIPLE`.
        sampling: permutations, bootstrap resamples and seed.

    Returns:
        A row for each dimension (or category) and channel, and the categories that are too rare or
        too common.
    """
    wholes = build_side(triples, (WHOLE,))
    rows: list[ChannelAssociation] = []
    left_out: list[OmittedCategories] = []
    for column in columns:
        at, here = wholes.find(column.items)
        known = wholes.triples[at[here], 0].astype(np.float64)
        labels = column.values[here]
        if column.numeric:
            rows += _associate_channels(known, labels, column.dimension, None, sampling)
            continue
        counts = Counter(labels.tolist())
        for category in _select_categories(counts):
            is_member = (labels == category).astype(np.float64)
            rows += _associate_channels(known, is_member, column.dimension, category, sampling)
        left_out += _list_omitted(counts, column.dimension)
    return ChannelValidity(rows, left_out)


def _associate_channels(
    triples: Floats,
    labels: Floats,
    dimension: str,
    category: str | None,
    sampling: SamplingOptions,
) -> Iterator[ChannelAssociation]:
    is_binary = bool(len(labels)) and set(np.unique(labels)) == {0.0, 1.0}
    resamples = min(sampling.bootstraps, max(100, _MOST_RESAMPLED // max(1, len(labels))))
    for number, channel in enumerate(CHANNELS):
        values = triples[:, number]
        estimate = (
            bootstrap_auc(values, labels == 1, resamples=resamples, seed=sampling.seed)
            if is_binary
            else bootstrap_spearman(values, labels, resamples=resamples, seed=sampling.seed)
        )
        expected = EXPECTED_SIGNS.get((channel, dimension.lower()), "")
        yield ChannelAssociation(
            **estimate.as_dict(),
            dimension=dimension,
            category=category,
            channel=channel,
            expected=expected if category is None else "",
            statistic="AUC" if is_binary else "Spearman",
            null=0.5 if is_binary else 0.0,
            p=None if estimate.value is None else _compute_p(values, labels, sampling),
        )


def _compute_p(values: Floats, labels: Floats, sampling: SamplingOptions) -> float | None:
    """Compute the two-sided permutation p of the correlation of the ranks.

    It is that of either statistic, for both are linear functions of this correlation.
    """
    one, other = (_standardise_ranks(each)[:, np.newaxis] for each in (values, labels))
    observed = float(np.mean(one * other))
    permuted = draw_product_means(one, other, sampling.permutations, sampling.seed)
    return compare_with_null(observed, permuted, alternative="two-sided").p


def _standardise_ranks(values: Floats) -> Floats:
    """Rank values, to mean 0 and deviation 1; equal values share a rank; all 0 without variance."""
    from scipy.stats import rankdata

    ranks: Floats = rankdata(values)
    ranks -= ranks.mean()
    deviation = float(ranks.std())
    return ranks / deviation if deviation > 0 else ranks


def _select_categories(counts: Counter[str]) -> list[str]:
    """Select the categories to compare: two members or more, but not all; most frequent first."""
    total = counts.total()
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    compared = [name for name, count in ordered if _FEWEST_MEMBERS <= count < total]
    return compared[:_MOST_CATEGORIES]


def _list_omitted(counts: Counter[str], dimension: str) -> Iterator[OmittedCategories]:
    total = counts.total()
    compared = set(_select_categories(counts))
    omitted: dict[str, list[str]] = {
        "fewer than 2 items are of it": [],
        "all items are of it": [],
        f"only the {_MOST_CATEGORIES} most frequent are compared": [],
    }
    rare, common, beyond = omitted.values()
    for name, count in counts.items():
        if count < _FEWEST_MEMBERS:
            rare.append(name)
        elif count == total:
            common.append(name)
        elif name not in compared:
            beyond.append(name)
    for why, names in omitted.items():
        if names:
            yield OmittedCategories(dimension, sorted(names)[:_MOST_NAMED], len(names), why)
