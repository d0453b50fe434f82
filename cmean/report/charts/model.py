"""The data of charts, and the finished chart. All numbers are finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cmean.domain import Kind


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its texts.

    Attributes:
        title: its heading.
        svg: the drawing; None where there is nothing to draw.
        alt: text alternative: what it shows, in numbers.
        caption: how to read it or, without a drawing, why there is none.
    """

    title: str
    svg: str | None
    alt: str
    caption: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelValues:
    """Emotion triples of both kinds, shapes (n, 3) and (m, 3), red, green and blue 0..255.

    `unit` is what each is of: an item ("") or a fragment (" fragment").
    """

    tracks: NDArray[np.uint8]
    artworks: NDArray[np.uint8]
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LabelPanel:
    """One channel of items that have a label, with that label.

    Attributes:
        kind: of the items.
        channel: a name of `CHANNELS`.
        name: under which the labels were attached.
        dimension: what they say, e.g. arousal.
        values: of the channel, 0..255, shape (n,).
        labels: the items' labels where these are numbers, shape (n,).
        categories: the items' labels where these are words; exactly one of the two is given.
        estimate: the strength of the relation with its interval, as text.

    Raises:
        ValueError: there are not as many labels as values, or labels of both sorts, or of none.
    """

    kind: Kind
    channel: str
    name: str
    dimension: str
    values: NDArray[np.float64]
    labels: NDArray[np.float64] | None
    categories: Sequence[str] | None
    estimate: str

    def __post_init__(self) -> None:
        given = [each for each in (self.labels, self.categories) if each is not None]
        if len(given) != 1 or len(given[0]) != len(self.values):
            msg = "a label panel needs one label per value, either all numbers or all words"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """Two similarities of the same pairs: the one they were paired by, and an independent one.

    Attributes:
        similarity: of the emotion triples, shape (n,).
        score: the ImageBind cosine of the media, shape (n,).
        correlation: Pearson's, of the two; None where either does not vary.
        null_mean: the mean score of random pairings of the same items, if known.
        measure: name of `similarity` in a sentence.
    """

    similarity: NDArray[np.float64]
    score: NDArray[np.float64]
    correlation: float | None
    null_mean: float | None
    measure: str = "cosine"


@dataclass(frozen=True, slots=True, eq=False)
class CaptionLengths:
    """Lengths in words of the captions of one kind.

    Attributes:
        whole: of the captions of whole items, shape (n,).
        joined: of the four captions of the fragments of each item, joined, shape (m,).
        cut_whole: captions of wholes that were truncated by the token limit.
        cut_fragments: captions of fragments that were truncated by it.
        fragments: all captions of fragments.
    """

    whole: NDArray[np.int64]
    joined: NDArray[np.int64]
    cut_whole: int
    cut_fragments: int
    fragments: int
