"""How true the triples of some profiles are: every figure of the tables, for items of one kind."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from truth_labels import build_labels
from truth_statistics import (
    Sampling,
    best_measurement,
    chance_of,
    change_of,
    correlate_channels,
    estimate,
    explained_share,
    mean_of,
    percentiles,
    ridge_predictions,
    statistic_of,
)

from cmean.domain import CHANNELS
from cmean.stats.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from truth_items import Readings
    from truth_labels import Label, LabelRow

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

RED_WITH_BLUE: Final = (-0.75, 0.3)
"""Between which the rank correlation of red and blue must lie. Below, the two say one thing with
opposite signs, and what is both tense and sad has no triple; above, they say the same thing."""


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label: its channel's figure, beside what it is to be compared with.

    Attributes:
        label: its name; with a minus sign before it where it is held against its opposite.
        channel: the one that is meant for it.
        statistic: `Spearman`, or `AUC` of two-valued labels.
        figure: of that channel.
        channels: the same of all three.
        spearman: of that channel, whatever the statistic.
        best: the best single measurement and its figure, chosen on the same items.
        ridge: of predictions by a ridge on the triple, cross-validated by group.
        chance: what scores that know nothing give.
    """

    label: str
    channel: str
    statistic: str
    figure: Estimate
    channels: Mapping[str, Estimate]
    spearman: float | None
    best: tuple[str, float] | None
    ridge: Estimate
    chance: float


@dataclass(frozen=True, slots=True)
class Misfit:
    """An item whose channel is far from its label.

    `channel_percentile` and `label_percentile` are 0..100 among the items that have the label, the
    label's in the channel's sense.
    """

    item: str
    triple: tuple[int, ...]
    channel: str
    channel_percentile: float
    label: str
    label_percentile: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """All figures of one profile for items of one kind.

    Attributes:
        profile: its name.
        means: mean and standard deviation (population) of each channel.
        figures: one entry a label.
        correlations: Spearman's, of channels two by two.
        red_with_blue_kept: whether that of red and blue lies within `RED_WITH_BLUE`.
        shares: for `genre` and `group`, of each channel and each label that is no class: the share
            of its variance that they explain, and that by chance.
        worst: the items whose channels are farthest from their labels.
    """

    profile: str
    means: Mapping[str, tuple[float, float]]
    figures: Sequence[LabelFigures]
    correlations: Mapping[str, Estimate]
    red_with_blue_kept: bool | None
    shares: Mapping[str, Mapping[str, tuple[float, float]]]
    worst: Sequence[Misfit]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def group_items(rows: Sequence[LabelRow]) -> Indices:
    """The group of each item as a number; who has none is one by itself. Shape (n,)."""
    names = [(row.group, "") if row.group else ("", row.name) for row in rows]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.intp)


def assess(
    profile: str,
    readings: Readings,
    rows: Sequence[LabelRow],
    meant: Mapping[str, tuple[str, int]],
    sampling: Sampling,
    worst: int = 10,
) -> Assessment:
    """Hold what a profile says of n items against what people say of them.

    Args:
        profile: its name.
        readings: what it says.
        rows: the n lines of the labels file.
        meant: the channel and the sign of each of its columns.
        sampling: how to draw.
        worst: how many of the worst items to name.
    """
    labels, groups = build_labels(rows, meant), group_items(rows)
    correlations = correlate_channels(readings.triples)
    red_with_blue = correlations["red, blue"].value
    columns = dict(zip(CHANNELS, readings.triples.T, strict=True))
    numbers = {label.name: label.values for label in labels if not label.two_valued}
    return Assessment(
        profile,
        {name: (float(each.mean()), float(each.std())) for name, each in columns.items()},
        [compare_label(label, readings, groups, sampling) for label in labels],
        correlations,
        None if red_with_blue is None else RED_WITH_BLUE[0] <= red_with_blue <= RED_WITH_BLUE[1],
        {
            named: shares
            for named in ("genre", "group")
            if (shares := _shares(columns | numbers, [getattr(row, named) for row in rows]))
        },
        find_misfits(readings.triples, labels, [row.name for row in rows], worst),
    )


def compare_label(
    label: Label, readings: Readings, groups: Indices, sampling: Sampling
) -> LabelFigures:
    """All figures of one label."""
    here = np.isfinite(label.values)
    values, two_valued = label.values[here], label.two_valued
    triples, groups = readings.triples[here], groups[here]

    def figure(*scores: Floats) -> Estimate:
        each = [statistic_of(column, values, two_valued=two_valued) for column in scores]
        return estimate(mean_of(each), groups, sampling)

    channels = {name: figure(triples[:, at]) for at, name in enumerate(CHANNELS)}
    predicted = ridge_predictions(triples, values, groups, sampling.seed)
    measurements = {name: column[here] for name, column in readings.measurements.items()}
    own = triples[:, CHANNELS.index(label.channel)]
    return LabelFigures(
        label.name,
        label.channel,
        "AUC" if two_valued else "Spearman",
        channels[label.channel],
        channels,
        statistic_of(own, values, two_valued=False)(np.arange(len(values))),
        best_measurement(measurements, values, two_valued=two_valued),
        Estimate.undefined(len(values), predicted)
        if isinstance(predicted, str)
        else figure(*predicted),
        chance_of(two_valued=two_valued),
    )


def compare_profiles(
    before: Floats,
    after: Floats,
    rows: Sequence[LabelRow],
    meant: Mapping[str, tuple[str, int]],
    sampling: Sampling,
) -> dict[str, Estimate]:
    """By how much each label's figure changes from one profile to another, over the same items.

    Args:
        before: the triples of the one, shape (n, 3).
        after: those of the other.
        rows: the n lines of the labels file.
        meant: the channel and the sign of each of its columns.
        sampling: how to draw; the two share their resamples.

    Returns:
        The change by label, with its interval.
    """
    groups = group_items(rows)
    changes = {}
    for label in build_labels(rows, meant):
        here, at = np.isfinite(label.values), CHANNELS.index(label.channel)
        one, other = (
            statistic_of(each[here, at], label.values[here], two_valued=label.two_valued)
            for each in (before, after)
        )
        changes[label.name] = estimate(change_of(one, other), groups[here], sampling)
    return changes


def find_misfits(
    triples: Floats, labels: Sequence[Label], names: Sequence[str], count: int
) -> list[Misfit]:
    """The items whose channel is farthest from its label, by their percentiles; each item once.

    Args:
        triples: shape (n, 3).
        labels: of the n items.
        names: theirs.
        count: how many items to name.
    """
    found = []
    for label in labels:
        here = np.flatnonzero(np.isfinite(label.values))
        channel = triples[here, CHANNELS.index(label.channel)]
        shares = percentiles(channel), percentiles(label.values[here])
        for item, one, other in zip(here.tolist(), *(s.tolist() for s in shares), strict=True):
            found.append((abs(one - other), item, label, one, other))
    found.sort(key=lambda each: (-each[0], each[1]))
    worst: dict[int, Misfit] = {}
    for _, item, label, one, other in found:
        if len(worst) == count:
            break
        triple = tuple(int(value) for value in triples[item])
        misfit = Misfit(names[item], triple, label.channel, 100 * one, label.name, 100 * other)
        worst.setdefault(item, misfit)
    return list(worst.values())


def _shares(
    columns: Mapping[str, Floats], categories: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """The share of each column that categories explain, of the items that have both."""
    found = {}
    for name, values in columns.items():
        here = [n for n, each in enumerate(categories) if each and np.isfinite(values[n])]
        shares = explained_share(values[here], [categories[n] for n in here])
        if shares is not None:
            found[name] = shares
    return found
