"""The revision of a recipe's back-end: of what is on this machine, else as the catalog knows it.

Whoever only pairs, watches a fleet, or maps what others captioned, needs no captioner's weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.catalog import recipes as recipe_rows
from cmean.domain import Recipe, Role
from cmean.errors import MissingExtraError, WeightsError

if TYPE_CHECKING:
    from cmean.catalog.engine import Connection

Revise = Callable[[Recipe, Role], str]
"""The revision of a recipe that has none yet, given the role of its back-end."""


def here(draft: Recipe, role: Role) -> str:
    """The revision of the back-end on this machine.

    Raises:
        MissingExtraError: it is not installed.
        WeightsError: its weights are not here.
    """
    return registry.create_backend(draft.backend, role, draft.parameters["backend"]).revision


def here_or_known(connection: Connection) -> Revise:
    """The revision on this machine or, where it lacks the back-end, of the newest equal recipe."""

    def revise(draft: Recipe, role: Role) -> str:
        try:
            return here(draft, role)
        except (MissingExtraError, WeightsError):
            known = recipe_rows.revision_like(connection, draft)
            if known is None:
                raise
            return known

    return revise
