"""Compute a pairing: read vectors from the catalog, match them one to one, measure its null."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairing_inputs, pairings
from cmean.catalog.pairing_rows import PairingChoices, PairingColumns
from cmean.domain import Kind
from cmean.matching.calibration import NONE
from cmean.matching.methods import Matching, match
from cmean.matching.pair_similarity import compute_similarities
from cmean.matching.random_pairing_null import compute_random_pairing_null
from cmean.matching.summary import MatchingSummary, summarise_matchings
from cmean.pairing import spaces, vectors
from cmean.util.hashing import hash_json, hash_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog
    from cmean.catalog.pairing_inputs import PairingInput
    from cmean.pairing.pairing_request import PairingRequest
    from cmean.pairing.vectors import ComparedSide
    from cmean.stats.null_distribution import NullDistribution
    from cmean.util.progress import ProgressCallback


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
