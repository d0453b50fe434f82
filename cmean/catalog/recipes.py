"""Rows of recipes, keyed by the digest of everything that determines a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from cmean.catalog.tables import recipes
from cmean.catalog.upsert import build_insert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from cmean.domain import Recipe


def ensure_recipe(connection: Connection, recipe: Recipe, input_id: int | None = None) -> int:
    """Find or insert the row of a recipe by its digest. Returns its id."""
    found = find_recipe(connection, recipe.digest)
    if found is not None:
        return found
    row = build_insert(connection, recipes).values(
        digest=recipe.digest,
        role=recipe.role.value,
        kind=recipe.kind.value,
        backend=recipe.backend,
        revision=recipe.revision,
        parameters=dict(recipe.parameters),
        input_id=input_id,
    )
    connection.execute(row.on_conflict_do_nothing())  # another process may insert it concurrently
    query = select(recipes.c.id).where(recipes.c.digest == recipe.digest)
    return int(connection.execute(query).scalar_one())


def find_recipe(connection: Connection, digest: str) -> int | None:
    """Find the id of the recipe with this digest."""
    query = select(recipes.c.id).where(recipes.c.digest == digest)
    return connection.execute(query).scalar_one_or_none()


def find_revision(connection: Connection, recipe: Recipe) -> str | None:
    """Find the revision of the newest recipe that equals this one in everything else."""
    source = None if recipe.input is None else find_recipe(connection, recipe.input.digest)
    if recipe.input is not None and source is None:
        return None
    query = (
        select(recipes.c.revision, recipes.c.parameters)
        .where(recipes.c.role == recipe.role.value, recipes.c.kind == recipe.kind.value)
        .where(recipes.c.backend == recipe.backend, recipes.c.input_id.is_not_distinct_from(source))
        .order_by(recipes.c.id.desc())
    )
    wanted = dict(recipe.parameters)
    return next(
        (row.revision for row in connection.execute(query) if row.parameters == wanted), None
    )


def read_recipe_ids(connection: Connection) -> list[int]:
    """Read the ids of all recipes, oldest first."""
    return list(connection.execute(select(recipes.c.id).order_by(recipes.c.id)).scalars())


def read_backend_names(connection: Connection) -> set[str]:
    """Read the names of the back-ends of all recipes."""
    return set(connection.execute(select(recipes.c.backend).distinct()).scalars())


def read_recipes(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Read the recipes of these ids, as mappings."""
    query = select(recipes).where(recipes.c.id.in_(ids)).order_by(recipes.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]
