"""Pairings: requested as jobs, computed, stored and read.

A stored pairing is a version: it never changes. A later one may extend it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import pairings, planning, report_rows, results
from cmean.inference import recipes
from cmean.matching import methods
from cmean.matching.methods import RANDOM
from cmean.matching.summary import MatchingSummary
from cmean.pairing import choices, spaces, versions
from cmean.pairing.computation import ComputedPairing, compute_pairing
from cmean.pairing.pairing_request import PairingRequest
from cmean.util.hashing import hash_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_rows import PairingRow
    from cmean.config import Profile
    from cmean.domain import Kind
    from cmean.util.progress import ProgressCallback

METHODS: Final[Mapping[str, str]] = {
    **methods.METHODS,
    RANDOM: "random one-to-one assignment, as a null",
}
"""The methods by name, and what each does."""


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
