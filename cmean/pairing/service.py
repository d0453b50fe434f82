"""Make pairings: read vectors from the catalog, match them one to one, store pairs and null.

A stored pairing is a version: it never changes. A later one may extend it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import pairing_inputs, pairings, planning, report_rows, results
from cmean.catalog.pairing_rows import PairingChoices, PairingColumns
from cmean.domain import Kind
from cmean.inference import recipes
from cmean.matching import methods
from cmean.matching.calibration import NONE
from cmean.matching.methods import RANDOM, Matching, match
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.matching.summary import MatchingSummary, summarise_matchings
from cmean.pairing import choices, spaces, vectors, versions
from cmean.pairing.pairing_request import PairingRequest
from cmean.util.hashing import hash_json, hash_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_inputs import PairingInput
    from cmean.catalog.pairing_rows import PairingRow
    from cmean.config import Profile
    from cmean.pairing.vectors import ComparedSide
    from cmean.stats.null_distribution import NullDistribution
    from cmean.util.progress import ProgressCallback

METHODS: Final[Mapping[str, str]] = {
    **methods.METHODS,
    RANDOM: "random one-to-one assignment, as a null",
}
"""The methods by name, and what each does."""


@dataclass(frozen=True, slots=True, eq=False)
class ComputedPairing:
    """A pairing that is not yet stored.

    Attributes:
        columns: of its row.
        pairs: its pairs, `PAIR`, shape (n,).
        inputs: the results that there were when its vectors were read.
    """

    columns: PairingColumns
    pairs: NDArray[np.void]
    inputs: Sequence[PairingInput]


def request_pairing(  # noqa: PLR0913 - each is an option of the verb
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
    """Enter a job that pairs all items that have what is compared, by the profile's recipes.

    Idempotent: the same request over the same vectors is one job, however often it is entered.

    Args:
        catalog: an open catalog.
        profile: whose recipes.
        method: a name of `METHODS` (default: that of the earlier pairing, else of triples that of
            the profile, else greedy).
        vector: a name of `VECTORS` (default: that of the earlier pairing, else whole).
        metric: a name of `METRICS` (default: as for the method, else cosine).
        space: a name of `SPACES` (default: that of the earlier pairing, else emotion).
        calibrate: a name of `CALIBRATIONS` (default: as for the method, else none).
        min_similarity: the minimum similarity of a pair (default: that of the earlier pairing, but
            not for the method random; else any).
        seed: of the method random (default: likewise, else 0).
        extend: keep the pairs of this earlier pairing and match only what is free.
        compare: pair anew, but so that it can be compared with this earlier pairing.

    Returns:
        The job's id.

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
        earlier: PairingRow | None = None
        found = recipes.find_mapper_ids(connection, profile)
        chosen: Mapping[str, Any] = asked
        for option, earlier_id in (("extend", extend), ("compare", compare)):
            if earlier_id is not None:
                earlier = pairings.read_pairing(connection, earlier_id)
                versions.require_unpublished(connection, earlier, option)
                chosen = versions.inherit_choices(earlier, option, chosen, profile, found)
        choice = choices.complete_choices(chosen, asked, profile)
        request = PairingRequest.from_json(
            {
                "profile": profile.name,
                **choice,
                **choices.require_mapper_recipes(found, profile),
                **choices.choose_embedding_recipes(connection, profile, choice, earlier),
                "extends": extend,
                "seed": choices.choose_seed(choice["method"], seed, earlier),
            }
        )
        counts = choices.count_vectors(connection, request, profile)
    digest = hash_json(["pair", request.as_digest_fields(), counts])
    with catalog.write() as connection:
        return planning.plan_request(connection, "pair", digest, request.as_json())


def compute_pairing(
    catalog: Catalog,
    request: PairingRequest,
    on_progress: ProgressCallback = lambda _done, _total: None,
) -> ComputedPairing:
    """Compute the pairing of a request from the vectors as they are now; nothing is written.

    Args:
        catalog: an open catalog.
        request: what to pair, and how.
        on_progress: called now and then, for each matching, with how much is done, and of how
            much; an exception that it raises ends the pairing.

    Raises:
        InputError: a kind has nothing of what is compared, or no pair reaches the minimum
            similarity.
    """
    with catalog.read() as connection:
        sides = spaces.read_sides(connection, request, request.as_of)
        inputs = (
            pairing_inputs.read_current_inputs(connection, request)
            if request.as_of is None
            else pairing_inputs.read_inputs(connection, request.as_of)
        )
        kept = (
            np.empty(0, pairings.PAIR)
            if request.extends is None
            else pairings.read_pairs(connection, request.extends)
        )
    spaces.require_matchable_sides(sides, request)
    parts: list[tuple[Matching, NullDistribution | None]] = []
    rows = []
    for position in vectors.VECTORS[request.vector]:
        tracks, artworks = (sides[kind][position] for kind in Kind)
        earlier = kept[kept["position"] == position]
        matched = _match_free_items(tracks, artworks, earlier, request, position, on_progress)
        null = None
        if len(matched):
            null = compute_random_pairing_null(tracks.vectors, artworks.vectors, request.metric)
        parts.append((matched, null))
        rows.append(_build_pair_rows(matched, tracks, artworks, position))
    summary = summarise_matchings(parts, request.vector, request.calibrate)
    columns = _build_columns(request, sides, summary)
    return ComputedPairing(columns, np.concatenate(rows), inputs)


def compute_requested_pairing(
    catalog: Catalog, request: Mapping[str, Any], on_progress: ProgressCallback
) -> ComputedPairing:
    """Compute the pairing of a request as it is stored with its job (see `compute_pairing`)."""
    return compute_pairing(catalog, PairingRequest.from_json(request), on_progress)


def store_pairing(connection: Connection, task_id: int, result: ComputedPairing) -> None:
    """Store the pairing of a job with all its pairs; an equal one that is there already is kept."""
    pairing_id = pairings.write_pairing(connection, result.columns, result.pairs, result.inputs)
    results.set_pairing(connection, task_id, pairing_id)


def read_pairing_document(catalog: Catalog, task_id: int) -> dict[str, Any]:
    """Read the document that `cmean pair --json` prints, once the job is done."""
    with catalog.read() as connection:
        row = pairings.read_pairing(connection, results.read_pairing_id(connection, task_id))
    return build_pairing_document(row)


def load_summary(catalog: Catalog, pairing_id: int) -> dict[str, Any]:
    """Read the document of a pairing as `cmean pair --json` prints it, with its profile."""
    with catalog.read() as connection:
        row = pairings.read_pairing(connection, pairing_id)
    return build_pairing_document(row) | {"profile": row.profile}


def build_pairing_document(row: PairingRow) -> dict[str, Any]:
    """Build the document that `cmean pair --json` prints of a pairing."""
    names = [field.name for field in fields(MatchingSummary)]
    return {"pairing": row.id, **{name: getattr(row, name) for name in [*names, "space"]}}


def list_pairs_with_intentions(catalog: Catalog, pairing_id: int) -> list[dict[str, Any]]:
    """List the rows of `v_pairs` of a pairing, with the emotions that their metadata intends."""
    with catalog.read() as connection:
        return report_rows.read_pairs_with_intentions(connection, pairing_id)


def count_left_out_items(catalog: Catalog, pairing_id: int) -> dict[Kind, int]:
    """Count the items of each kind that lack now something that a pairing compares."""
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, pairing_id)
        return spaces.count_incomplete_items(connection, pairing)


def _match_free_items(
    tracks: ComparedSide,
    artworks: ComparedSide,
    kept: NDArray[np.void],
    request: PairingRequest,
    position: int,
    on_progress: ProgressCallback,
) -> Matching:
    """Match the items that no kept pair has; the kept pairs come first."""
    kept_tracks, _ = tracks.find(kept["track_id"])
    kept_artworks, _ = artworks.find(kept["artwork_id"])
    free_tracks = np.delete(np.arange(len(tracks)), kept_tracks)
    free_artworks = np.delete(np.arange(len(artworks)), kept_artworks)
    method, metric, floor = request.method, request.metric, request.min_similarity
    track_index, artwork_index, similarity = kept_tracks, kept_artworks, kept["similarity"]
    if len(kept) and request.calibrate != NONE:  # items added since moved the percentiles
        one, other = tracks.vectors[kept_tracks], artworks.vectors[kept_artworks]
        similarity = compute_similarities(one, other, metric)
    gap = None
    if len(free_tracks) and len(free_artworks):
        sides = tracks.vectors[free_tracks], artworks.vectors[free_artworks]
        seed = request.seed or 0, position
        made = match(
            *sides, method, metric, min_similarity=floor, seed=seed, on_progress=on_progress
        )
        track_index = np.concatenate([kept_tracks, free_tracks[made.track_index]])
        artwork_index = np.concatenate([kept_artworks, free_artworks[made.artwork_index]])
        similarity = np.concatenate([similarity, made.similarity])
        gap = made.gap
    size = len(tracks), len(artworks)
    return Matching(track_index, artwork_index, similarity, *size, method, metric, gap, floor)


def _build_pair_rows(
    matched: Matching, tracks: ComparedSide, artworks: ComparedSide, position: int
) -> NDArray[np.void]:
    rows = np.empty(len(matched), pairings.PAIR)
    rows["position"] = position
    rows["rank"] = np.arange(1, len(matched) + 1)
    rows["similarity"] = matched.similarity
    rows["track_id"] = tracks.items[matched.track_index]
    rows["artwork_id"] = artworks.items[matched.artwork_index]
    rows["track_emotion_id"] = tracks.emotions[matched.track_index]
    rows["artwork_emotion_id"] = artworks.emotions[matched.artwork_index]
    return rows


def _build_columns(
    request: PairingRequest, sides: spaces.SidesByKind, summary: MatchingSummary
) -> PairingColumns:
    parameters = _build_parameters(request, sides)
    chosen = {field.name: getattr(request, field.name) for field in fields(PairingChoices)}
    figures = summary.as_dict()
    if request.extends is not None:
        figures["gap"] = None  # kept pairs restrict the method, so its bound does not hold
    return PairingColumns(
        **(chosen | figures),
        digest=hash_json(parameters),
        parent_id=request.extends,
        parameters=parameters,
    )


def _build_parameters(request: PairingRequest, sides: spaces.SidesByKind) -> dict[str, Any]:
    """Build all that determines a pairing: its choices, what it extends, and its inputs' digest."""
    inputs: list[bytes | str] = []
    for kind in Kind:
        for position, side in sides[kind].items():
            number_type = "u1" if side.parts.dtype.kind == "u" else "<f4"
            inputs += [
                f"{kind.value} {position} {len(side)} ",
                side.items.astype("<i8").tobytes(),
                side.parts.astype(number_type).tobytes(),
            ]
    determining = request.as_digest_fields()
    for name in ("profile", "as_of"):  # they select the inputs, which are in the digest already
        determining.pop(name, None)
    return {**determining, "inputs": hash_parts(inputs)}
