"""Null distribution of a statistic of labelled pairs: all items paired at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmean.catalog.labels import LabelColumn
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing


def permute_labelled_pairs(
    statistic: Callable[[NDArray[Any], NDArray[Any]], float | None],
    columns: tuple[LabelColumn, LabelColumn],
    values: tuple[NDArray[Any], NDArray[Any]],
    evaluated: EvaluatedPairing,
) -> NDArray[np.float64]:
    """Draw the statistic of random one-to-one pairings, each position paired independently.

    Items without the label are paired too, so that the number of pairs that have both labels
    varies as it does among random pairings, whatever it is in the pairing that is evaluated.

    Args:
        statistic: of the labels of the pairs that have both; None where it is undefined.
        columns: the label columns of tracks and of artworks.
        values: the labels of each column as the statistic takes them.
        evaluated: the pairing, the number of permutations and the seed.

    Returns:
        Shape (permutations,); NaN where it is undefined, or no pair has both labels.
    """
    # of published pairs the other items are not known, so those of the pairs are added
    (of_tracks, has_track), (of_artworks, has_artwork) = (
        column.find(
            np.union1d(evaluated.items[column.kind], evaluated.pairs[f"{column.kind.value}_id"])
        )
        for column in columns
    )
    one = values[0][of_tracks[has_track]]  # only tracks that have the label need a partner
    other = values[1][of_artworks]
    places = max(len(has_track), len(has_artwork))  # those beyond the artworks are no partner
    has_label = np.zeros(places, np.bool_)
    has_label[: len(has_artwork)] = has_artwork
    positions = len(np.unique(evaluated.pairs["position"]))
    random = np.random.default_rng(evaluated.sampling.seed)
    drawn = np.full(evaluated.sampling.permutations, np.nan)
    for number in range(len(drawn)):
        parts = []
        for _ in range(positions):
            partners = random.choice(places, len(one), replace=False)
            both = has_label[partners]
            parts.append((one[both], other[partners[both]]))
        labels = tuple(np.concatenate(side) for side in zip(*parts, strict=True))
        value = statistic(*labels) if len(labels[0]) else None
        drawn[number] = np.nan if value is None else value
    return drawn
