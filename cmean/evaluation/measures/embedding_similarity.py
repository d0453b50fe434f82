"""Tables III, IV and VI: embedding similarity of items with their captions, and of paired media.

The embedders read media and captions alone and know no emotion triple, so these figures are
independent evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import embeddings, stored_scores
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.pairing_inputs import read_input_ids
from cmean.domain import WHOLE, Kind
from cmean.evaluation.documents.study_tables import SimilarityRow
from cmean.evaluation.measures.combined_parts import PartSimilarities, combine_parts
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.pairing.vectors import FRAGMENTS
from cmean.stats.coherence import compute_coherence
from cmean.stats.permutation_draws import draw_product_means

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.catalog.embeddings import EmbeddingSet
    from cmean.catalog.engine import Connection
    from cmean.evaluation.evaluated_pairing import EvaluatedPairing

CAPTION_EMBEDDERS: Final[Mapping[Kind, str]] = {Kind.TRACK: "clap", Kind.ARTWORK: "clip"}
"""By which items are compared with their captions (Tables III and IV)."""

PAIR_EMBEDDER: Final = "imagebind"
"""By which the media of a pair are compared (Table VI)."""

_UNKNOWN_VECTORS: Final = "the vectors behind these scores are not known"

ScoreRow = dict[str, Any]
"""A row of the table `scores`."""


@dataclass(frozen=True, slots=True)
class EmbeddingSimilarity:
    """Tables III, IV and VI.

    Attributes:
        captions: of each kind the rows of items and their captions; None without embeddings.
        pairs: the rows of the pairs' media; likewise.
        scores: of the pairs and captions, to be stored.
        caption_models: of each kind the weights of the embedder of its captions; none where there
            are no embeddings.
    """

    captions: Mapping[Kind, Mapping[str, SimilarityRow] | None]
    pairs: Mapping[str, SimilarityRow] | None
    scores: list[ScoreRow]
    caption_models: Mapping[Kind, str]


def measure_embedding_similarity(
    connection: Connection, evaluated: EvaluatedPairing
) -> EmbeddingSimilarity:
    """Measure what there are embeddings of; else take the scores that were published with it."""
    scores: list[ScoreRow] = []
    captions: dict[Kind, Mapping[str, SimilarityRow] | None] = {}
    models: dict[Kind, str] = {}
    for kind, backend in CAPTION_EMBEDDERS.items():
        (mapper,) = recipe_rows.read_recipes(connection, [evaluated.row.recipe_id(kind)])
        source = mapper["input_id"]
        measured = _measure_captions(connection, evaluated, kind, source, scores)
        if measured:
            models[kind] = _read_model(connection, scores[-1])
        captions[kind] = measured or _describe_published(
            {
                "total": stored_scores.read_item_scores(connection, backend, source),
                "aggregated": stored_scores.read_item_scores(
                    connection, f"{backend}-aggregated", source
                ),
            }
        )
    known = stored_scores.read_pair_scores(connection, PAIR_EMBEDDER, evaluated.row.id)
    published = np.array([known[key] for key in evaluated.pair_ids.tolist() if key in known])
    pairs = _measure_pairs(connection, evaluated, scores) or _describe_published(
        {"pairs": published}
    )
    return EmbeddingSimilarity(captions, pairs, scores, models)


def _read_model(connection: Connection, score: ScoreRow) -> str:
    """Read which weights embedded the caption of a score."""
    (recipe,) = recipe_rows.read_recipes(connection, [score["recipe_id"]])
    return str(recipe["parameters"]["backend"]["model"])


def _describe_published(
    values: Mapping[str, NDArray[np.float64]],
) -> dict[str, SimilarityRow] | None:
    """Describe scores that were imported without the vectors behind them; None without any."""
    rows = {
        name: SimilarityRow.from_coherence(compute_coherence(found, None, why=_UNKNOWN_VECTORS))
        for name, found in values.items()
        if len(found)
    }
    return rows or None


def _measure_captions(
    connection: Connection,
    evaluated: EvaluatedPairing,
    kind: Kind,
    source_id: int,
    scores: list[ScoreRow],
) -> dict[str, SimilarityRow] | None:
    """Compare the media of items with their captions: of the whole, and of all four fragments.

    The captions are those that the pairing was computed from. Their embeddings, and those of the
    media, may be newer: the newest recipe of the embedder is taken.

    Args:
        connection: an open transaction.
        evaluated: the pairing.
        kind: of the items.
        source_id: the captioner's recipe.
        scores: gets a score for each caption of a whole.
    """
    backend = CAPTION_EMBEDDERS[kind]
    media_id = embeddings.find_newest_embedder(connection, backend, kind, None)
    text_id = embeddings.find_newest_embedder(connection, backend, kind, source_id)
    if media_id is None or text_id is None:
        return None
    media = embeddings.read_vectors(connection, media_id, WHOLE)
    known = read_input_ids(connection, evaluated.row.id, "caption", source_id)

    def read_caption_vectors(position: int) -> EmbeddingSet:
        found = embeddings.read_vectors(connection, text_id, position)
        return found.select(known.contains(found.captions))

    total = read_caption_vectors(WHOLE)
    one, other = _find_common(evaluated.items[kind], media, total)
    if not len(one):
        return None
    values = _compute_cosines(media.unit[one], total.unit[other])
    scores += [
        _make_score(backend, text_id, value, caption_id=int(caption))
        for caption, value in zip(total.captions[other], values, strict=True)
    ]
    rows = {"total": _compare_matched(media.unit[one], total.unit[other], evaluated)}
    fragments = [read_caption_vectors(position) for position in FRAGMENTS]
    aggregated = _average_directions(fragments)
    one, other = _find_common(evaluated.items[kind], media, aggregated)
    if len(one):
        rows["aggregated"] = _compare_matched(media.unit[one], aggregated.unit[other], evaluated)
    return rows


def _compare_matched(
    one: NDArray[np.float32], other: NDArray[np.float32], evaluated: EvaluatedPairing
) -> SimilarityRow:
    """Compare media with captions of the same items, row by row, shapes (n, d).

    There is no resampled null: no method matched them.
    """
    sampling = evaluated.sampling
    found = compute_coherence(
        _compute_cosines(one, other),
        compute_random_pairing_null(one, other),
        draw_product_means(one, other, sampling.permutations, sampling.seed),
        constant=_compare_with_mean(one, other),
    )
    return SimilarityRow.from_coherence(found)


def _compare_with_mean(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Compute the mean cosine of vectors with the mean direction of others."""
    direction: NDArray[np.float64] = other.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    return float((one @ (direction / length)).mean()) if length else 0.0


def _measure_pairs(
    connection: Connection, evaluated: EvaluatedPairing, scores: list[ScoreRow]
) -> dict[str, SimilarityRow] | None:
    """Compare the media of each pair: of the wholes, or of the fragments that were paired."""
    track_id, artwork_id = (
        embeddings.find_newest_embedder(connection, PAIR_EMBEDDER, kind, None) for kind in Kind
    )
    if track_id is None or artwork_id is None:
        return None
    parts: dict[str, PartSimilarities] = {}
    for position in np.unique(evaluated.pairs["position"]).tolist():
        here = evaluated.pairs["position"] == position
        vectors = (
            embeddings.read_vectors(connection, track_id, position),
            embeddings.read_vectors(connection, artwork_id, position),
        )
        known, values = _compare_pairs(evaluated.pairs[here], vectors)
        if not len(values):
            continue
        scores += [
            _make_score(PAIR_EMBEDDER, track_id, value, pair_id=int(key))
            for key, value in zip(evaluated.pair_ids[here][known], values, strict=True)
        ]
        parts[f"fragment {position}"] = _measure_position(evaluated, position, vectors, values)
    if not parts:
        return None
    single = {} if WHOLE in evaluated.pairs["position"] else parts
    return {"pairs": combine_parts([*parts.values()])} | {
        name: combine_parts([part]) for name, part in single.items()
    }


def _measure_position(
    evaluated: EvaluatedPairing,
    position: int,
    vectors: tuple[EmbeddingSet, EmbeddingSet],
    values: NDArray[np.float64],
) -> PartSimilarities:
    """Compute the nulls of the similarities of one position's pairs.

    One triple for all artworks makes random pairs, so the constant null is the mean of these.
    """
    tracks, artworks = (
        _select_vectors(of_kind, evaluated.items[kind])
        for of_kind, kind in zip(vectors, Kind, strict=True)
    )
    null, sampling = compute_random_pairing_null(tracks, artworks), evaluated.sampling
    resampled = [
        _compare_pairs(pairs[pairs["position"] == position], vectors)[1]
        for pairs in evaluated.resampled
    ]
    return PartSimilarities(
        values,
        null,
        draw_product_means(tracks, artworks, sampling.permutations, sampling.seed),
        np.array([found.mean() for found in resampled if len(found)]),
        null.mean,
    )


def _compare_pairs(
    pairs: NDArray[np.void], vectors: tuple[EmbeddingSet, EmbeddingSet]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Find the pairs that have vectors on both sides, and compute the cosines of those."""
    one, has_one = vectors[0].of(pairs["track_id"])
    other, has_other = vectors[1].of(pairs["artwork_id"])
    known = has_one & has_other
    return known, _compute_cosines(vectors[0].unit[one[known]], vectors[1].unit[other[known]])


def _make_score(metric: str, recipe_id: int, value: float, **subject: int) -> ScoreRow:
    nothing = {"pair_id": None, "caption_id": None, "item_id": None}
    return {"metric": metric, "recipe_id": recipe_id, "value": float(value), **nothing, **subject}


def _select_vectors(vectors: EmbeddingSet, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """Select the vectors of those items that have one."""
    at, has = vectors.of(items)
    return vectors.unit[at[has]]


def _find_common(
    items: NDArray[np.int64], one: EmbeddingSet, other: EmbeddingSet
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the items that have a vector on both sides: their rows on either."""
    at, has = one.of(items)
    at_other, has_other = other.of(items)
    common = has & has_other
    return at[common], at_other[common]


def _average_directions(parts: list[EmbeddingSet]) -> EmbeddingSet:
    """Average the unit vectors of the four fragments of each item that has all four."""
    first, *rest = parts
    common = first.items
    for part in rest:
        common = np.intersect1d(common, part.items)
    if not len(common):
        empty = np.empty(0, np.int64)
        return embeddings.EmbeddingSet(empty, empty, np.empty((0, 1), np.float32))
    chosen = np.stack([part.unit[part.of(common)[0]] for part in parts])
    total: NDArray[np.float64] = chosen.sum(axis=0, dtype=np.float64)
    lengths = np.linalg.norm(total, axis=1)
    good = lengths > 0  # opposite directions have no mean direction
    unit = (total[good] / lengths[good, np.newaxis]).astype(np.float32)
    return embeddings.EmbeddingSet(common[good], np.zeros(int(good.sum()), np.int64), unit)


def _compute_cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the cosines of unit vectors, row by row."""
    found: NDArray[np.float64] = np.einsum("nd,nd->n", one, other, dtype=np.float64)
    return found
