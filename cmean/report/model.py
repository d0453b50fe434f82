"""What a report shows, as plain data: `gather` fills it, `page` renders it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.domain import RGB, Kind
    from cmean.presentation.pairing_phrases import PairingSummary
    from cmean.presentation.tables import Table


@dataclass(frozen=True, slots=True)
class MediaView:
    """A picture or a sound that is embedded in the page.

    Raises:
        ValueError: `uri` is not a ``data:`` URI of a picture or a sound; the page loads nothing
            from elsewhere, so any other address could only be shown broken.
    """

    uri: str
    mime: str
    alt: str

    def __post_init__(self) -> None:
        if not self.uri.startswith(("data:image/", "data:audio/")):
            msg = "media in a report must be a data: URI of a picture or a sound"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class FragmentView:
    """The caption of one position of an item; `rgb` is None where it was not mapped."""

    position: str
    caption: str
    rgb: RGB | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One side of a pair. `rgb` is the triple that was paired; `intended` comes from metadata."""

    title: str
    creator: str
    year: str
    uri: str
    rgb: RGB
    fragments: Sequence[FragmentView] = ()
    media: MediaView | None = None
    intended: str | None = None


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair; `rank` counts from 1, best first, and is unique in a report.

    `fragments` names what of the track and of the artwork was paired; None: the whole of both.
    """

    rank: int
    similarity: float
    track: ItemView
    artwork: ItemView
    fragments: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One item, or one fragment, as a mark in the emotion space; `paired_with` is the rank of its
    pair, if any."""

    title: str
    kind: Kind
    rgb: RGB
    paired_with: int | None


@dataclass(frozen=True, slots=True)
class RecipeView:
    """Everything that determined one kind of result."""

    role: str
    kind: str
    backend: str
    revision: str
    digest: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart that is embedded in the page, or why there is none.

    Attributes:
        title: its heading.
        uri: the drawing, an SVG; None where there was nothing to draw.
        alt: text alternative: what it shows, in numbers.
        caption: how to read it or, without a drawing, why there is none.

    Raises:
        ValueError: `uri` is not a ``data:`` URI of an SVG.
    """

    title: str
    uri: str | None
    alt: str
    caption: str

    def __post_init__(self) -> None:
        if self.uri is not None and not self.uri.startswith("data:image/svg+xml;"):
            msg = "a chart in a report must be a data: URI of an SVG"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one page shows.

    Attributes:
        title: the heading of the page.
        created: when, ISO 8601.
        pairing: the summary of the pairing.
        pairs: every pair of the pairing, in order of rank.
        tracks: every track, or fragment of one, of the emotion space, paired or not.
        artworks: every artwork of it.
        null: similarities of random single pairs of the same items: of all N·M combinations, or
            of a sample of them. May be empty; the page then says that it has none.
        recipes: the recipes behind the pairing, captioners first.
        unpaired_tracks: number of tracks, or fragments of tracks, without a partner.
        unpaired_artworks: the same of artworks.
        tables: tables of the evaluation.
        charts: charts, drawn or not.
        notes: remarks, a paragraph each.
        renumbered: whether the ranks differ from those in the catalog.
    """

    title: str
    created: str
    pairing: PairingSummary
    pairs: Sequence[PairView]
    tracks: Sequence[Point]
    artworks: Sequence[Point]
    null: Sequence[float]
    recipes: Sequence[RecipeView]
    unpaired_tracks: int
    unpaired_artworks: int
    tables: Sequence[Table] = ()
    charts: Sequence[ChartView] = ()
    notes: Sequence[str] = ()
    renumbered: bool = False
