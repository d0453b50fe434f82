"""Validity of the triples: how each channel goes with each labelled dimension."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.domain import CHANNELS, WHOLE
from cmean.pairing.vectors import side
from cmean.stats.correlation import auc_interval, spearman_interval
from cmean.stats.null_distribution import compare_with_null
from cmean.stats.permutation_draws import draw_product_means

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.stats.sampling import Choices

    Floats = NDArray[np.float64]

EXPECTED: Final = {
    ("red", "arousal"): "+",
    ("red", "energy"): "+",
    ("green", "arousal"): "−",
    ("green", "energy"): "−",
    ("blue", "valence"): "−",
}
"""What the channels are meant to be: excitement and movement, calmness, sadness."""

_CATEGORIES: Final = 20
"""Categories of a dimension that are looked at, the most frequent ones."""

_NAMED: Final = 10
"""Categories that are left out and named; the others are counted."""

_DRAWN: Final = 10_000_000
"""Values that an interval's resamples hold together, at most; but at least 100 resamples."""


def channels_by_label(
    columns: Sequence[LabelColumn], triples: NDArray[np.void], choices: Choices
) -> dict[str, Any]:
    """Each channel of one kind's whole triples against each dimension.

    Against numbers it is Spearman's correlation; against 0/1, or one category and the rest, the
    probability that the channel is higher in the one than in the other (AUC). Intervals are from
    bootstraps, and p is two-sided, from random permutations of the labels.

    Args:
        columns: the label columns of that kind.
        triples: its triples, `TRIPLE`.
        choices: how to sample.

    Returns:
        `rows`, one a dimension (or category) and channel; `left_out`, the categories that are too
        rare or too common.
    """
    wholes = side(triples, (WHOLE,))
    rows: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for column in columns:
        at, here = wholes.find(column.items)
        found = wholes.triples[at[here], 0].astype(np.float64)
        labels = column.values[here]
        if column.numeric:
            rows += _against(found, labels, _row(column.dimension, None), choices)
            continue
        counts = Counter(labels.tolist())
        for category in _compared(counts):
            is_it = (labels == category).astype(np.float64)
            rows += _against(found, is_it, _row(column.dimension, category), choices)
        left_out += _left_out(counts, column.dimension)
    return {"rows": rows, "left_out": left_out}


def _row(dimension: str, category: str | None) -> dict[str, Any]:
    return {"dimension": dimension, "category": category}


def _against(
    triples: Floats, labels: Floats, row: dict[str, Any], choices: Choices
) -> Iterator[dict[str, Any]]:
    classes = bool(len(labels)) and set(np.unique(labels)) == {0.0, 1.0}
    resamples = min(choices.bootstraps, max(100, _DRAWN // max(1, len(labels))))
    sampling = {"resamples": resamples, "seed": choices.seed}
    for number, channel in enumerate(CHANNELS):
        values = triples[:, number]
        estimate = (
            auc_interval(values, labels == 1, **sampling)
            if classes
            else spearman_interval(values, labels, **sampling)
        )
        p = None
        if estimate.value is not None:
            p = _p(values, labels, choices)
        expected = EXPECTED.get((channel, row["dimension"].lower()), "")
        yield {
            **row,
            "channel": channel,
            "expected": "" if row["category"] is not None else expected,
            "statistic": "AUC" if classes else "Spearman",
            **estimate.as_dict(),
            "null": 0.5 if classes else 0.0,
            "p": p,
        }


def _p(values: Floats, labels: Floats, choices: Choices) -> float | None:
    """Of both statistics: each is a linear function of the correlation of the ranks."""
    one, other = (standard_ranks(each)[:, np.newaxis] for each in (values, labels))
    observed = float(np.mean(one * other))
    drawn = draw_product_means(one, other, choices.permutations, choices.seed)
    return compare_with_null(observed, drawn, alternative="two-sided").p


def standard_ranks(values: Floats) -> Floats:
    """Ranks with mean 0 and deviation 1, equal values sharing theirs; all 0 without variance."""
    from scipy.stats import rankdata

    ranks: Floats = rankdata(values)
    ranks -= ranks.mean()
    deviation = float(ranks.std())
    return ranks / deviation if deviation > 0 else ranks


def _compared(counts: Counter[str]) -> list[str]:
    """The categories that have two members or more, and do not have all; most frequent first."""
    total = counts.total()
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [name for name, count in ordered if 2 <= count < total][:_CATEGORIES]  # noqa: PLR2004 - said above


def _left_out(counts: Counter[str], dimension: str) -> Iterator[dict[str, Any]]:
    total = counts.total()
    compared = set(_compared(counts))
    reasons = {
        "fewer than 2 items are of it": [n for n, c in counts.items() if c < 2],  # noqa: PLR2004 - said here
        "all items are of it": [n for n, c in counts.items() if 2 <= c == total],  # noqa: PLR2004 - as above
        f"only the {_CATEGORIES} most frequent are compared": [
            n
            for n, c in counts.items()
            if 2 <= c < total and n not in compared  # noqa: PLR2004 - as above
        ],
    }
    for why, names in reasons.items():
        if names:
            some = sorted(names)[:_NAMED]
            yield {"dimension": dimension, "categories": some, "count": len(names), "why": why}
