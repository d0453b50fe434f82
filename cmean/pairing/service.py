"""Pairing: vectors from the catalog, matched one to one, written with their null in one go.

A pairing is a version: it never changes once it is there. A later one may extend it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import browse, pairing_inputs, pairings, planning, results
from cmean.domain import Kind
from cmean.inference import recipes
from cmean.matching import methods
from cmean.matching.calibration import NONE
from cmean.matching.methods import RANDOM, Matching, match
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.matching.summary import Summary, summarise_all
from cmean.pairing import choices, spaces, vectors, versions
from cmean.util.hashing import hash_json, hash_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_inputs import PairingInput
    from cmean.config import Profile
    from cmean.matching.groups import Progress
    from cmean.pairing.vectors import Side
    from cmean.stats.null_distribution import NullDistribution

METHODS: Final[Mapping[str, str]] = {**methods.METHODS, RANDOM: "by chance: a null to look at"}
"""The methods by name, and what each does."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """A pairing that is not yet written.

    Attributes:
        row: the columns of its row.
        pairs: its pairs, `PAIR`, shape (n,).
        inputs: the results that there were when its vectors were read.
    """

    row: Mapping[str, Any]
    pairs: NDArray[np.void]
    inputs: Sequence[PairingInput]


def request(  # noqa: PLR0913 - each is an option of the verb
    catalog: Catalog,
    profile: Profile,
    method: str | None = None,
    vector: str | None = None,
    metric: str | None = None,
    *,
    space: str | None = None,
    calibrate: str | None = None,
    min_similarity: float | None = None,
    seed: int | None = None,
    extend: int | None = None,
    compare: int | None = None,
) -> int:
    """Enter the wish to pair all items that have what is compared, by the profile's recipes.

    The same wish over the same vectors is one task, whoever enters it and however often.

    Args:
        catalog: an open catalog.
        profile: whose recipes.
        method: a name of `METHODS` (default: that of the earlier pairing, else of triples that of
            the profile, else greedy).
        vector: a name of `VECTORS` (default: that of the earlier pairing, else whole).
        metric: a name of `METRICS` (default: as for the method, else cosine).
        space: a name of `SPACES` (default: that of the earlier pairing, else emotion).
        calibrate: a name of `CALIBRATIONS` (default: as for the method, else none).
        min_similarity: the least similarity of a pair (default: that of the earlier pairing, but
            not for the method random; else any).
        seed: of the method random (default: likewise, else 0).
        extend: keep the pairs of this earlier pairing and match only what is free.
        compare: pair anew, but so that it can be compared with this earlier pairing.

    Returns:
        The task's id.

    Raises:
        InputError: a kind has nothing to compare yet, choices that do not go together, or the
            earlier pairing is not there or differs.
    """
    asked = {
        "method": method,
        "vector": vector,
        "metric": metric,
        "space": space,
        "calibrate": calibrate,
        "min_similarity": min_similarity,
    }
    with catalog.read() as connection:
        earlier: Mapping[str, Any] = {}
        found = recipes.find_mapper_ids(connection, profile)
        chosen: Mapping[str, Any] = asked
        for option, earlier_id in (("extend", extend), ("compare", compare)):
            if earlier_id is not None:
                earlier = pairings.get(connection, earlier_id)
                versions.refuse_published(connection, earlier, option)
                chosen = versions.like(earlier, option, chosen, profile, found)
        choice = choices.complete(chosen, asked, profile)
        wish = {
            "profile": profile.name,
            **choice,
            "extends": extend,
            **{
                f"{kind.value}_recipe_id": key
                for kind, key in choices.known(found, profile).items()
            },
            **choices.embedding_recipes(connection, profile, choice, earlier),
            **choices.seed_of(choice["method"], seed, earlier),
        }
        numbers = choices.numbers(connection, wish, profile)
    digest = hash_json(["pair", choices.told(wish), numbers])
    with catalog.write() as connection:
        return planning.plan_request(connection, "pair", digest, wish)


def compute(
    catalog: Catalog,
    request: Mapping[str, Any],
    on_progress: Progress = lambda _done, _total: None,
) -> Pairing:
    """Pair as a request wishes. Reads the vectors as they are now, and writes nothing.

    Args:
        catalog: an open catalog.
        request: a wish as `request` enters it; with `as_of`, the id of a pairing, only of what was
            there when that was made.
        on_progress: called now and then, for each matching, with how much is done, and of how
            much; an exception that it raises ends the pairing.

    Raises:
        InputError: a kind has nothing of what is compared, or no pair reaches the least similarity.
    """
    wish = {**choices.UNSAID, "extends": None, **request}  # as older requests mean it
    extends = wish["extends"]
    with catalog.read() as connection:
        as_of = wish.get("as_of")
        sides = spaces.sides(connection, wish, as_of)
        inputs = (
            pairing_inputs.read_current_inputs(connection, wish)
            if as_of is None
            else pairing_inputs.read_inputs(connection, as_of)
        )
        kept = (
            np.empty(0, pairings.PAIR)
            if extends is None
            else pairings.pairs_of(connection, extends)
        )
    spaces.check(sides, wish)
    parts: list[tuple[Matching, NullDistribution | None]] = []
    rows = []
    for position in vectors.VECTORS[wish["vector"]]:
        tracks, artworks = (sides[kind][position] for kind in Kind)
        earlier = kept[kept["position"] == position]
        matched = _match(tracks, artworks, earlier, (wish, position), on_progress)
        null = None
        if len(matched):
            null = compute_random_pairing_null(tracks.vectors, artworks.vectors, wish["metric"])
        parts.append((matched, null))
        rows.append(_rows(matched, tracks, artworks, position))
    parameters = _parameters(wish, sides)
    summed = summarise_all(parts, wish["vector"], wish["calibrate"])
    recipe_ids = [f"{kind.value}_recipe_id" for kind in Kind]
    embedded = [f"{kind.value}_embedding_recipe_id" for kind in Kind]
    row = {
        **summed.as_dict(),
        "gap": summed.gap if extends is None else None,  # pairs that are kept bind the method
        **{name: wish[name] for name in ("profile", "space", *recipe_ids)},
        **{name: wish.get(name) for name in embedded},
        "parent_id": extends,
        "parameters": parameters,
        "digest": hash_json(parameters),
    }
    return Pairing(row, np.concatenate(rows), inputs)


def write(connection: Connection, task_id: int, result: Pairing) -> None:
    """Write a pairing with all its pairs; an equal one that is there already is kept."""
    pairing_id = pairings.store(connection, result.row, result.pairs, result.inputs)
    results.set_pairing(connection, task_id, pairing_id)


def summary(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """The document that `cmean pair --json` prints, once the request is done."""
    with catalog.read() as connection:
        found = pairings.get(connection, results.pairing_of(connection, task_id))
    return _document(found)


def load_summary(catalog: Catalog, pairing_id: int) -> dict[str, Any]:
    """The document of a pairing as `cmean pair --json` prints it, with its profile."""
    with catalog.read() as connection:
        found = pairings.get(connection, pairing_id)
    return _document(found) | {"profile": found["profile"]}


def _document(found: Mapping[str, Any]) -> dict[str, Any]:
    names = [field.name for field in fields(Summary)]
    return {"pairing": found["id"], **{name: found[name] for name in [*names, "space"]}}


def list_pairs_with_intentions(catalog: Catalog, pairing_id: int) -> list[dict[str, Any]]:
    """The rows of `v_pairs` of a pairing, with the emotions that their metadata intends."""
    with catalog.read() as connection:
        return browse.pairs_with_intentions(connection, pairing_id)


def left_out(catalog: Catalog, pairing_id: int) -> dict[Kind, int]:
    """How many items of each kind have not all now that a pairing compares."""
    with catalog.read() as connection:
        return spaces.incomplete(connection, pairings.get(connection, pairing_id))


def _match(
    tracks: Side,
    artworks: Side,
    kept: NDArray[np.void],
    by: tuple[Mapping[str, Any], int],
    on_progress: Progress,
) -> Matching:
    """The pairs that are kept, then those that the method makes of the items that are free."""
    kept_tracks, _ = tracks.find(kept["track_id"])
    kept_artworks, _ = artworks.find(kept["artwork_id"])
    free_tracks = np.delete(np.arange(len(tracks)), kept_tracks)
    free_artworks = np.delete(np.arange(len(artworks)), kept_artworks)
    wish, position = by
    method, metric, floor = (wish[name] for name in ("method", "metric", "min_similarity"))
    track_index, artwork_index, similarity = kept_tracks, kept_artworks, kept["similarity"]
    if len(kept) and wish["calibrate"] != NONE:  # the items that came have moved the percentiles
        one, other = tracks.vectors[kept_tracks], artworks.vectors[kept_artworks]
        similarity = compute_similarities(one, other, metric)
    gap = None
    if len(free_tracks) and len(free_artworks):
        sides = tracks.vectors[free_tracks], artworks.vectors[free_artworks]
        seed = wish.get("seed", 0), position
        made = match(
            *sides, method, metric, min_similarity=floor, seed=seed, on_progress=on_progress
        )
        track_index = np.concatenate([kept_tracks, free_tracks[made.track_index]])
        artwork_index = np.concatenate([kept_artworks, free_artworks[made.artwork_index]])
        similarity = np.concatenate([similarity, made.similarity])
        gap = made.gap
    size = len(tracks), len(artworks)
    return Matching(track_index, artwork_index, similarity, *size, method, metric, gap, floor)


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


def _parameters(wish: Mapping[str, Any], sides: spaces.Sides) -> dict[str, Any]:
    """Everything that determines a pairing: the choices, what it extends, and its inputs."""
    inputs: list[bytes | str] = []
    for kind in Kind:
        for position, side in sides[kind].items():
            kind_of = "u1" if side.parts.dtype.kind == "u" else "<f4"
            inputs += [
                f"{kind.value} {position} {len(side)} ",
                side.items.astype("<i8").tobytes(),
                side.parts.astype(kind_of).tobytes(),
            ]
    unsaid = {"profile", "as_of"}
    chosen = {name: value for name, value in choices.told(wish).items() if name not in unsaid}
    return {**chosen, "inputs": hash_parts(inputs)}
