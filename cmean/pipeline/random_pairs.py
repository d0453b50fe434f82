"""A random one-to-one pairing of the items of another: where blind control pairs come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import pairings
from cmean.matching.methods import RANDOM
from cmean.pipeline import pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.catalog.engine import Catalog

_SHARED = ("profile", "vector", "metric", "space", "track_recipe_id", "artwork_recipe_id")


def ensure(catalog: Catalog, pairing: Mapping[str, Any], seed: int) -> int:
    """The random pairing of the items that a pairing was made from; made unless it is there.

    It is the one that `cmean pair --method random` makes with the same seed, as long as no items
    have come since.

    Args:
        catalog: an open catalog.
        pairing: the row of the pairing that it is to be compared with.
        seed: the same seed gives the same pairs.

    Returns:
        The random pairing's id.
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
    made = pair.compute(catalog, wish)
    with catalog.write() as connection:
        return pairings.store(connection, made.row, made.pairs)
