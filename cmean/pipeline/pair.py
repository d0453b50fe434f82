"""Pairing: triples from the catalog, matched one to one, written with their null in one go."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, Kind
from cmean.errors import InputError
from cmean.matching.methods import match
from cmean.matching.null import random_pairing
from cmean.matching.summary import summarise
from cmean.pipeline import recipes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairings import Triple
    from cmean.config import Profile
    from cmean.matching.methods import Matching

SEED = 0
PERMUTATIONS = 1000
"""How many random pairings estimate the deviation of the null."""


def pair(
    catalog: Catalog, profile: Profile, method: str, vector: str, metric: str
) -> dict[str, Any]:
    """Pair all tracks and artworks of the catalog that have triples of the profile's recipes.

    The same inputs and parameters give the same pairing, which is stored once.

    Returns:
        The document that `cmean pair --json` prints.

    Raises:
        InputError: a kind has no triples yet.
    """
    with catalog.read() as connection:
        recipe_ids = emotion_recipes(connection, profile)
        sides = {kind: pairings.triples(connection, recipe_ids[kind], [WHOLE]) for kind in Kind}
    _require(sides, profile)
    tracks, artworks = matrix(sides[Kind.TRACK]), matrix(sides[Kind.ARTWORK])
    matched = match(tracks, artworks, method, metric)
    null = random_pairing(tracks, artworks, metric, permutations=PERMUTATIONS, seed=SEED)
    summary = summarise(matched, null, vector).as_dict()
    row = {
        **summary,
        "profile": profile.name,
        "track_recipe_id": recipe_ids[Kind.TRACK],
        "artwork_recipe_id": recipe_ids[Kind.ARTWORK],
        "parameters": {"seed": SEED, "permutations": PERMUTATIONS},
        "digest": _digest([method, vector, metric], recipe_ids, sides),
    }
    pairs = _rows(matched, sides)
    with catalog.write() as connection:
        pairing_id = pairings.store(connection, row, pairs)
    return {"pairing": pairing_id, **summary}


def _rows(matched: Matching, sides: dict[Kind, list[Triple]]) -> list[dict[str, Any]]:
    chosen = zip(
        (sides[Kind.TRACK][index] for index in matched.track_index.tolist()),
        (sides[Kind.ARTWORK][index] for index in matched.artwork_index.tolist()),
        matched.similarity.tolist(),
        strict=True,
    )
    return [
        {
            "position": WHOLE,
            "rank": rank,
            "similarity": similarity,
            "track_id": track.item_id,
            "artwork_id": artwork.item_id,
            "track_emotion_id": track.emotion_id,
            "artwork_emotion_id": artwork.emotion_id,
        }
        for rank, (track, artwork, similarity) in enumerate(chosen, start=1)
    ]


def emotion_recipes(connection: Connection, profile: Profile) -> dict[Kind, int]:
    """The ids of the profile's mapper recipes.

    Raises:
        InputError: the profile was never run on this catalog.
    """
    found = {}
    for kind, (_, mapper) in recipes.build(profile).items():
        recipe_id = recipe_rows.find(connection, mapper.digest)
        if recipe_id is None:
            raise InputError(
                f"profile {profile.name!r} has no emotions in this catalog yet; run: cmean run"
            )
        found[kind] = recipe_id
    return found


def matrix(triples: Sequence[Triple]) -> NDArray[np.int64]:
    """Triples as an integer array of shape (n, 3)."""
    return np.array([(t.red, t.green, t.blue) for t in triples], dtype=np.int64)


def _require(sides: dict[Kind, list[Triple]], profile: Profile) -> None:
    for kind, side in sides.items():
        if not side:
            raise InputError(
                f"no {kind.value} has an emotion under profile {profile.name!r}; "
                "ingest some, then run: cmean run"
            )


def _digest(choice: list[str], recipe_ids: dict[Kind, int], sides: dict[Kind, list[Triple]]) -> str:
    """Of everything that determines the pairing."""
    content = [
        choice,
        [recipe_ids[kind] for kind in Kind],
        [[(t.item_id, t.red, t.green, t.blue) for t in sides[kind]] for kind in Kind],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
