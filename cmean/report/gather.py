"""A report's data, gathered from the catalog and the files that it names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cmean.catalog import pairings, queries
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind
from cmean.errors import MediaError
from cmean.matching.null import sample
from cmean.media import audio, image
from cmean.media.uris import local_path
from cmean.pipeline.evaluate import evaluate, tables
from cmean.pipeline.pair import SEED, matrix
from cmean.report.media import CLIP_RATE, audio_uri, picture_uri
from cmean.report.model import (
    FragmentView,
    ItemView,
    MediaView,
    PairingSummary,
    PairView,
    Point,
    RecipeView,
    Report,
    TableView,
)
from cmean.report.page import CARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairings import Triple

_NULL_SAMPLE = 20_000
"""Random single pairs that draw the null's distribution."""


def gather(
    catalog: Catalog,
    pairing_id: int | None = None,
    title: str = "Music and pictures by the emotions they evoke",
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Report:
    """Everything that the page of a pairing (default: the newest) shows.

    A file that can no longer be read is left out of the page, which then says so; the rest stays.

    Raises:
        InputError: there is no such pairing.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        made = int(pairing["id"])
        rows = pairings.pair_rows(connection, made)
        recipe_ids = {
            Kind.TRACK: pairing["track_recipe_id"],
            Kind.ARTWORK: pairing["artwork_recipe_id"],
        }
        sides = {
            kind: pairings.triples(connection, recipe_ids[kind], [WHOLE], pairing_id=made)
            for kind in Kind
        }
        items = queries.items_by_id(connection, [t.item_id for s in sides.values() for t in s])
        shown = {row[f"{kind.value}_id"] for row in rows[:CARDS] for kind in Kind}
        fragments = queries.fragments_by_item(connection, list(recipe_ids.values()), shown)
        recipes = _recipes(connection, list(recipe_ids.values()))
    views = _Items(items, sides, fragments)
    pairs = []
    for number, row in enumerate(rows, start=1):
        with_media = number <= CARDS
        track = views.view(row["track_id"], with_media=with_media)
        artwork = views.view(row["artwork_id"], with_media=with_media)
        pairs.append(PairView(row["rank"], row["similarity"], track, artwork))
        on_progress(number, len(rows))
    partners = {row[f"{kind.value}_id"]: row["rank"] for row in rows for kind in Kind}
    evaluated = tables(evaluate(catalog, pairing["id"]).as_dict())
    return Report(
        title=title,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pairing=_summary(pairing),
        pairs=pairs,
        tracks=_points(sides[Kind.TRACK], Kind.TRACK, items, partners),
        artworks=_points(sides[Kind.ARTWORK], Kind.ARTWORK, items, partners),
        null=_null(sides, pairing["metric"]),
        recipes=recipes,
        unpaired_tracks=pairing["unpaired_tracks"],
        unpaired_artworks=pairing["unpaired_artworks"],
        tables=[TableView(t.title, t.header, t.rows, t.note) for t in evaluated],
        notes=views.notes,
    )


class _Items:
    """Views of items, each made once."""

    def __init__(
        self,
        items: Mapping[int, Mapping[str, Any]],
        sides: Mapping[Kind, Sequence[Triple]],
        fragments: Mapping[int, Sequence[Mapping[str, Any]]],
    ) -> None:
        self.items = items
        self.triples = {t.item_id: t for side in sides.values() for t in side}
        self.fragments = fragments
        self.notes: list[str] = []

    def view(self, item_id: int, *, with_media: bool) -> ItemView:
        """An item as the page shows it; its media only when asked for."""
        item = self.items[item_id]
        kind = Kind(item["kind"])
        intended = (item["metadata"] or {}).get("intended")
        plain = ItemView(
            title=item["title"] or "untitled",
            creator=item["creator"] or "",
            year=item["year"] or "",
            uri=local_path(item["uri"]).name if item["uri"] else "",  # a page may be shared
            rgb=_rgb(self.triples[item_id]),
            intended=intended,
        )
        if not with_media:
            return plain
        names = POSITION_NAMES[kind]
        fragments = [
            FragmentView(
                names[row["position"]],
                row["text"],
                RGB(row["red"], row["green"], row["blue"]),
            )
            for row in self.fragments.get(item_id, ())
        ]
        return replace(plain, fragments=fragments, media=self._media(item, kind))

    def _media(self, item: Mapping[str, Any], kind: Kind) -> MediaView | None:
        if not item["uri"]:
            return None
        try:
            return _embedded(item, kind)
        except MediaError as error:
            self.notes.append(f"{item['title']}: {error.detail} ({error.reason})")
            return None


def _embedded(item: Mapping[str, Any], kind: Kind) -> MediaView:
    path = local_path(item["uri"])
    if kind is Kind.TRACK:
        sound = audio.load(path, rate=CLIP_RATE)
        return MediaView(audio_uri(sound.samples, sound.rate), "audio/mpeg", item["title"] or "")
    return MediaView(picture_uri(image.load(path)), "image/webp", item["title"] or "")


def _rgb(triple: Triple) -> RGB:
    return RGB(triple.red, triple.green, triple.blue)


def _points(
    side: Sequence[Triple],
    kind: Kind,
    items: Mapping[int, Mapping[str, Any]],
    partners: Mapping[int, int],
) -> list[Point]:
    return [
        Point(items[t.item_id]["title"] or "untitled", kind, _rgb(t), partners.get(t.item_id))
        for t in side
    ]


def _null(sides: Mapping[Kind, Sequence[Triple]], metric: str) -> list[float]:
    tracks, artworks = (matrix(sides[kind]) for kind in Kind)
    return [float(value) for value in sample(tracks, artworks, metric, _NULL_SAMPLE, seed=SEED)]


def _summary(pairing: Mapping[str, Any]) -> PairingSummary:
    names = PairingSummary.__dataclass_fields__
    return PairingSummary(**{n: pairing[n] for n in names if n != "id"}, id=str(pairing["id"]))


def _recipes(connection: Connection, mapper_ids: Sequence[int]) -> list[RecipeView]:
    mappers = recipe_rows.rows(connection, mapper_ids)
    captioners = recipe_rows.rows(connection, [row["input_id"] for row in mappers])
    names = RecipeView.__dataclass_fields__
    return [RecipeView(**{n: row[n] for n in names}) for row in (*captioners, *mappers)]
