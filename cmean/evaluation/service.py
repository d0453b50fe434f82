"""Evaluation of a pairing: requested as a task, computed, stored and loaded as a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import embeddings, evaluations, pairings, planning, results, stored_scores
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITIONS, Kind
from cmean.evaluation.documents.evaluation import EvaluationDocument
from cmean.evaluation.documents.request import EvaluationRequest
from cmean.evaluation.documents.study_tables import StudyTables
from cmean.evaluation.evaluated_pairing import EvaluatedPairing
from cmean.evaluation.measures.caption_lengths import measure_caption_lengths, sum_finish_reasons
from cmean.evaluation.measures.coherence import measure_coherence
from cmean.evaluation.measures.embedding_similarity import measure_embedding_similarity
from cmean.evaluation.measures.human_ratings import measure_human_ratings
from cmean.evaluation.measures.label_validity import measure_label_validity, require_label_sets
from cmean.pairing import spaces
from cmean.pairing.null_models import resample_pairings
from cmean.stats.coherence import describe_values
from cmean.stats.sampling import SamplingOptions
from cmean.util.dataclass_json import from_json, to_json
from cmean.util.hashing import hash_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.measures.embedding_similarity import ScoreRow
    from cmean.util.progress import ProgressCallback

REVISION: Final = 7
"""Of what is evaluated: raised when the document changes, so that stored evaluations, which are of
one revision each, are computed again instead of being read."""

_PAIRING_COLUMNS: Final = (
    *("method", "vector", "metric", "calibrate", "min_similarity", "space", "profile", "pairs"),
    *("mean", "tenth_percentile", "minimum", "null_mean", "null_sd", "z"),
)
"""Columns of the pairing that its document repeats."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A pairing's evaluation: the document, and the scores of pairs and captions behind it."""

    document: EvaluationDocument
    scores: Sequence[ScoreRow]


def request_evaluation(
    catalog: Catalog,
    pairing_id: int | None = None,
    labels: Sequence[str] = (),
    sampling: SamplingOptions | None = None,
) -> int:
    """Enter the request to evaluate a pairing. Returns the task's id.

    The same request over the same captions, triples, embeddings, labels and ratings is one task.

    Args:
        catalog: an open catalog.
        pairing_id: the pairing (default: the newest).
        labels: names of label sets to compare with.
        sampling: how to sample.

    Raises:
        InputError: there is no such pairing, or no label set of a name.
    """
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, pairing_id)
        require_label_sets(connection, labels)
        mappers = pairing.recipe_ids
        captioners = [row["input_id"] for row in recipe_rows.read_recipes(connection, mappers)]
        state: list[Any] = [*results.count_results(connection, [*mappers, *captioners])]
        state.append(embeddings.count_embeddings(connection))
        state.append(evaluations.hash_labels_and_ratings(connection, sorted(set(labels))))
    request = to_json(
        EvaluationRequest(pairing.id, REVISION, sorted(set(labels)), sampling or SamplingOptions())
    )
    digest = hash_json(["evaluate", request, state], sort_keys=False)
    with catalog.write() as connection:
        return planning.plan_request(connection, "evaluate", digest, request, pairing.id)


def compute_requested_evaluation(
    catalog: Catalog,
    request: Mapping[str, Any],
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> Evaluation:
    """Evaluate as a request says, over the items that the pairing was made from; writes nothing.

    Items that came to the catalog since make no difference.

    Args:
        catalog: an open catalog.
        request: an `EvaluationRequest` as JSON values.
        on_progress: called with how many resamples are done, and of how many.
    """
    wanted = from_json(EvaluationRequest, request)
    with catalog.read() as connection:
        evaluated = load_evaluated_pairing(connection, wanted, on_progress)
        similarity = measure_embedding_similarity(connection, evaluated)
        lengths = measure_caption_lengths(connection, evaluated)
        null = describe_values([pairs["similarity"].mean() for pairs in evaluated.resampled])
        document = EvaluationDocument(
            pairing=evaluated.row.id,
            **{name: getattr(evaluated.row, name) for name in _PAIRING_COLUMNS},
            resampled_mean=null.mean,
            resampled_sd=null.std,
            sampling=evaluated.sampling,
            tables=StudyTables(
                track_caption_lengths=lengths[Kind.TRACK],
                artwork_caption_lengths=lengths[Kind.ARTWORK],
                coherence=measure_coherence(evaluated),
                track_caption_similarity=similarity.captions[Kind.TRACK],
                artwork_caption_similarity=similarity.captions[Kind.ARTWORK],
                pair_media_similarity=similarity.pairs,
            ),
            caption_models={str(kind): name for kind, name in similarity.caption_models.items()},
            finish_reasons=sum_finish_reasons(lengths),
            labels={
                name: measure_label_validity(connection, evaluated, name) for name in wanted.labels
            },
            ratings=measure_human_ratings(connection, evaluated),
        )
    return Evaluation(document, similarity.scores)


def load_evaluated_pairing(
    connection: Connection,
    request: EvaluationRequest,
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> EvaluatedPairing:
    """Load a pairing with its inputs, and pair resampled vectors by its method."""
    pairing = pairings.read_pairing(connection, request.pairing_id)
    pairing_id = pairing.id
    triples = {
        kind: pairings.read_triples(
            connection, pairing.recipe_id(kind), POSITIONS, pairing_id=pairing_id
        )
        for kind in Kind
    }
    sides = spaces.read_sides(connection, pairing, pairing_id)
    return EvaluatedPairing(
        row=pairing,
        pairs=pairings.read_pairs(connection, pairing_id),
        pair_ids=pairings.read_pair_ids(connection, pairing_id),
        items={
            kind: np.unique(np.concatenate([side.items for side in sides[kind].values()]))
            for kind in Kind
        },
        triples=triples,
        resampled=resample_pairings(pairing, sides, request.sampling, on_progress),
        sampling=request.sampling,
    )


def store_evaluation(connection: Connection, task_id: int, result: Evaluation) -> None:
    """Write an evaluation, and the scores behind it, in the transaction that ends its task."""
    evaluations.write_evaluation(connection, task_id, to_json(result.document))
    stored_scores.write_scores(connection, result.scores)


def load_document(catalog: Catalog, task_id: int) -> EvaluationDocument:
    """Load the document of a request that is done."""
    with catalog.read() as connection:
        return from_json(EvaluationDocument, evaluations.read_evaluation(connection, task_id))
