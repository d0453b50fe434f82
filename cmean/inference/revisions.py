"""The revision of a recipe's back-end: of what is installed, else as the catalog knows it.

So a machine that only pairs, watches workers or maps captions needs no captioner's weights.
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

FindRevision = Callable[[Recipe, Role], str]
"""The revision of a recipe that has none yet, given the role of its back-end."""


def read_installed_revision(draft: Recipe, role: Role) -> str:
    """Read the revision of the back-end on this machine.

    Raises:
        MissingExtraError: it is not installed.
        WeightsError: its weights are not on this machine.
    """
    return registry.create_backend(draft.backend, role, draft.parameters["backend"]).revision


def make_revision_finder(connection: Connection) -> FindRevision:
    """Make a function that finds a revision on this machine, else in the newest equal recipe."""

    def find_revision(draft: Recipe, role: Role) -> str:
        try:
            return read_installed_revision(draft, role)
        except (MissingExtraError, WeightsError):
            known = recipe_rows.find_revision(connection, draft)
            if known is None:
                raise
            return known

    return find_revision
