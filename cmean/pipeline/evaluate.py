"""The study's tables for a pairing and its recipes, each figure beside its null."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import embeddings, pairings, planning, queries, results
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITIONS, WHOLE, Kind
from cmean.evaluation.lengths import LengthTable, length_table
from cmean.pipeline import closeness
from cmean.pipeline.table_five import table_five
from cmean.pipeline.tables import Table
from cmean.pipeline.vectors import FRAGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Catalog, Connection
    from cmean.evaluation.coherence import CoherenceTable
    from cmean.matching.groups import Progress
    from cmean.pipeline.closeness import Closeness

REVISION = 3
"""Of what is evaluated: raised when a table changes, so that stored evaluations are made anew."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A pairing with its tables.

    Attributes:
        pairing: the columns of its row.
        lengths: Table I (tracks) and II (artworks).
        finish_reasons: how many captions of each kind ended why.
        coherence: Table V.
        closeness: Tables III, IV and VI, as far as there are embeddings.
    """

    pairing: Mapping[str, Any]
    lengths: Mapping[Kind, LengthTable]
    finish_reasons: Mapping[Kind, Mapping[str, int]]
    coherence: CoherenceTable
    closeness: Closeness

    def as_dict(self) -> dict[str, Any]:
        """As JSON, and as it is stored: by the number of the table."""
        names = ("method", "vector", "metric", "pairs", "mean", "null_mean", "null_sd", "z")
        return {
            "pairing": self.pairing["id"],
            **{name: self.pairing[name] for name in names},
            "tables": {
                "I": self.lengths[Kind.TRACK].as_dict(),
                "II": self.lengths[Kind.ARTWORK].as_dict(),
                "V": self.coherence.as_dict(),
                **self.closeness.tables,
            },
            "finish_reasons": {kind.value: dict(self.finish_reasons[kind]) for kind in Kind},
        }


def request(catalog: Catalog, pairing_id: int | None = None) -> int:
    """Enter the wish to evaluate a pairing (default: the newest). Returns the task's id.

    The same wish over the same captions and triples is one task.

    Raises:
        InputError: there is no such pairing.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        mappers = [pairing[f"{kind.value}_recipe_id"] for kind in Kind]
        captioners = [row["input_id"] for row in recipe_rows.rows(connection, mappers)]
        numbers = results.numbers(connection, [*mappers, *captioners])
        numbers.append(embeddings.count(connection))
    wish = {"pairing_id": pairing["id"], "revision": REVISION}
    digest = hashlib.sha256(json.dumps(["evaluate", wish, numbers]).encode()).hexdigest()
    with catalog.write() as connection:
        return planning.plan_request(connection, "evaluate", digest, wish, pairing["id"])


def compute(
    catalog: Catalog,
    request: Mapping[str, Any],
    on_progress: Progress = lambda _done, _total: None,
) -> Evaluation:
    """Evaluate as a request wishes; writes nothing."""
    on_progress(0, 1)
    return evaluate(catalog, request["pairing_id"])


def write(connection: Connection, task_id: int, result: Evaluation) -> None:
    """Write an evaluation, and the scores of pairs and captions that it came upon."""
    results.store_evaluation(connection, task_id, result.pairing["id"], result.as_dict())
    embeddings.store_scores(connection, result.closeness.scores)


def document(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean evaluate --json` prints, once the request is done."""
    with catalog.read() as connection:
        return results.evaluation(connection, task_id)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """The tables of an evaluation's document, for people."""
    found = {number: _length_table(document, kind, number) for kind, number in _NUMBERS.items()}
    found["V"] = _coherence_table(document)
    for number in _CLOSENESS:
        if near := document["tables"].get(number):
            found[number] = _closeness_table(number, near)
    return [found[number] for number in ("I", "II", "III", "IV", "V", "VI") if number in found]


_NUMBERS = {Kind.TRACK: "I", Kind.ARTWORK: "II"}


def _length_table(document: Mapping[str, Any], kind: Kind, number: str) -> Table:
    found = document["tables"][number]
    why = document["finish_reasons"][kind.value]
    ended = ", ".join(f"{count} {reason}" for reason, count in sorted(why.items()))
    return Table(
        number,
        f"Table {number}: caption lengths of {kind.value}s, in words",
        ("", *found["total"]),
        [(name, *row.values()) for name, row in found.items()],
        "Aggregated: the four fragments joined. Above, below and equal to the mean; complete: "
        f"ends like a sentence. Finish reasons: {ended or 'none'}.",
    )


def _coherence_table(document: Mapping[str, Any]) -> Table:
    found = document["tables"]["V"]
    rows = {name: row for name, row in found.items() if isinstance(row, dict)}
    unit = " fragments" if document["vector"] == "fragments" else "s"
    return Table(
        "V",
        f"Table V: emotional coherence of the pairs ({document['metric']}), beside its null",
        ("", *next(iter(rows.values()))),
        [(name, *row.values()) for name, row in rows.items()],
        f"{_ABOUT[document['vector']]} Null: the mean over random one-to-one pairings of the same "
        f"items, and its standard deviation. {found['unpaired_tracks']} track{unit} and "
        f"{found['unpaired_artworks']} artwork{unit} are unpaired.",
    )


_CLOSENESS = {
    "III": ("CLAP similarity of tracks and their captions", "the captions dealt out at random"),
    "IV": ("CLIP similarity of artworks and their captions", "the captions dealt out at random"),
    "VI": ("ImageBind similarity of the two of each pair", "random pairing of the same items"),
}


def _closeness_table(number: str, found: Mapping[str, Mapping[str, Any]]) -> Table:
    title, null = _CLOSENESS[number]
    aggregated = " Aggregated: the four fragments' captions together." if number != "VI" else ""
    return Table(
        number,
        f"Table {number}: {title} (cosine), beside its null",
        ("", *next(iter(found.values()))),
        [(name, *row.values()) for name, row in found.items()],
        f"Null: {null}.{aggregated}",
    )


def missing(document: Mapping[str, Any]) -> str | None:
    """A line on the tables that lack their embeddings, and how to make them; None: none does."""
    lacking = [number for number in _CLOSENESS if not document["tables"].get(number)]
    if not lacking:
        return None
    listed = ", ".join(lacking[:-1]) + " and " + lacking[-1] if lacking[1:] else lacking[0]
    return (
        f"Table{'s' if lacking[1:] else ''} {listed} need embeddings by CLAP, CLIP and ImageBind: "
        "cmean run --stage embed, with a profile that has embedders"
    )


_ABOUT = {
    "whole": "Below the first row: the fragments of the pairs that the wholes made.",
    "fragments": "Each position has pairs of its own; the first row is over all of them.",
    "concatenated": "First row: all five triples as one vector, as they were paired; below it the "
    "same pairs position by position.",
}


def evaluate(catalog: Catalog, pairing_id: int | None = None) -> Evaluation:
    """Evaluate a pairing (default: the newest), over the items that it was made from.

    What has come to the catalog since makes no difference.

    Raises:
        InputError: there is no such pairing.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        made = int(pairing["id"])
        recipe_ids = {kind: pairing[f"{kind.value}_recipe_id"] for kind in Kind}
        pairs = pairings.pairs_of(connection, made)
        triples = {
            kind: pairings.triples(connection, recipe_ids[kind], POSITIONS, pairing_id=made)
            for kind in Kind
        }
        captions = {}
        for kind in Kind:
            (mapper,) = recipe_rows.rows(connection, [recipe_ids[kind]])
            captions[kind] = queries.captions_by_item(connection, mapper["input_id"], made)
        there = {kind: np.unique(triples[kind]["item"]) for kind in Kind}
        near = closeness.measure(connection, pairing, there)
    return Evaluation(
        pairing,
        {kind: _lengths(captions[kind]) for kind in Kind},
        {kind: _finish_reasons(captions[kind]) for kind in Kind},
        table_five(pairing, pairs, triples),
        near,
    )


def _lengths(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> LengthTable:
    """Of the wholes that have a caption, and of the items whose four fragments all have one."""
    wholes = [found[WHOLE][0] for found in captions.values() if WHOLE in found]
    complete = [found for found in captions.values() if all(p in found for p in FRAGMENTS)]
    return length_table(wholes, [[found[p][0] for p in FRAGMENTS] for found in complete])


def _finish_reasons(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> dict[str, int]:
    return dict(Counter(reason for found in captions.values() for _, reason in found.values()))
