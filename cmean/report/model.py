"""What a report shows, as plain data: whoever calls the report fills these from the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.domain import RGB, Kind


@dataclass(frozen=True, slots=True)
class MediaView:
    """A picture or a sound that travels inside the page.

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
    """The caption of one position of an item; `rgb` is None where no mapper has read it."""

    position: str
    caption: str
    rgb: RGB | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One side of a pair. `rgb` is the triple that was paired; only a demo knows `intended`."""

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
class PairingSummary:
    """A pairing beside its null.

    `null_mean` and `null_sd` describe the *mean* similarity of random one-to-one pairings of the
    same items; `z` is the distance of `mean` from it in standard deviations, None where the null
    does not vary. `resampled_mean` and `resampled_sd` are those of pairings by the same method of
    vectors that carry no identity; None where they are not known. `calibrate` is what was done to
    the vectors of each kind before; pairs below `min_similarity` were not made, `below_floor` of
    them.
    """

    id: str
    method: str
    vector: str
    metric: str
    pairs: int
    mean: float
    minimum: float
    maximum: float
    null_mean: float
    null_sd: float
    z: float | None
    profile: str
    space: str = "emotion"
    calibrate: str = "none"
    min_similarity: float | None = None
    below_floor: int = 0
    tenth_percentile: float | None = None
    resampled_mean: float | None = None
    resampled_sd: float | None = None


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
class TableView:
    """A table as printed: the first column names the row; a None cell has no value."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float | None]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart that travels inside the page, or why there is none.

    Attributes:
        title: its heading.
        uri: the drawing, an SVG; None where there was nothing to draw.
        alt: what it shows, in numbers.
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
    """All that one page shows.

    Args:
        title: the heading of the page.
        created: when, ISO 8601.
        pairing: the summary of the pairing.
        pairs: every pair of the pairing, in order of rank.
        tracks: every track, or fragment of one, of the emotion space, paired or not.
        artworks: every artwork of it.
        null: similarities of random single pairs of the same items: of all N·M combinations, or
            of a sample of them. May be empty; the page then says that it has none.
        recipes: the recipes behind the pairing, captioners first.
        unpaired_tracks: how many tracks, or fragments of them, found no partner.
        unpaired_artworks: how many artworks found none.
        tables: further tables.
        charts: further figures.
        notes: further remarks, one a paragraph.
        renumbered: whether the ranks are others than those in the catalog.
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
    tables: Sequence[TableView] = ()
    charts: Sequence[ChartView] = ()
    notes: Sequence[str] = ()
    renumbered: bool = False
