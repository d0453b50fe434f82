"""A report's data, gathered from the catalog and the files that it names."""

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
from cmean.report import wording
from cmean.report.drawn import charts
from cmean.report.items import Items
from cmean.report.model import PairingSummary, PairView, Point, RecipeView, Report, TableView
from cmean.report.page import CARDS
from cmean.report.panels import label_panels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.pairing.vectors import Side

_NULL_SAMPLE = 20_000
"""Random single pairs that draw the null's distribution."""


def gather(
    catalog: Catalog,
    evaluated: EvaluationDocument,
    title: str = "Music and pictures by the emotions they evoke",
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Report:
    """Everything that the page of a pairing shows.

    A file that can no longer be read is left out of the page, which then says so; the rest stays.

    Args:
        catalog: an open catalog.
        evaluated: the document of the pairing's evaluation.
        title: the heading.
        on_progress: called with how many pairs are gathered, and of how many.

    Raises:
        InputError: there is no such pairing, or the vectors that it compared are not known.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, evaluated.pairing)
        made = int(pairing["id"])
        stored = pairings.pairs_of(connection, made)
        pairs = _best_first(stored)
        mappers = [pairing[f"{kind.value}_recipe_id"] for kind in Kind]
        if pairing["null_mean"] is None:
            raise InputError(
                f"pairing {made} cannot be drawn: the triples of its artworks were not published; "
                f"for its tables: cmean evaluate {made}"
            )
        sides = {
            kind: _sides(connection, mapper, pairing)
            for kind, mapper in zip(Kind, mappers, strict=True)
        }
        felt = _with_triples(pairs, sides)
        null = _null(spaces.sides(connection, pairing, made), pairs, pairing["metric"])
        known = [side.items for by_position in sides.values() for side in by_position.values()]
        rows = browse.items_by_id(connection, np.unique(np.concatenate(known)).tolist())
        shown = np.concatenate([pairs[f"{kind.value}_id"][:CARDS] for kind in Kind])
        fragments = browse.fragments_by_item(connection, mappers, np.unique(shown).tolist())
        recipes = _recipes(connection, mappers)
    prepared = {
        Kind(row["kind"]): row["parameters"].get("preprocessing", {})
        for row in recipes
        if row["role"] == Role.CAPTIONER and "preprocessing" in row["parameters"]
    }
    items = Items(rows, fragments, prepared)
    if missing := len(pairs) - len(felt):
        items.notes.append(
            f"Not shown: {wording.count(missing, 'pair')} of which a side has no emotion."
        )
    views = []
    for number, pair in enumerate(felt, start=1):
        views.append(_pair(number, pair, sides, items))
        on_progress(number, len(felt))
    with catalog.read() as connection:
        panels = label_panels(connection, pairing, evaluated)
        drawn = charts(connection, pairing, evaluated, stored, sides, panels)
    return Report(
        title=title,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pairing=_summary(pairing, evaluated),
        pairs=views,
        tracks=_points(Kind.TRACK, sides[Kind.TRACK], felt, items),
        artworks=_points(Kind.ARTWORK, sides[Kind.ARTWORK], felt, items),
        null=null,
        recipes=[_recipe(row) for row in recipes],
        unpaired_tracks=pairing["unpaired_tracks"],
        unpaired_artworks=pairing["unpaired_artworks"],
        tables=[
            TableView(t.title, t.header, t.rows, t.note) for t in build_evaluation_tables(evaluated)
        ],
        charts=drawn,
        notes=items.notes,
        renumbered=bool((felt["rank"] != np.arange(1, len(felt) + 1)).any()),
    )


def _sides(connection: Connection, mapper: int, pairing: Mapping[str, Any]) -> dict[int, Side]:
    """The triples of one kind that the pairing had, by the position of its pairs."""
    vector = pairing["vector"]
    needed = vectors.needed(vector)
    triples = pairings.triples(connection, mapper, needed, pairing_id=pairing["id"])
    return vectors.sides(triples, vector)


def _with_triples(
    pairs: NDArray[np.void], sides: Mapping[Kind, Mapping[int, Side]]
) -> NDArray[np.void]:
    """The pairs of which both have a triple: what was paired by embeddings may have none."""
    both = np.ones(len(pairs), np.bool_)
    for kind in Kind:
        for position, side in sides[kind].items():
            here = pairs["position"] == position
            both[here] &= side.find(pairs[f"{kind.value}_id"][here])[1]
    shown: NDArray[np.void] = pairs[both]
    return shown


def _best_first(pairs: NDArray[np.void]) -> NDArray[np.void]:
    """Pairs of all positions, most alike first; what rounding alone tells apart keeps its rank."""
    likeness = np.round(pairs["similarity"], 12)
    ordered: NDArray[np.void] = pairs[np.lexsort((pairs["position"], pairs["rank"], -likeness))]
    return ordered


def _pair(
    number: int, pair: np.void, sides: Mapping[Kind, Mapping[int, Side]], items: Items
) -> PairView:
    position = int(pair["position"])
    both = []
    for kind in Kind:
        item_id = int(pair[f"{kind.value}_id"])
        side = sides[kind][position]
        rgb = _rgb(side, int(np.searchsorted(side.items, item_id)))
        both.append(items.view(item_id, rgb, position, with_media=number <= CARDS))
    names = [POSITION_NAMES[kind][position] for kind in Kind]
    fragments = None if position == WHOLE else (names[0], names[1])
    return PairView(number, float(pair["similarity"]), both[0], both[1], fragments)


def _rgb(side: Side, index: int) -> RGB:
    """The triple of an item; of several that are joined that of the first, the whole."""
    return RGB(*side.triples[index, 0].tolist())


def _points(
    kind: Kind, sides: Mapping[int, Side], pairs: NDArray[np.void], items: Items
) -> list[Point]:
    places = zip(pairs["position"].tolist(), pairs[f"{kind.value}_id"].tolist(), strict=True)
    partners = {place: number for number, place in enumerate(places, start=1)}
    return [
        Point(
            items.title(item_id, position),
            kind,
            _rgb(side, index),
            partners.get((position, item_id)),
        )
        for position, side in sides.items()
        for index, item_id in enumerate(side.items.tolist())
    ]


def _null(
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


def _summary(pairing: Mapping[str, Any], evaluated: EvaluationDocument) -> PairingSummary:
    names = set(PairingSummary.__dataclass_fields__) & set(pairing) - {"id"}
    has_method = pairing["method"] != "random"  # else there is none to look at
    return PairingSummary(
        id=str(pairing["id"]),
        resampled_mean=evaluated.resampled_mean if has_method else None,
        resampled_sd=evaluated.resampled_sd if has_method else None,
        **{name: pairing[name] for name in names},
    )


def _recipes(connection: Connection, mapper_ids: Sequence[int]) -> list[dict[str, Any]]:
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


def _recipe(row: Mapping[str, Any]) -> RecipeView:
    return RecipeView(**{name: row[name] for name in RecipeView.__dataclass_fields__})
