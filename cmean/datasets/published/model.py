"""The content of the published files as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.domain import RGB

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Problem:
    """A row or file that could not be used: the file, the first line (None: all of it), and why."""

    file: str
    line: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class PublishedTable(Generic[Row]):
    """The usable rows of one file, in its order.

    Attributes:
        name: the file's published name.
        sha256: of its bytes; None where it is not there or cannot be read at all.
        rows: the usable ones.
        refused: how many remarks there are on rows that could not be used.
    """

    name: str
    sha256: str | None
    rows: Sequence[Row]
    refused: int = 0


@dataclass(frozen=True, slots=True)
class PublishedCaptions:
    """The captions of one track by position; one may be missing."""

    name: str
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class PublishedTriples:
    """The emotion triples of one item by position; one may be missing."""

    name: str
    rgb: Mapping[int, RGB]


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """The cosine of one item and its caption."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class PublishedScoredCaption:
    """A caption of one artwork, and the cosine of the two; None where it cannot be used."""

    name: str
    text: str | None
    value: float | None


@dataclass(frozen=True, slots=True)
class PublishedPair:
    """A pair of the study's ranking, with the cosine by which it was made."""

    rank: int
    similarity: float
    track: str
    artwork: str


@dataclass(frozen=True, slots=True)
class PublishedPairScore:
    """The ImageBind cosine of the two of a pair."""

    track: str
    artwork: str
    value: float


@dataclass(frozen=True, slots=True)
class PublishedResults:
    """All files. `clip` and `clip_aggregated` bring the artworks' captions; of the fragments'
    captions only the four joined were published. `earlier_*` are those of an earlier run."""

    captions: PublishedTable[PublishedCaptions]
    triples: PublishedTable[PublishedTriples]
    clap: PublishedTable[PublishedScore]
    clap_aggregated: PublishedTable[PublishedScore]
    clip: PublishedTable[PublishedScoredCaption]
    clip_aggregated: PublishedTable[PublishedScoredCaption]
    pairs: PublishedTable[PublishedPair]
    imagebind: PublishedTable[PublishedPairScore]
    earlier_tracks: PublishedTable[PublishedTriples]
    earlier_artworks: PublishedTable[PublishedTriples]
    problems: Sequence[Problem]
