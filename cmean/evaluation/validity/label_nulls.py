"""What a figure of labelled pairs is where all the items that were there are paired at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.evaluation.inputs import Study


def drawn(
    statistic: Callable[[NDArray[Any], NDArray[Any]], float | None],
    columns: tuple[LabelColumn, LabelColumn],
    values: tuple[NDArray[Any], NDArray[Any]],
    study: Study,
) -> NDArray[np.float64]:
    """The statistic of random one-to-one pairings, each position paired by itself.

    Items without the label are paired too, so that as many pairs as chance would have it have
    both, whatever the pairing at hand has.

    Args:
        statistic: of the labels of the pairs that have both; None where it is undefined.
        columns: whose labels, of tracks and of artworks.
        values: the labels of each column as the statistic takes them.
        study: the pairing, and how often and by which seed to draw.

    Returns:
        Shape (permutations,); NaN where it is undefined, or no pair has both labels.
    """
    # of pairs that were published the other items are not known
    (of_tracks, tracks), (of_artworks, artworks) = (
        column.find(np.union1d(study.items[column.kind], study.pairs[f"{column.kind.value}_id"]))
        for column in columns
    )
    one = values[0][of_tracks[tracks]]  # only tracks that have the label need a partner
    other = values[1][of_artworks]
    places = max(len(tracks), len(artworks))  # those beyond the artworks are no partner
    has = np.zeros(places, np.bool_)
    has[: len(artworks)] = artworks
    positions = len(np.unique(study.pairs["position"]))
    random = np.random.default_rng(study.choices.seed)
    found = np.full(study.choices.permutations, np.nan)
    for number in range(len(found)):
        parts = []
        for _ in range(positions):
            partners = random.choice(places, len(one), replace=False)
            both = has[partners]
            parts.append((one[both], other[partners[both]]))
        drawn_labels = tuple(np.concatenate(side) for side in zip(*parts, strict=True))
        value = statistic(*drawn_labels) if len(drawn_labels[0]) else None
        found[number] = np.nan if value is None else value
    return found
