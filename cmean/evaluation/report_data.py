"""All that a report shows of an evaluated pairing, loaded from the catalog in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import labels as label_rows
from cmean.catalog import pairings, report_rows, stored_scores
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, Kind
from cmean.errors import InputError
from cmean.evaluation.measures.embedding_similarity import PAIR_EMBEDDER
from cmean.matching.random_pairing_null import draw_random_similarities
from cmean.pairing import spaces, vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_rows import PairingRow
    from cmean.evaluation.documents.evaluation import EvaluationDocument
    from cmean.evaluation.documents.label_tables import ChannelAssociation
    from cmean.pairing.vectors import ComparedSide

_NULL_SAMPLE: Final = 20_000
"""Random single pairs that show the null distribution of a similarity."""

CaptionsByItem = dict[int, dict[int, tuple[str, str]]]
"""Item → position → text and finish reason."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTriples:
    """Whole triples of the items of one kind that have a label in one dimension.

    Attributes:
        label_set: the name of the label set.
        kind: of the items.
        dimension: of the labels.
        is_numeric: whether labels are numbers; otherwise categories.
        triples: shape (n, 3), 0..255.
        labels: shape (n,).
        associations: of the channels with this dimension, as the evaluation has them.
    """

    label_set: str
    kind: Kind
    dimension: str
    is_numeric: bool
    triples: NDArray[np.float64]
    labels: NDArray[Any]
    associations: Sequence[ChannelAssociation]


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """What a report shows of a pairing, as it was when the pairing was made.

    Attributes:
        document: the evaluation.
        pairing: the columns of the pairing.
        pairs: `PAIR`, most similar first, over all positions.
        triples: of each kind the triples, by the position of the pairs.
        null_similarities: similarities of random single pairs, of each position in proportion to
            its pairs.
        items: the rows of all items that have triples, by id.
        fragments: of the items of the first pairs their fragments with captions and triples.
        recipes: the captioners' recipes, each chain in the order of the data, then the mappers'.
        captions: of each kind.
        media_scores: for each pair that has one, in the stored order, the similarity by which it
            was paired and the ImageBind cosine of its media; shape (n, 2).
        labels: a part for each label set, kind and dimension.
    """

    document: EvaluationDocument
    pairing: PairingRow
    pairs: NDArray[np.void]
    triples: Mapping[Kind, Mapping[int, ComparedSide]]
    null_similarities: Sequence[float]
    items: Mapping[int, Mapping[str, Any]]
    fragments: Mapping[int, Sequence[Mapping[str, Any]]]
    recipes: Sequence[Mapping[str, Any]]
    captions: Mapping[Kind, CaptionsByItem]
    media_scores: NDArray[np.float64]
    labels: Sequence[LabelledTriples]


def load_report_data(catalog: Catalog, document: EvaluationDocument, shown: int) -> ReportData:
    """Load the data of a report.

    Args:
        catalog: an open catalog.
        document: the evaluation of the pairing.
        shown: how many pairs are shown with all that is known of their items.

    Raises:
        InputError: the vectors that were compared are not known, so there is nothing to draw.
    """
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, document.pairing)
        if pairing.null_mean is None:
            raise InputError(
                f"pairing {document.pairing} cannot be drawn: the triples of its artworks were not "
                f"published; for its tables: cmean evaluate {document.pairing}"
            )
        stored = pairings.read_pairs(connection, document.pairing)
        pairs = _sort_by_similarity(stored)
        mappers = pairing.recipe_ids
        triples = {
            kind: _load_triples(connection, mapper, pairing)
            for kind, mapper in zip(Kind, mappers, strict=True)
        }
        known = [side.items for sides in triples.values() for side in sides.values()]
        first = np.concatenate([pairs[f"{kind.value}_id"][:shown] for kind in Kind])
        return ReportData(
            document=document,
            pairing=pairing,
            pairs=pairs,
            triples=triples,
            null_similarities=_draw_null(connection, pairing, pairs),
            items=report_rows.read_item_rows(connection, np.unique(np.concatenate(known)).tolist()),
            fragments=report_rows.read_fragments_of_items(
                connection, mappers, np.unique(first).tolist(), document.pairing
            ),
            recipes=_load_recipe_chains(connection, mappers),
            captions={
                kind: _load_captions(connection, mapper, document.pairing)
                for kind, mapper in zip(Kind, mappers, strict=True)
            },
            media_scores=_load_media_scores(connection, document.pairing, stored),
            labels=_load_labels(connection, document, pairing),
        )


def _sort_by_similarity(pairs: NDArray[np.void]) -> NDArray[np.void]:
    """Sort pairs of all positions; similarities that differ by rounding alone keep their rank."""
    similarity = np.round(pairs["similarity"], 12)
    ordered: NDArray[np.void] = pairs[np.lexsort((pairs["position"], pairs["rank"], -similarity))]
    return ordered


def _load_triples(
    connection: Connection, mapper_id: int, pairing: PairingRow
) -> dict[int, ComparedSide]:
    vector = pairing.vector
    found = pairings.read_triples(
        connection, mapper_id, vectors.list_needed_positions(vector), pairing_id=pairing.id
    )
    return vectors.build_sides(found, vector)


def _draw_null(connection: Connection, pairing: PairingRow, pairs: NDArray[np.void]) -> list[float]:
    """Draw similarities of random single pairs, by the vectors that the pairing compared."""
    sides = spaces.read_sides(connection, pairing, pairing.id)
    drawn: list[float] = []
    positions, counts = np.unique(pairs["position"], return_counts=True)
    for position, count in zip(positions.tolist(), counts.tolist(), strict=True):
        tracks, artworks = (sides[kind][position].vectors for kind in Kind)
        size = max(1, _NULL_SAMPLE * count // len(pairs))
        drawn += draw_random_similarities(tracks, artworks, pairing.metric, size).tolist()
    return drawn


def _load_recipe_chains(connection: Connection, mapper_ids: Sequence[int]) -> list[dict[str, Any]]:
    mappers = recipe_rows.read_recipes(connection, mapper_ids)
    chains: list[dict[str, Any]] = []
    for mapper in mappers:
        chain: list[dict[str, Any]] = []
        source = mapper["input_id"]
        while source is not None:
            (row,) = recipe_rows.read_recipes(connection, [source])
            chain.insert(0, row)
            source = row["input_id"]
        chains += chain
    return [*chains, *mappers]


def _load_captions(connection: Connection, mapper_id: int, pairing_id: int) -> CaptionsByItem:
    (mapper,) = recipe_rows.read_recipes(connection, [mapper_id])
    return report_rows.read_captions_of_pairing(connection, mapper["input_id"], pairing_id)


def _load_media_scores(
    connection: Connection, pairing_id: int, pairs: NDArray[np.void]
) -> NDArray[np.float64]:
    """Load the similarity and the score of each pair that has one, in the stored order of pairs."""
    scores = stored_scores.read_pair_scores(connection, PAIR_EMBEDDER, pairing_id)
    keys = pairings.read_pair_ids(connection, pairing_id).tolist()
    at = [place for place, key in enumerate(keys) if key in scores]
    similarity = pairs["similarity"][at].astype(np.float64)
    score = np.array([scores[keys[place]] for place in at], np.float64)
    return np.stack([similarity, score], axis=1)


def _load_labels(
    connection: Connection, document: EvaluationDocument, pairing: PairingRow
) -> list[LabelledTriples]:
    if not document.labels:
        return []
    wholes = {}
    for kind in Kind:
        recipe_id = pairing.recipe_id(kind)
        found = pairings.read_triples(connection, recipe_id, (WHOLE,), pairing_id=pairing.id)
        wholes[kind] = vectors.build_side(found, (WHOLE,))
    made = []
    for name, validity in document.labels.items():
        columns = label_rows.read_label_columns(connection, name)
        for kind in Kind:
            channels = validity.triples.get(kind.value)
            rows = () if channels is None else channels.rows
            for column in (each for each in columns if each.kind is kind):
                at, here = wholes[kind].find(column.items)
                if here.any():
                    made.append(
                        LabelledTriples(
                            name,
                            kind,
                            column.dimension,
                            column.numeric,
                            wholes[kind].triples[at[here], 0].astype(np.float64),
                            column.values[here],
                            [row for row in rows if row.dimension == column.dimension],
                        )
                    )
    return made
