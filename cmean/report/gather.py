"""Gathers a report's data from the catalog and from the media files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import browse, pairings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind, Role
from cmean.errors import InputError
from cmean.evaluation.evaluation_tables import build_evaluation_tables
from cmean.matching.random_pairing_null import draw_random_similarities
from cmean.pairing import spaces, vectors
from cmean.presentation.number_formats import format_count
from cmean.presentation.pairing_phrases import PairingSummary
from cmean.report.chart_data import build_charts
from cmean.report.item_views import ItemViewBuilder
from cmean.report.label_chart_data import collect_label_panels
from cmean.report.model import PairView, Point, RecipeView, Report
from cmean.report.page import CARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.pairing.vectors import Side

_NULL_SAMPLE = 20_000
"""Random single pairs of which the null's histogram is drawn."""


def gather_report(
    catalog: Catalog,
    evaluated: EvaluationDocument,
    title: str = "Music and pictures by the emotions they evoke",
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Report:
    """Gather everything that the page of a pairing shows.

    A media file that cannot be read is left out, and noted on the page.

    Args:
        catalog: an open catalog.
        evaluated: the document of the pairing's evaluation.
        title: the heading.
        on_progress: called with the number of pairs gathered, and of all.

    Raises:
        InputError: there is no such pairing, or the vectors that it compared are not known.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, evaluated.pairing)
        made = int(pairing["id"])
        stored = pairings.pairs_of(connection, made)
        pairs = _sort_by_similarity(stored)
        mappers = [pairing[f"{kind.value}_recipe_id"] for kind in Kind]
        if pairing["null_mean"] is None:
            raise InputError(
                f"pairing {made} cannot be drawn: the triples of its artworks were not published; "
                f"for its tables: cmean evaluate {made}"
            )
        sides = {
            kind: _load_triples(connection, mapper, pairing)
            for kind, mapper in zip(Kind, mappers, strict=True)
        }
        mapped = _select_mapped_pairs(pairs, sides)
        null = _sample_null(spaces.sides(connection, pairing, made), pairs, pairing["metric"])
        known = [side.items for by_position in sides.values() for side in by_position.values()]
        rows = browse.items_by_id(connection, np.unique(np.concatenate(known)).tolist())
        shown = np.concatenate([pairs[f"{kind.value}_id"][:CARDS] for kind in Kind])
        fragments = browse.fragments_by_item(connection, mappers, np.unique(shown).tolist())
        recipes = _load_recipes(connection, mappers)
    prepared = {
        Kind(row["kind"]): row["parameters"].get("preprocessing", {})
        for row in recipes
        if row["role"] == Role.CAPTIONER and "preprocessing" in row["parameters"]
    }
    items = ItemViewBuilder(rows, fragments, prepared)
    if missing := len(pairs) - len(mapped):
        items.notes.append(
            f"Not shown: {format_count(missing, 'pair')} of items without an emotion triple."
        )
    views = []
    for number, pair in enumerate(mapped, start=1):
        views.append(_make_pair_view(number, pair, sides, items))
        on_progress(number, len(mapped))
    with catalog.read() as connection:
        panels = collect_label_panels(connection, pairing, evaluated)
        charts = build_charts(connection, pairing, evaluated, stored, sides, panels)
    return Report(
        title=title,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pairing=_summarize(pairing, evaluated),
        pairs=views,
        tracks=_make_points(Kind.TRACK, sides[Kind.TRACK], mapped, items),
        artworks=_make_points(Kind.ARTWORK, sides[Kind.ARTWORK], mapped, items),
        null=null,
        recipes=[_make_recipe_view(row) for row in recipes],
        unpaired_tracks=pairing["unpaired_tracks"],
        unpaired_artworks=pairing["unpaired_artworks"],
        tables=build_evaluation_tables(evaluated),
        charts=charts,
        notes=items.notes,
        renumbered=bool((mapped["rank"] != np.arange(1, len(mapped) + 1)).any()),
    )


def _load_triples(
    connection: Connection, mapper: int, pairing: Mapping[str, Any]
) -> dict[int, Side]:
    """The triples of one kind that the pairing had, by the position of its pairs."""
    vector = pairing["vector"]
    needed = vectors.needed(vector)
    triples = pairings.triples(connection, mapper, needed, pairing_id=pairing["id"])
    return vectors.sides(triples, vector)


def _select_mapped_pairs(
    pairs: NDArray[np.void], sides: Mapping[Kind, Mapping[int, Side]]
) -> NDArray[np.void]:
    """The pairs of which both sides have a triple; items paired by embeddings may have none."""
    both = np.ones(len(pairs), np.bool_)
    for kind in Kind:
        for position, side in sides[kind].items():
            here = pairs["position"] == position
            both[here] &= side.find(pairs[f"{kind.value}_id"][here])[1]
    shown: NDArray[np.void] = pairs[both]
    return shown


def _sort_by_similarity(pairs: NDArray[np.void]) -> NDArray[np.void]:
    """Sort pairs of all positions by similarity, descending; equal ones by rank."""
    similarity = np.round(pairs["similarity"], 12)
    ordered: NDArray[np.void] = pairs[np.lexsort((pairs["position"], pairs["rank"], -similarity))]
    return ordered


def _make_pair_view(
    number: int, pair: np.void, sides: Mapping[Kind, Mapping[int, Side]], items: ItemViewBuilder
) -> PairView:
    position = int(pair["position"])
    both = []
    for kind in Kind:
        item_id = int(pair[f"{kind.value}_id"])
        side = sides[kind][position]
        rgb = _get_triple(side, int(np.searchsorted(side.items, item_id)))
        both.append(items.build_view(item_id, rgb, position, with_media=number <= CARDS))
    names = [POSITION_NAMES[kind][position] for kind in Kind]
    fragments = None if position == WHOLE else (names[0], names[1])
    return PairView(number, float(pair["similarity"]), both[0], both[1], fragments)


def _get_triple(side: Side, index: int) -> RGB:
    """The triple of an item; of several that are joined that of the first, the whole."""
    return RGB(*side.triples[index, 0].tolist())


def _make_points(
    kind: Kind, sides: Mapping[int, Side], pairs: NDArray[np.void], items: ItemViewBuilder
) -> list[Point]:
    places = zip(pairs["position"].tolist(), pairs[f"{kind.value}_id"].tolist(), strict=True)
    partners = {place: number for number, place in enumerate(places, start=1)}
    return [
        Point(
            items.get_title(item_id, position),
            kind,
            _get_triple(side, index),
            partners.get((position, item_id)),
        )
        for position, side in sides.items()
        for index, item_id in enumerate(side.items.tolist())
    ]


def _sample_null(
    sides: Mapping[Kind, Mapping[int, Side]], pairs: NDArray[np.void], metric: str
) -> list[float]:
    """Random single pairs, of each position in proportion to its pairs."""
    found: list[float] = []
    positions, counts = np.unique(pairs["position"], return_counts=True)
    for position, count in zip(positions.tolist(), counts.tolist(), strict=True):
        tracks, artworks = (sides[kind][position].vectors for kind in Kind)
        size = max(1, _NULL_SAMPLE * count // len(pairs))
        found += draw_random_similarities(tracks, artworks, metric, size).tolist()
    return found


def _summarize(pairing: Mapping[str, Any], evaluated: EvaluationDocument) -> PairingSummary:
    resampled = {
        "resampled_mean": evaluated.resampled_mean,
        "resampled_sd": evaluated.resampled_sd,
    }
    return PairingSummary.from_document(pairing, resampled, {"pairing": pairing["id"]})


def _load_recipes(connection: Connection, mapper_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The captioners' recipes, each chain in the order of the data, then the mappers'."""
    mappers = recipe_rows.rows(connection, mapper_ids)
    chains: list[dict[str, Any]] = []
    for mapper in mappers:
        chain: list[dict[str, Any]] = []
        source = mapper["input_id"]
        while source is not None:
            (row,) = recipe_rows.rows(connection, [source])
            chain.insert(0, row)
            source = row["input_id"]
        chains += chain
    return [*chains, *mappers]


def _make_recipe_view(row: Mapping[str, Any]) -> RecipeView:
    return RecipeView(**{name: row[name] for name in RecipeView.__dataclass_fields__})
