"""What charts are drawn from, and what they become. All numbers are finite."""

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
    """A drawing with its words.

    Attributes:
        title: its heading.
        svg: the drawing; None where there is nothing to draw.
        alt: what it shows, in numbers, for those who do not see it.
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
    """One channel of items that have a label, beside that label.

    Attributes:
        kind: of the items.
        channel: a name of `CHANNELS`.
        name: under which the labels were attached.
        dimension: what they say, e.g. arousal.
        values: of the channel, 0..255, shape (n,).
        labels: the items' labels where these are numbers, shape (n,).
        categories: the items' labels where these are words; exactly one of the two is given.
        estimate: the strength of the relation with its interval, as it is to be printed.

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
            msg = "a label panel needs one label a value, either all numbers or all words"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """Two similarities of the same pairs: that by which they were paired, and one from outside.

    Attributes:
        similarity: of the emotion triples, shape (n,).
        score: the ImageBind cosine of the media, shape (n,).
        correlation: Pearson's, of the two; None where either does not vary.
        null_mean: the mean score of random pairings of the same items, if known.
        measure: what `similarity` is called in a sentence.
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
        cut_whole: how many captions of wholes the token cap cut short.
        cut_fragments: how many captions of fragments it cut,
        fragments: of how many.
    """

    whole: NDArray[np.int64]
    joined: NDArray[np.int64]
    cut_whole: int
    cut_fragments: int
    fragments: int
