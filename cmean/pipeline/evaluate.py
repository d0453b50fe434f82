"""The study's tables for a pairing and its recipes, each figure beside its null."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings, planning, queries, results
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITION_NAMES, POSITIONS, WHOLE, Kind
from cmean.evaluation.coherence import CoherenceTable, coherence
from cmean.evaluation.lengths import LengthTable, length_table
from cmean.matching.null import random_pairing, similarities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairings import Triple

REVISION = 1
"""Of what is evaluated: raised when a table changes, so that stored evaluations are made anew."""

_FRAGMENTS = POSITIONS[1:]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed; the first column names the row."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float | None]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A pairing with its Tables I, II and V.

    Attributes:
        pairing: the columns of its row.
        lengths: Table I (tracks) and II (artworks).
        finish_reasons: how many captions of each kind ended why.
        coherence: Table V.
    """

    pairing: Mapping[str, Any]
    lengths: Mapping[Kind, LengthTable]
    finish_reasons: Mapping[Kind, Mapping[str, int]]
    coherence: CoherenceTable

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
    wish = {"pairing_id": pairing["id"], "revision": REVISION}
    digest = hashlib.sha256(json.dumps(["evaluate", wish, numbers]).encode()).hexdigest()
    with catalog.write() as connection:
        return planning.plan_request(connection, "evaluate", digest, wish, pairing["id"])


def compute(catalog: Catalog, request: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate as a request wishes; writes nothing."""
    return evaluate(catalog, request["pairing_id"]).as_dict()


def write(connection: Connection, task_id: int, result: Mapping[str, Any]) -> None:
    """Write an evaluation."""
    results.store_evaluation(connection, task_id, result["pairing"], result)


def document(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean evaluate --json` prints, once the request is done."""
    with catalog.read() as connection:
        return results.evaluation(connection, task_id)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """The tables of an evaluation's document, for people."""
    lengths = [_length_table(document, kind, number) for kind, number in _NUMBERS.items()]
    return [*lengths, _coherence_table(document["tables"]["V"])]


_NUMBERS = {Kind.TRACK: "I", Kind.ARTWORK: "II"}


def _length_table(document: Mapping[str, Any], kind: Kind, number: str) -> Table:
    found = document["tables"][number]
    why = document["finish_reasons"][kind.value]
    ended = ", ".join(f"{count} {reason}" for reason, count in sorted(why.items()))
    return Table(
        f"Table {number}: caption lengths of {kind.value}s, in words",
        ("", *found["total"]),
        [(name, *row.values()) for name, row in found.items()],
        "Aggregated: the four fragments joined. Above, below and equal to the mean; complete: "
        f"ends like a sentence. Finish reasons: {ended or 'none'}.",
    )


def _coherence_table(found: Mapping[str, Any]) -> Table:
    rows = {name: row for name, row in found.items() if isinstance(row, dict)}
    return Table(
        "Table V: emotional coherence of the pairs (cosine), beside its null",
        ("", *next(iter(rows.values()))),
        [(name, *row.values()) for name, row in rows.items()],
        "Null: the mean over random one-to-one pairings of the same items, and its standard "
        f"deviation. {found['unpaired_tracks']} tracks and {found['unpaired_artworks']} artworks "
        "are unpaired.",
    )


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
        pairs = pairings.pair_rows(connection, pairing["id"])
        sides = {
            kind: _by_item(
                pairings.triples(connection, recipe_ids[kind], POSITIONS, pairing_id=made)
            )
            for kind in Kind
        }
        captions = {}
        for kind in Kind:
            (mapper,) = recipe_rows.rows(connection, [recipe_ids[kind]])
            captions[kind] = queries.captions_by_item(connection, mapper["input_id"], made)
    partners = [(row["track_id"], row["artwork_id"]) for row in pairs]
    return Evaluation(
        pairing,
        {kind: _lengths(captions[kind]) for kind in Kind},
        {kind: _finish_reasons(captions[kind]) for kind in Kind},
        _coherence(pairing, partners, sides),
    )


def _by_item(triples: Sequence[Triple]) -> dict[int, dict[int, Triple]]:
    result: dict[int, dict[int, Triple]] = {}
    for triple in triples:
        result.setdefault(triple.item_id, {})[triple.position] = triple
    return result


def _lengths(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> LengthTable:
    """Of the wholes that have a caption, and of the items whose four fragments all have one."""
    wholes = [found[WHOLE][0] for found in captions.values() if WHOLE in found]
    complete = [found for found in captions.values() if all(p in found for p in _FRAGMENTS)]
    return length_table(wholes, [[found[p][0] for p in _FRAGMENTS] for found in complete])


def _finish_reasons(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> dict[str, int]:
    return dict(Counter(reason for found in captions.values() for _, reason in found.values()))


def _coherence(
    pairing: Mapping[str, Any],
    partners: Sequence[tuple[int, int]],
    sides: Mapping[Kind, Mapping[int, Mapping[int, Triple]]],
) -> CoherenceTable:
    """Table V over the whole, each fragment with its counterpart, and the fragments aggregated."""
    names = [f"{t} / {a}" for t, a in zip(*(POSITION_NAMES[kind] for kind in Kind), strict=True)]
    wanted: dict[str, tuple[int, ...]] = {"pairs (whole)": (WHOLE,)}
    wanted |= {names[position]: (position,) for position in _FRAGMENTS}
    wanted["fragments aggregated"] = _FRAGMENTS
    rows = {}
    for name, positions in wanted.items():
        usable = {kind: _vectors(sides[kind], positions) for kind in Kind}
        tracks, artworks = (usable[kind] for kind in Kind)
        both = [(t, a) for t, a in partners if t in tracks and a in artworks]
        if not both:
            continue
        found = similarities(
            np.stack([tracks[t] for t, _ in both]),
            np.stack([artworks[a] for _, a in both]),
            pairing["metric"],
        )
        null = random_pairing(
            np.stack(list(tracks.values())),
            np.stack(list(artworks.values())),
            pairing["metric"],
            pairing["parameters"]["permutations"],
            pairing["parameters"]["seed"],
        )
        rows[name] = coherence(found, null)
    return CoherenceTable(rows, pairing["unpaired_tracks"], pairing["unpaired_artworks"])


def _vectors(
    side: Mapping[int, Mapping[int, Triple]], positions: Sequence[int]
) -> dict[int, NDArray[np.int64]]:
    """The triples of the items that have all these positions, each of shape (positions, 3)."""
    return {
        item: np.array([(found[p].red, found[p].green, found[p].blue) for p in positions])
        for item, found in side.items()
        if all(p in found for p in positions)
    }
