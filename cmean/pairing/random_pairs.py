"""A random one-to-one pairing of the items of another: where blind control pairs come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings
from cmean.errors import InputError
from cmean.matching.methods import RANDOM
from cmean.pairing import service as pairing_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Catalog

_COUPLE = ["position", "track_id", "artwork_id"]
_TRIES = 32
"""Seeds: about one random pairing in three shares no couple with another, so this is enough."""

_CHOICES = ("profile", "vector", "metric", "space", "calibrate")
_SHARED = (*_CHOICES, "track_recipe_id", "artwork_recipe_id")


def ensure(catalog: Catalog, pairing: Mapping[str, Any], seed: int) -> int:
    """The random pairing to ask about beside a pairing, over its items; made unless it is there.

    Of the random pairings with the seeds from `seed` on it is the first that shares no couple with
    the pairing: of a couple that is in both, people could count that its items come up once only.
    Where all tried ones share some, it is the one with the fewest. With a seed it is what
    `cmean pair --method random` makes, as long as no items have come since.

    Args:
        catalog: an open catalog.
        pairing: the row of the pairing that it is to be compared with.
        seed: the first that is tried.

    Returns:
        The random pairing's id.

    Raises:
        InputError: the vectors that the pairing compared are not known.
    """
    embedded = ("track_embedding_recipe_id", "artwork_embedding_recipe_id")
    wish = {
        **{name: pairing[name] for name in _SHARED},
        **{name: pairing[name] for name in embedded if pairing[name] is not None},
        "method": RANDOM,
        "extends": None,
        "as_of": pairing["id"],
        "seed": seed,
    }
    if pairing["null_mean"] is None:
        raise InputError(
            f"the triples of pairing {pairing['id']} were not published, so none is made at random "
            "beside it; rate its pairs alone: --ask congruence --random 0"
        )
    with catalog.read() as connection:
        own = pairings.pairs_of(connection, pairing["id"])[_COUPLE]
    best, fewest = pairing_service.compute(catalog, wish), len(own) + 1
    for tried in range(seed, seed + _TRIES):
        made = best if tried == seed else pairing_service.compute(catalog, wish | {"seed": tried})
        shared = len(np.intersect1d(own, made.pairs[_COUPLE]))
        if shared < fewest:
            best, fewest = made, shared
        if not shared:
            break
    with catalog.write() as connection:
        return pairings.store(connection, best.row, best.pairs, best.inputs)
