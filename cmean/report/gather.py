"""Gathers a report's data from the catalog and from the media files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.domain import POSITION_NAMES, RGB, WHOLE, Kind, Role
from cmean.evaluation.evaluation_tables import build_evaluation_tables
from cmean.evaluation.report_data import load_report_data
from cmean.presentation.number_formats import format_count
from cmean.presentation.pairing_phrases import PairingSummary
from cmean.report.chart_views import build_charts
from cmean.report.item_views import ItemViewBuilder
from cmean.report.model import PairView, Point, RecipeView, Report
from cmean.report.page import CARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.evaluation.report_data import ReportData
    from cmean.library.catalog_access import Catalog
    from cmean.pairing.vectors import ComparedSide


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
    data = load_report_data(catalog, evaluated, CARDS)
    pairing, sides = data.pairing, data.triples
    mapped = _select_mapped_pairs(data.pairs, sides)
    prepared = {
        Kind(row["kind"]): row["parameters"].get("preprocessing", {})
        for row in data.recipes
        if row["role"] == Role.CAPTIONER and "preprocessing" in row["parameters"]
    }
    items = ItemViewBuilder(data.items, data.fragments, prepared)
    if missing := len(data.pairs) - len(mapped):
        items.notes.append(
            f"Not shown: {format_count(missing, 'pair')} of items without an emotion triple."
        )
    views = []
    for number, pair in enumerate(mapped, start=1):
        views.append(_make_pair_view(number, pair, sides, items))
        on_progress(number, len(mapped))
    return Report(
        title=title,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pairing=_summarise(data),
        pairs=views,
        tracks=_make_points(Kind.TRACK, sides[Kind.TRACK], mapped, items),
        artworks=_make_points(Kind.ARTWORK, sides[Kind.ARTWORK], mapped, items),
        null=data.null_similarities,
        recipes=[_make_recipe_view(row) for row in data.recipes],
        unpaired_tracks=pairing.unpaired_tracks,
        unpaired_artworks=pairing.unpaired_artworks,
        tables=build_evaluation_tables(evaluated),
        charts=build_charts(data),
        notes=items.notes,
        renumbered=bool((mapped["rank"] != np.arange(1, len(mapped) + 1)).any()),
    )


def _select_mapped_pairs(
    pairs: NDArray[np.void], sides: Mapping[Kind, Mapping[int, ComparedSide]]
) -> NDArray[np.void]:
    """Select pairs with triples on both sides; items paired by embeddings may have none."""
    both = np.ones(len(pairs), np.bool_)
    for kind in Kind:
        for position, side in sides[kind].items():
            here = pairs["position"] == position
            both[here] &= side.find(pairs[f"{kind.value}_id"][here])[1]
    shown: NDArray[np.void] = pairs[both]
    return shown


def _make_pair_view(
    number: int,
    pair: np.void,
    sides: Mapping[Kind, Mapping[int, ComparedSide]],
    items: ItemViewBuilder,
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


def _get_triple(side: ComparedSide, index: int) -> RGB:
    """Return the triple of an item; of several joined ones the first, which is the whole."""
    return RGB(*side.triples[index, 0].tolist())


def _make_points(
    kind: Kind, sides: Mapping[int, ComparedSide], pairs: NDArray[np.void], items: ItemViewBuilder
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


def _summarise(data: ReportData) -> PairingSummary:
    added = {
        "pairing": data.pairing.id,
        "resampled_mean": data.document.resampled_mean,
        "resampled_sd": data.document.resampled_sd,
    }
    return PairingSummary.from_document(data.pairing.as_columns(), added)


def _make_recipe_view(row: Mapping[str, Any]) -> RecipeView:
    return RecipeView(**{name: row[name] for name in RecipeView.__dataclass_fields__})
