"""Control pairings: random one-to-one pairings of the items of another pairing, rated blind."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from cmean.catalog import pairings
from cmean.catalog.pairing_rows import PairingChoices
from cmean.errors import InputError
from cmean.matching.methods import RANDOM
from cmean.pairing import computation
from cmean.pairing.pairing_request import PairingRequest

if TYPE_CHECKING:
    from cmean.catalog.engine import Catalog
    from cmean.catalog.pairing_rows import PairingRow

_PAIR_KEY = ["position", "track_id", "artwork_id"]
_MAX_TRIES = 32
"""Seeds to try. About one random pairing in three shares no pair with another, so 32 suffice."""


def ensure_control_pairing(catalog: Catalog, pairing: PairingRow, seed: int) -> int:
    """Find or make the random pairing of a pairing's items whose pairs serve as controls.

    Of the random pairings with the seeds from `seed` on it is the first that shares no pair with
    the pairing: raters could tell a pair that is in both, since its items come up once only. Where
    all tried ones share some, it is the one with the fewest. With a seed it is what
    `cmean pair --method random` makes, as long as no items have been added since.

    Args:
        catalog: an open catalog.
        pairing: the pairing that it is to be compared with.
        seed: the first that is tried.

    Returns:
        The random pairing's id.

    Raises:
        InputError: the vectors that the pairing compared are not known.
    """
    if pairing.null_mean is None:
        raise InputError(
            f"the triples of pairing {pairing.id} were not published, so no random pairing of its "
            "items can be made; rate its pairs without controls: --ask congruence --random 0"
        )
    shared = {field.name: getattr(pairing, field.name) for field in fields(PairingChoices)}
    request = PairingRequest(
        **(shared | {"method": RANDOM, "min_similarity": None}), as_of=pairing.id, seed=seed
    )
    with catalog.read() as connection:
        own = pairings.read_pairs(connection, pairing.id)[_PAIR_KEY]
    best, fewest = computation.compute_pairing(catalog, request), len(own) + 1
    for tried in range(seed, seed + _MAX_TRIES):
        made = (
            best
            if tried == seed
            else computation.compute_pairing(catalog, replace(request, seed=tried))
        )
        in_both = len(np.intersect1d(own, made.pairs[_PAIR_KEY]))
        if in_both < fewest:
            best, fewest = made, in_both
        if not in_both:
            break
    with catalog.write() as connection:
        return pairings.write_pairing(connection, best.columns, best.pairs, best.inputs)
