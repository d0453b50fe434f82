"""The study's tables for a pairing and its recipes, each figure beside its nulls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import embeddings, evaluations, pairings, planning, results
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITIONS, Kind
from cmean.evaluation.inputs import Study
from cmean.evaluation.measures import (
    caption_lengths,
    coherence,
    embedding_similarity,
    human_ratings,
    label_validity,
)
from cmean.pairing import spaces
from cmean.pairing.null_models import resample_pairings
from cmean.stats.coherence import describe_values
from cmean.stats.sampling import Choices
from cmean.util.hashing import hash_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.measures.embedding_similarity import Scores
    from cmean.matching.groups import Progress
    from cmean.presentation.tables import Table

REVISION = 6
"""Of what is evaluated: raised when a table changes, so that stored evaluations are made anew."""

_COLUMNS = (
    "method",
    "vector",
    "metric",
    "calibrate",
    "min_similarity",
    "space",
    "profile",
    "pairs",
)
_FIGURES = ("mean", "tenth_percentile", "minimum", "null_mean", "null_sd", "z")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A pairing's evaluation: the document that is stored and printed, and the scores behind it."""

    document: Mapping[str, Any]
    scores: Scores


def request(
    catalog: Catalog,
    pairing_id: int | None = None,
    labels: Sequence[str] = (),
    choices: Choices | None = None,
) -> int:
    """Enter the wish to evaluate a pairing. Returns the task's id.

    The same wish over the same captions, triples, embeddings, labels and ratings is one task.

    Args:
        catalog: an open catalog.
        pairing_id: the pairing (default: the newest).
        labels: names of label sets to hold it against.
        choices: how to sample.

    Raises:
        InputError: there is no such pairing, or no label set of a name.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        label_validity.check(connection, labels)
        mappers = [pairing[f"{kind.value}_recipe_id"] for kind in Kind]
        captioners = [row["input_id"] for row in recipe_rows.rows(connection, mappers)]
        state: list[Any] = [*results.numbers(connection, [*mappers, *captioners])]
        state.append(embeddings.count(connection))
        state.append(evaluations.state_of_people(connection, sorted(set(labels))))
    wish = {
        "pairing_id": pairing["id"],
        "revision": REVISION,
        "labels": sorted(set(labels)),
        "choices": asdict(choices or Choices()),
    }
    digest = hash_json(["evaluate", wish, state], sort_keys=False)  # as stored requests have it
    with catalog.write() as connection:
        return planning.plan_request(connection, "evaluate", digest, wish, pairing["id"])


def compute(
    catalog: Catalog,
    request: Mapping[str, Any],
    on_progress: Progress = lambda _done, _total: None,
) -> Evaluation:
    """Evaluate as a request wishes, over the items that the pairing was made from; writes nothing.

    What has come to the catalog since makes no difference.
    """
    with catalog.read() as connection:
        study = _study(connection, request, on_progress)
        near = embedding_similarity.measure(connection, study)
        lengths_found = caption_lengths.measure(connection, study)
        document = {
            "pairing": study.pairing["id"],
            **{name: study.pairing[name] for name in (*_COLUMNS, *_FIGURES)},
            **_resampled(study),
            "nulls": asdict(study.choices),
            "tables": {
                **lengths_found,
                "V": coherence.measure(study),
                **near.tables,
            },
            "finish_reasons": caption_lengths.finish_reasons(lengths_found),
            "labels": {
                name: label_validity.measure(connection, study, name)
                for name in request.get("labels", ())  # older wishes name none
            },
            "ratings": human_ratings.measure(connection, study),
        }
    return Evaluation(document, near.scores)


def _study(connection: Connection, request: Mapping[str, Any], on_progress: Progress) -> Study:
    pairing = pairings.get(connection, request["pairing_id"])
    made = int(pairing["id"])
    choices = Choices(**request.get("choices", {}))
    triples = {
        kind: pairings.triples(
            connection, pairing[f"{kind.value}_recipe_id"], POSITIONS, pairing_id=made
        )
        for kind in Kind
    }
    sides = spaces.sides(connection, pairing, made)
    return Study(
        pairing,
        pairings.pairs_of(connection, made),
        embeddings.pair_ids(connection, made),
        {
            kind: np.unique(np.concatenate([side.items for side in sides[kind].values()]))
            for kind in Kind
        },
        triples,
        resample_pairings(pairing, sides, choices, on_progress),
        choices,
    )


def _resampled(study: Study) -> dict[str, float | None]:
    """The null of the pairing's mean: what its method finds among vectors without identity."""
    found = describe_values([pairs["similarity"].mean() for pairs in study.resampled])
    return {"resampled_mean": found.mean, "resampled_sd": found.std}


def write(connection: Connection, task_id: int, result: Evaluation) -> None:
    """Write an evaluation, and the scores of pairs and captions that it came upon."""
    evaluations.store(connection, task_id, result.document)
    embeddings.store_scores(connection, result.scores)


def document(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean evaluate --json` prints, once the request is done."""
    with catalog.read() as connection:
        return evaluations.get(connection, task_id)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """The tables of an evaluation's document: the study's, then those it did not have."""
    found = document["tables"]
    study = [
        *caption_lengths.tables(found),
        *coherence.tables(document, found["V"]),
        *embedding_similarity.tables(found),
    ]
    return [
        *sorted(study, key=lambda table: _ORDER.index(table.name.split()[0])),
        *(table for each in document["labels"].values() for table in label_validity.tables(each)),
        *human_ratings.tables(document["ratings"]),
    ]


_ORDER = ("I", "II", "III", "IV", "V", "VI")
