"""A random one-to-one pairing of the items of another: where blind control pairs come from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings
from cmean.domain import Kind
from cmean.matching.methods import Matching
from cmean.matching.null import random_pairing, similarities
from cmean.matching.summary import summarise_all
from cmean.pipeline import vectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cmean.catalog.engine import Connection
    from cmean.matching.null import Null
    from cmean.pipeline.vectors import Side


def store(connection: Connection, pairing: Mapping[str, Any], seed: int) -> int:
    """Write a random pairing of the items that a pairing was made from; an equal one is kept.

    Every one-to-one pairing of as many pairs as possible is equally likely, at each position by
    itself. Its similarities are those of the emotion triples.

    Args:
        connection: an open write transaction.
        pairing: the row of the pairing that it is to be compared with.
        seed: the same seed gives the same pairs.

    Returns:
        The random pairing's id.
    """
    vector, metric = pairing["vector"], pairing["metric"]
    needed = vectors.needed(vector)
    recipes = {f"{kind.value}_recipe_id": pairing[f"{kind.value}_recipe_id"] for kind in Kind}
    sides = {}
    for kind in Kind:
        recipe_id = recipes[f"{kind.value}_recipe_id"]
        read = pairings.triples(connection, recipe_id, needed, pairing_id=pairing["id"])
        sides[kind] = vectors.sides(read, vector)
    random = np.random.default_rng(seed)
    parts: list[tuple[Matching, Null | None]] = []
    rows = []
    inputs = hashlib.sha256()
    for position in vectors.VECTORS[vector]:
        tracks, artworks = (sides[kind][position] for kind in Kind)
        for side in (tracks, artworks):
            inputs.update(side.items.astype("<i8").tobytes() + side.triples.tobytes())
        matched = _matched(tracks, artworks, metric, random)
        null = random_pairing(tracks.vectors, artworks.vectors, metric) if len(matched) else None
        parts.append((matched, null))
        rows.append(_rows(matched, tracks, artworks, position))
    parameters = {
        "method": "random",
        "vector": vector,
        "metric": metric,
        **recipes,
        "seed": seed,
        "extends": None,
        "inputs": inputs.hexdigest(),
    }
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    row = {
        **summarise_all(parts, vector).as_dict(),
        **recipes,
        "profile": pairing["profile"],
        "parameters": parameters,
        "digest": digest,
    }
    return pairings.store(connection, row, np.concatenate(rows))


def _matched(tracks: Side, artworks: Side, metric: str, random: np.random.Generator) -> Matching:
    pairs = min(len(tracks), len(artworks))
    track, artwork = (random.permutation(len(side))[:pairs] for side in (tracks, artworks))
    alike = similarities(tracks.vectors[track], artworks.vectors[artwork], metric)
    return Matching(track, artwork, alike, len(tracks), len(artworks), "random", metric)


def _rows(matched: Matching, tracks: Side, artworks: Side, position: int) -> NDArray[np.void]:
    """The pairs as `PAIR`, the most alike first, as ranks of a pairing are."""
    order = np.argsort(-matched.similarity, kind="stable")
    rows = np.empty(len(matched), pairings.PAIR)
    rows["position"] = position
    rows["rank"] = np.arange(1, len(matched) + 1)
    rows["similarity"] = matched.similarity[order]
    track, artwork = matched.track_index[order], matched.artwork_index[order]
    rows["track_id"] = tracks.items[track]
    rows["artwork_id"] = artworks.items[artwork]
    rows["track_emotion_id"] = tracks.emotions[track]
    rows["artwork_emotion_id"] = artworks.emotions[artwork]
    return rows
