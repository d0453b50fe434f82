"""Pairing: triples from the catalog, matched one to one, written with their null in one go."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings, planning, results
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, Kind
from cmean.errors import InputError
from cmean.matching.methods import match
from cmean.matching.null import random_pairing
from cmean.matching.summary import Summary, summarise
from cmean.pipeline import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairings import Triple
    from cmean.config import Profile
    from cmean.matching.methods import Matching

SEED = 0
PERMUTATIONS = 1000
"""How many random pairings estimate the deviation of the null."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pairing that is not yet written: the columns of its row, and of its pairs."""

    row: Mapping[str, Any]
    pairs: Sequence[Mapping[str, Any]]


def request(catalog: Catalog, profile: Profile, method: str, vector: str, metric: str) -> int:
    """Enter the wish to pair all items that have triples of the profile's recipes.

    The same wish over the same triples is one task, whoever enters it and however often.

    Returns:
        The task's id.

    Raises:
        InputError: a kind has no triples yet.
    """
    with catalog.read() as connection:
        recipe_ids = emotion_recipes(connection, profile)
        numbers = results.numbers(connection, list(recipe_ids.values()))
    for kind, number in zip(recipe_ids, numbers, strict=True):
        if not number:
            raise InputError(
                f"no {kind.value} has an emotion under profile {profile.name!r}; "
                "ingest some, then run: cmean run"
            )
    wish = {
        "profile": profile.name,
        "method": method,
        "vector": vector,
        "metric": metric,
        "seed": SEED,
        "permutations": PERMUTATIONS,
        **{f"{kind.value}_recipe_id": recipe_ids[kind] for kind in Kind},
    }
    digest = _sha256(["pair", wish, numbers])
    with catalog.write() as connection:
        return planning.plan_request(connection, "pair", digest, wish)


def compute(catalog: Catalog, request: Mapping[str, Any]) -> Pairing:
    """Pair as a request wishes. Reads the triples as they are now, and writes nothing.

    Raises:
        InputError: a kind has no triple of a whole.
    """
    recipe_ids = {kind: request[f"{kind.value}_recipe_id"] for kind in Kind}
    method, vector, metric = (request[key] for key in ("method", "vector", "metric"))
    with catalog.read() as connection:
        sides = {kind: pairings.triples(connection, recipe_ids[kind], [WHOLE]) for kind in Kind}
    for kind, side in sides.items():
        if not side:
            raise InputError(f"no whole {kind.value} has an emotion yet; run: cmean run")
    tracks, artworks = matrix(sides[Kind.TRACK]), matrix(sides[Kind.ARTWORK])
    matched = match(tracks, artworks, method, metric)
    seed, permutations = request["seed"], request["permutations"]
    null = random_pairing(tracks, artworks, metric, permutations=permutations, seed=seed)
    row = {
        **summarise(matched, null, vector).as_dict(),
        "profile": request["profile"],
        **{f"{kind.value}_recipe_id": recipe_ids[kind] for kind in Kind},
        "parameters": {"seed": seed, "permutations": permutations},
        "digest": _digest([method, vector, metric], recipe_ids, sides),
    }
    return Pairing(row, _rows(matched, sides))


def write(connection: Connection, task_id: int, result: Pairing) -> None:
    """Write a pairing with all its pairs; an equal one that is there already is kept."""
    pairing_id = pairings.store(connection, result.row, result.pairs)
    results.set_pairing(connection, task_id, pairing_id)


def summary(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean pair --json` prints, once the request is done."""
    with catalog.read() as connection:
        found = pairings.get(connection, results.pairing_of(connection, task_id))
    return {"pairing": found["id"], **{field.name: found[field.name] for field in fields(Summary)}}


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


def _digest(choice: list[str], recipe_ids: dict[Kind, int], sides: dict[Kind, list[Triple]]) -> str:
    """Of everything that determines the pairing."""
    content = [
        choice,
        [recipe_ids[kind] for kind in Kind],
        [[(t.item_id, t.red, t.green, t.blue) for t in sides[kind]] for kind in Kind],
    ]
    return _sha256(content)


def _sha256(content: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
