"""Tables III, IV and VI: how near embedders find an item and its caption, and the two of a pair.

An embedder sees and hears what no mapper told it, so its figures are evidence from outside; each
stands beside its null, which is the same items put together at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import embeddings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, Kind
from cmean.evaluation.measures.positions import Measured, joint
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.pairing.vectors import FRAGMENTS
from cmean.presentation.tables import Table, split_nulls
from cmean.stats.coherence import compute_coherence
from cmean.stats.permutation_draws import draw_product_means

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.catalog.embeddings import Vectors
    from cmean.catalog.engine import Connection
    from cmean.evaluation.inputs import Study

CAPTIONS: Final[Mapping[str, tuple[Kind, str]]] = {
    "III": (Kind.TRACK, "clap"),
    "IV": (Kind.ARTWORK, "clip"),
}
"""The tables of items and their captions, with the embedder of each."""

PAIRS: Final = ("VI", "imagebind")
"""The table of the pairs' media, with its embedder."""

_UNKNOWN: Final = "the vectors behind these scores are not known"

Scores = list[dict[str, Any]]
"""Rows of the table `scores`."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """The tables by number, None where embeddings are missing; and scores of pairs and captions."""

    tables: Mapping[str, Mapping[str, Any] | None]
    scores: Scores


def measure(connection: Connection, study: Study) -> Closeness:
    """The tables of a pairing, as far as there are embeddings, or else scores that came with it."""
    tables: dict[str, Mapping[str, Any] | None] = {}
    scores: Scores = []
    for number, (kind, backend) in CAPTIONS.items():
        (mapper,) = recipe_rows.rows(connection, [study.pairing[f"{kind.value}_recipe_id"]])
        source = mapper["input_id"]
        tables[number] = _captions(connection, study, kind, backend, source, scores) or _published(
            {
                "total": embeddings.item_scores(connection, backend, source),
                "aggregated": embeddings.item_scores(connection, f"{backend}-aggregated", source),
            }
        )
    number, backend = PAIRS
    known = embeddings.pair_scores(connection, backend, study.pairing["id"])
    tables[number] = _pairs(connection, study, scores) or _published(
        {"pairs": np.array([known[key] for key in study.pair_ids.tolist() if key in known])}
    )
    return Closeness(tables, scores)


def _published(values: Mapping[str, NDArray[np.float64]]) -> dict[str, Any] | None:
    """Rows of scores that were read from files, without the vectors behind them."""
    rows = {
        name: compute_coherence(found, None, why=_UNKNOWN).as_dict()
        for name, found in values.items()
        if len(found)
    }
    return rows or None


def _captions(
    connection: Connection,
    study: Study,
    kind: Kind,
    backend: str,
    source_id: int,
    scores: Scores,
) -> Mapping[str, Any] | None:
    """Media of items beside their captions: of the whole, and of the four fragments together."""
    items = study.items[kind]
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
        _score(backend, text_id, value, caption_id=int(caption))
        for caption, value in zip(total.captions[other], values, strict=True)
    ]
    rows = {"total": _row(values, media.unit[one], total.unit[other], study)}
    joined = _joined([embeddings.load(connection, text_id, p) for p in FRAGMENTS])
    both, one, other = _both(items, media, joined)
    if len(both):
        found = _cosines(media.unit[one], joined.unit[other])
        rows["aggregated"] = _row(found, media.unit[one], joined.unit[other], study)
    return rows


def _row(
    values: NDArray[np.float64], one: NDArray[np.float32], other: NDArray[np.float32], study: Study
) -> dict[str, Any]:
    """Media and captions of the same items; no pairing made them, so none is made anew."""
    choices = study.choices
    drawn = draw_product_means(one, other, choices.permutations, choices.seed)
    return compute_coherence(
        values, compute_random_pairing_null(one, other), drawn, constant=_to_the_mean(one, other)
    ).as_dict()


def _to_the_mean(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean cosine of vectors to the mean direction of the others."""
    direction: NDArray[np.float64] = other.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(direction))
    return float((one @ (direction / length)).mean()) if length else 0.0


def _pairs(connection: Connection, study: Study, scores: Scores) -> Mapping[str, Any] | None:
    """Media of the two of each pair: of the wholes, or of the fragments that were paired."""
    ids = {kind: embeddings.recipe(connection, PAIRS[1], kind, None) for kind in Kind}
    if ids[Kind.TRACK] is None or ids[Kind.ARTWORK] is None:
        return None
    parts: dict[str, Measured] = {}
    for position in np.unique(study.pairs["position"]).tolist():
        here = study.pairs["position"] == position
        vectors = tuple(embeddings.load(connection, ids[kind] or 0, position) for kind in Kind)
        good, values = _alike(study.pairs[here], vectors)
        if not len(values):
            continue
        scores += [
            _score(PAIRS[1], ids[Kind.TRACK], value, pair_id=int(key))
            for key, value in zip(study.pair_ids[here][good], values, strict=True)
        ]
        parts[f"fragment {position}"] = _beside(study, position, vectors, values)
    if not parts:
        return None
    single = {} if WHOLE in study.pairs["position"] else parts
    rows = {"pairs": joint([*parts.values()])} | {k: joint([part]) for k, part in single.items()}
    return {name: row.as_dict() for name, row in rows.items()}


def _beside(
    study: Study, position: int, vectors: tuple[Vectors, ...], values: NDArray[np.float64]
) -> Measured:
    """The pairs of a position beside their nulls; one triple for all tells no pair from another."""
    tracks, artworks = (_among(v, study.items[k]) for v, k in zip(vectors, Kind, strict=True))
    null = compute_random_pairing_null(tracks, artworks)
    choices = study.choices
    free = [_alike(made[made["position"] == position], vectors)[1] for made in study.resampled]
    return Measured(
        values,
        null,
        draw_product_means(tracks, artworks, choices.permutations, choices.seed),
        np.array([found.mean() for found in free if len(found)]),
        null.mean,
    )


def _alike(
    pairs: NDArray[np.void], vectors: tuple[Vectors, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which pairs have vectors on both sides, and the cosines of those."""
    one, has_one = vectors[0].of(pairs["track_id"])
    other, has_other = vectors[1].of(pairs["artwork_id"])
    good = has_one & has_other
    return good, _cosines(vectors[0].unit[one[good]], vectors[1].unit[other[good]])


def _score(metric: str, recipe_id: int | None, value: float, **subject: int) -> dict[str, Any]:
    """A row of `scores`."""
    nothing = {"pair_id": None, "caption_id": None, "item_id": None}
    return {"metric": metric, "recipe_id": recipe_id, "value": float(value), **nothing, **subject}


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


def tables(found: Mapping[str, Mapping[str, Any] | None]) -> list[Table]:
    """Those that could be measured, each with its nulls."""
    return [
        table
        for number in _TITLES
        if (rows := found.get(number))
        for table in split_nulls(
            number, f"Table {number}: {_TITLES[number]}", rows, *_notes(number, rows)
        )
    ]


def _notes(number: str, rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    about, nulls = _NOTES[number]
    published = any(row["why"] == _UNKNOWN for row in rows.values())
    return ("These scores were published; no embedding is here." if published else about), nulls


_TITLES: Final = {
    "III": "CLAP similarity of tracks and their captions (cosine)",
    "IV": "CLIP similarity of artworks and their captions (cosine)",
    "VI": "ImageBind similarity of the two of each pair (cosine)",
}
_DEALT: Final = (
    "Whole media, whole texts, by windows. Aggregated: the four fragments' captions together.",
    (
        "Random: the captions dealt out at random. Constant: the mean caption for all. "
        "Resampled: no pairing was made here, so there is none to make anew."
    ),
)
NOTE: Final = (
    "Random: one-to-one pairings of the same items. Resampled: pairs that the same method makes "
    "where each artwork has the vector of one drawn at random. Constant: one triple for all pairs "
    "no better than chance."
)
"""What stands beside the mean of Table VI."""
_MEDIA: Final = ("It looks at the media alone: no mapper told it anything.", NOTE)
_NOTES: Final = {"III": _DEALT, "IV": _DEALT, "VI": _MEDIA}
