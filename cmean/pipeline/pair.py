"""Pairing: triples from the catalog, matched one to one, written with their null in one go.

A pairing is a version: it never changes once it is there. A later one may extend it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings, planning, results
from cmean.catalog import recipes as recipe_rows
from cmean.datasets.published import BACKEND
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.matching.methods import Matching, match
from cmean.matching.null import random_pairing
from cmean.matching.summary import Summary, summarise_all
from cmean.pipeline import recipes, vectors, versions
from cmean.pipeline.revisions import here_or_known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.config import Profile
    from cmean.matching.groups import Progress
    from cmean.matching.null import Null
    from cmean.pipeline.vectors import Side

_MISSING = {
    "whole": "no whole {} has an emotion yet",
    "fragments": "no fragment of any {} has an emotion yet",
    "concatenated": "no {} has emotions of the whole and of all four fragments yet",
}


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """A pairing that is not yet written: the columns of its row, and its pairs as `PAIR`."""

    row: Mapping[str, Any]
    pairs: NDArray[np.void]


def request(
    catalog: Catalog,
    profile: Profile,
    method: str | None = None,
    vector: str | None = None,
    metric: str | None = None,
    *,
    extend: int | None = None,
    compare: int | None = None,
) -> int:
    """Enter the wish to pair all items that have triples of the profile's recipes.

    The same wish over the same triples is one task, whoever enters it and however often.

    Args:
        catalog: an open catalog.
        profile: whose recipes.
        method: a name of `METHODS` (default: that of the earlier pairing, else greedy).
        vector: a name of `VECTORS` (default: likewise, else whole).
        metric: a name of `METRICS` (default: likewise, else cosine).
        extend: keep the pairs of this earlier pairing and match only what is free.
        compare: pair anew, but so that it can be compared with this earlier pairing.

    Returns:
        The task's id.

    Raises:
        InputError: a kind has no triples yet, or the earlier pairing is not there or differs.
    """
    chosen: Mapping[str, str | None] = {"method": method, "vector": vector, "metric": metric}
    with catalog.read() as connection:
        found = _mapper_recipes(connection, profile)
        for option, earlier_id in (("extend", extend), ("compare", compare)):
            if earlier_id is not None:
                earlier = pairings.get(connection, earlier_id)
                _refuse_published(connection, earlier, option)
                chosen = versions.like(earlier, option, chosen, profile, found)
        recipe_ids = _known(found, profile)
        numbers = results.numbers(connection, list(recipe_ids.values()))
    for kind, number in zip(recipe_ids, numbers, strict=True):
        if not number:
            raise InputError(
                f"no {kind.value} has an emotion under profile {profile.name!r}; "
                "ingest some, then run: cmean run"
            )
    wish = {
        "profile": profile.name,
        **{name: chosen[name] or default for name, default in versions.DEFAULTS.items()},
        "extends": extend,
        **{f"{kind.value}_recipe_id": recipe_ids[kind] for kind in Kind},
    }
    digest = _sha256(["pair", wish, numbers])
    with catalog.write() as connection:
        return planning.plan_request(connection, "pair", digest, wish)


def _refuse_published(connection: Connection, earlier: Mapping[str, Any], option: str) -> None:
    """Results that were published elsewhere are of no profile: nothing can be made like them."""
    rows = recipe_rows.rows(connection, [earlier[f"{kind.value}_recipe_id"] for kind in Kind])
    if BACKEND in {row["backend"] for row in rows}:
        raise InputError(
            f"pairing {earlier['id']} is of published results, which no profile can make more of: "
            f"name a pairing that was made here, or pair anew without --{option}"
        )


def compute(
    catalog: Catalog,
    request: Mapping[str, Any],
    on_progress: Progress = lambda _done, _total: None,
) -> Pairing:
    """Pair as a request wishes. Reads the triples as they are now, and writes nothing.

    Args:
        catalog: an open catalog.
        request: a wish as `request` enters it.
        on_progress: called now and then, for each matching, with how much is done, and of how
            much; an exception that it raises ends the pairing.

    Raises:
        InputError: a kind has no triples of what is compared.
    """
    method, vector, metric = (request[key] for key in versions.DEFAULTS)
    extends = request.get("extends")
    sides = {}
    with catalog.read() as connection:
        for kind in Kind:
            recipe_id = request[f"{kind.value}_recipe_id"]
            read = pairings.triples(connection, recipe_id, vectors.needed(vector))
            sides[kind] = vectors.sides(read, vector)
        kept = (
            np.empty(0, pairings.PAIR)
            if extends is None
            else pairings.pairs_of(connection, extends)
        )
    _check(sides, vector)
    parts: list[tuple[Matching, Null | None]] = []
    rows = []
    for position in vectors.VECTORS[vector]:
        tracks, artworks = (sides[kind][position] for kind in Kind)
        earlier = kept[kept["position"] == position]
        matched = _match(tracks, artworks, earlier, (method, metric), on_progress)
        null = random_pairing(tracks.vectors, artworks.vectors, metric) if len(matched) else None
        parts.append((matched, null))
        rows.append(_rows(matched, tracks, artworks, position))
    parameters = _parameters(request, sides)
    summed = summarise_all(parts, vector)
    row = {
        **summed.as_dict(),
        "gap": summed.gap if extends is None else None,  # pairs that are kept bind the method
        "profile": request["profile"],
        **{f"{kind.value}_recipe_id": request[f"{kind.value}_recipe_id"] for kind in Kind},
        "parent_id": extends,
        "parameters": parameters,
        "digest": _sha256(parameters),
    }
    return Pairing(row, np.concatenate(rows))


def write(connection: Connection, task_id: int, result: Pairing) -> None:
    """Write a pairing with all its pairs; an equal one that is there already is kept."""
    pairing_id = pairings.store(connection, result.row, result.pairs)
    results.set_pairing(connection, task_id, pairing_id)


def summary(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean pair --json` prints, once the request is done."""
    with catalog.read() as connection:
        found = pairings.get(connection, results.pairing_of(connection, task_id))
    return {"pairing": found["id"], **{field.name: found[field.name] for field in fields(Summary)}}


def left_out(catalog: Catalog, pairing_id: int) -> dict[Kind, int]:
    """How many items of each kind have not all the triples now that a pairing compares."""
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        needed = vectors.needed(pairing["vector"])
        return {
            kind: pairings.incomplete(
                connection, kind.value, pairing[f"{kind.value}_recipe_id"], needed
            )
            for kind in Kind
        }


def _match(
    tracks: Side,
    artworks: Side,
    kept: NDArray[np.void],
    by: tuple[str, str],
    on_progress: Progress,
) -> Matching:
    """The pairs that are kept, then those that the method makes of the items that are free."""
    kept_tracks, _ = tracks.find(kept["track_id"])
    kept_artworks, _ = artworks.find(kept["artwork_id"])
    free_tracks = np.delete(np.arange(len(tracks)), kept_tracks)
    free_artworks = np.delete(np.arange(len(artworks)), kept_artworks)
    track_index, artwork_index, similarity = kept_tracks, kept_artworks, kept["similarity"]
    gap = None
    if len(free_tracks) and len(free_artworks):
        sides = tracks.vectors[free_tracks], artworks.vectors[free_artworks]
        made = match(*sides, *by, on_progress=on_progress)
        track_index = np.concatenate([kept_tracks, free_tracks[made.track_index]])
        artwork_index = np.concatenate([kept_artworks, free_artworks[made.artwork_index]])
        similarity = np.concatenate([similarity, made.similarity])
        gap = made.gap
    return Matching(track_index, artwork_index, similarity, len(tracks), len(artworks), *by, gap)


def _check(sides: Mapping[Kind, Mapping[int, Side]], vector: str) -> None:
    """Fail unless there is something to match."""
    for kind, by_position in sides.items():
        if not any(map(len, by_position.values())):
            raise InputError(f"{_MISSING[vector].format(kind.value)}; run: cmean run")
    tracks, artworks = (sides[kind] for kind in Kind)
    if not any(len(tracks[position]) and len(artworks[position]) for position in tracks):
        raise InputError("no fragment has an emotion on both sides yet; run: cmean run")


def _rows(matched: Matching, tracks: Side, artworks: Side, position: int) -> NDArray[np.void]:
    rows = np.empty(len(matched), pairings.PAIR)
    rows["position"] = position
    rows["rank"] = np.arange(1, len(matched) + 1)
    rows["similarity"] = matched.similarity
    rows["track_id"] = tracks.items[matched.track_index]
    rows["artwork_id"] = artworks.items[matched.artwork_index]
    rows["track_emotion_id"] = tracks.emotions[matched.track_index]
    rows["artwork_emotion_id"] = artworks.emotions[matched.artwork_index]
    return rows


def _parameters(
    request: Mapping[str, Any], sides: Mapping[Kind, Mapping[int, Side]]
) -> dict[str, Any]:
    """Everything that determines a pairing: the choices, what it extends, and its inputs."""
    inputs = hashlib.sha256()
    for kind in Kind:
        for position, side in sides[kind].items():
            inputs.update(f"{kind.value} {position} {len(side)} ".encode())
            inputs.update(side.items.astype("<i8").tobytes())
            inputs.update(side.triples.astype("u1").tobytes())
    names = (*versions.DEFAULTS, *(f"{kind.value}_recipe_id" for kind in Kind))
    chosen = {name: request[name] for name in names}
    return {**chosen, "extends": request.get("extends"), "inputs": inputs.hexdigest()}


def _mapper_recipes(connection: Connection, profile: Profile) -> dict[Kind, int | None]:
    """The ids of the profile's mapper recipes; None where the catalog has none of that digest."""
    return {
        kind: recipe_rows.find(connection, mapper.digest)
        for kind, mapper in recipes.mappers(profile, here_or_known(connection)).items()
    }


def _known(recipe_ids: Mapping[Kind, int | None], profile: Profile) -> dict[Kind, int]:
    known = {kind: found for kind, found in recipe_ids.items() if found is not None}
    if len(known) < len(recipe_ids):
        raise InputError(
            f"profile {profile.name!r} has no emotions in this catalog yet; run: cmean run"
        )
    return known


def _sha256(content: Sequence[Any] | Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
