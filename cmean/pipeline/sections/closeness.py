"""Tables III, IV and VI: how near embedders find an item and its caption, and the two of a pair.

An embedder sees and hears what no mapper told it, so its figures are evidence from outside; each
stands beside its null, which is the same items put together at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import embeddings, pairings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, Kind
from cmean.evaluation.coherence import coherence
from cmean.matching.null import random_pairing
from cmean.pipeline.vectors import FRAGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.catalog.embeddings import Vectors
    from cmean.catalog.engine import Connection

CAPTIONS: Final[Mapping[str, tuple[Kind, str]]] = {
    "III": (Kind.TRACK, "clap"),
    "IV": (Kind.ARTWORK, "clip"),
}
"""The tables of items and their captions, with the embedder of each."""

PAIRS: Final = ("VI", "imagebind")
"""The table of the pairs' media, with its embedder."""

Scores = list[dict[str, Any]]
"""Rows of the table `scores`."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """The tables by number, None where embeddings are missing; and scores of pairs and captions."""

    tables: Mapping[str, Mapping[str, Any] | None]
    scores: Scores


def measure(
    connection: Connection, pairing: Mapping[str, Any], items: Mapping[Kind, NDArray[np.int64]]
) -> Closeness:
    """The tables of a pairing, as far as there are embeddings.

    Args:
        connection: an open transaction.
        pairing: its row.
        items: of each kind the ids of those that were there to be paired, ascending.
    """
    tables: dict[str, Mapping[str, Any] | None] = {}
    scores: Scores = []
    for number, (kind, backend) in CAPTIONS.items():
        (mapper,) = recipe_rows.rows(connection, [pairing[f"{kind.value}_recipe_id"]])
        tables[number] = _captions(
            connection, kind, backend, mapper["input_id"], items[kind], scores
        )
    tables[PAIRS[0]] = _pairs(connection, pairing, items, scores)
    return Closeness(tables, scores)


def _captions(
    connection: Connection,
    kind: Kind,
    backend: str,
    source_id: int,
    items: NDArray[np.int64],
    scores: Scores,
) -> Mapping[str, Any] | None:
    """Media of items beside their captions: of the whole, and of the four fragments together."""
    media_id = embeddings.recipe(connection, backend, kind, None)
    text_id = embeddings.recipe(connection, backend, kind, source_id)
    if media_id is None or text_id is None:
        return None
    media = embeddings.load(connection, media_id, WHOLE)
    total = embeddings.load(connection, text_id, WHOLE)
    both, one, other = _both(items, media, total)
    if not len(both):
        return None
    values = _cosines(media.unit[one], total.unit[other])
    scores += [
        {
            "metric": backend,
            "pair_id": None,
            "caption_id": int(caption),
            "recipe_id": text_id,
            "value": float(value),
        }
        for caption, value in zip(total.captions[other], values, strict=True)
    ]
    rows = {"total": _row(values, media.unit[one], total.unit[other])}
    parts = [embeddings.load(connection, text_id, position) for position in FRAGMENTS]
    joined = _joined(parts)
    both, one, other = _both(items, media, joined)
    if len(both):
        found = _cosines(media.unit[one], joined.unit[other])
        rows["aggregated"] = _row(found, media.unit[one], joined.unit[other])
    return rows


def _pairs(
    connection: Connection,
    pairing: Mapping[str, Any],
    items: Mapping[Kind, NDArray[np.int64]],
    scores: Scores,
) -> Mapping[str, Any] | None:
    """Media of the two of each pair: of the wholes, or of the fragments that were paired."""
    ids = {kind: embeddings.recipe(connection, PAIRS[1], kind, None) for kind in Kind}
    if ids[Kind.TRACK] is None or ids[Kind.ARTWORK] is None:
        return None
    pairs = pairings.pairs_of(connection, pairing["id"])
    keys = embeddings.pair_ids(connection, pairing["id"])
    rows: dict[str, Any] = {}
    for position in np.unique(pairs["position"]):
        here = pairs["position"] == position
        track, artwork = (
            embeddings.load(connection, ids[kind] or 0, int(position)) for kind in Kind
        )
        one, has_one = track.of(pairs["track_id"][here])
        other, has_other = artwork.of(pairs["artwork_id"][here])
        good = has_one & has_other
        if not good.any():
            continue
        values = _cosines(track.unit[one[good]], artwork.unit[other[good]])
        scores += [
            {
                "metric": PAIRS[1],
                "pair_id": int(key),
                "caption_id": None,
                "recipe_id": ids[Kind.TRACK],
                "value": float(value),
            }
            for key, value in zip(keys[here][good], values, strict=True)
        ]
        name = "pairs" if position == WHOLE else f"fragment {position}"
        null = random_pairing(
            _among(track, items[Kind.TRACK]), _among(artwork, items[Kind.ARTWORK])
        )
        rows[name] = coherence(values, null).as_dict()
    return rows or None


def _among(vectors: Vectors, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """The vectors of those items that have one."""
    at, has = vectors.of(items)
    return vectors.unit[at[has]]


def _both(
    items: NDArray[np.int64], one: Vectors, other: Vectors
) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]:
    """The items that have a vector on both sides, and where each lies."""
    at, has = one.of(items)
    at_other, has_other = other.of(items)
    good = has & has_other
    return items[good], at[good], at_other[good]


def _joined(parts: list[Vectors]) -> Vectors:
    """The mean direction of the four fragments of each item that has all four."""
    first, *rest = parts
    common = first.items
    for part in rest:
        common = np.intersect1d(common, part.items)
    if not len(common):
        return _none()
    chosen = np.stack([part.unit[part.of(common)[0]] for part in parts])
    total: NDArray[np.float64] = chosen.sum(axis=0, dtype=np.float64)
    lengths = np.linalg.norm(total, axis=1)
    good = lengths > 0
    unit = (total[good] / lengths[good, np.newaxis]).astype(np.float32)
    return embeddings.Vectors(common[good], np.zeros(int(good.sum()), np.int64), unit)


def _none() -> Vectors:
    return embeddings.Vectors(
        np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 1), np.float32)
    )


def _cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of unit vectors, row by row."""
    found: NDArray[np.float64] = np.einsum("nd,nd->n", one, other, dtype=np.float64)
    return found


def _row(
    values: NDArray[np.float64], one: NDArray[np.float32], other: NDArray[np.float32]
) -> dict[str, Any]:
    return coherence(values, random_pairing(one, other)).as_dict()
