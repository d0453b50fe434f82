"""Distillation: fits word weights to the triples that a profile's mappers gave captions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.backends.mappers import fitting
from cmean.catalog import recipes as recipe_rows
from cmean.catalog import report_rows
from cmean.domain import CHANNELS, Recipe
from cmean.errors import InputError
from cmean.inference import recipes
from cmean.inference.revisions import make_revision_finder
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.catalog.engine import Catalog
    from cmean.config import Profile


def distil_mappers(
    catalog: Catalog, profile: Profile, output: Path, held_out: float = 0.2, seed: int = 0
) -> dict[str, Any]:
    """Fit weights to all triples of the profile's mappers, both kinds, and write their file.

    Args:
        catalog: an open catalog.
        profile: whose captions and triples.
        output: the file, which is overwritten.
        held_out: the share of items that is held out at once to measure.
        seed: of the order in which items are held out.

    Returns:
        What `fitting.fit_word_weights` says about the weights; `source` names profile and recipes.

    Raises:
        InputError: the profile has no triples yet, or too few.
    """
    with catalog.read() as connection:
        mappers = recipes.build_mapper_recipes(profile, make_revision_finder(connection))
        ids = [recipe_rows.find_recipe(connection, recipe.digest) for recipe in mappers.values()]
        rows = report_rows.read_mapped_captions(
            connection, [found for found in ids if found is not None]
        )
    if not rows:
        raise InputError(
            f"profile {profile.name!r} has no emotions yet: cmean run --profile {profile.name}"
        )
    fitted = fitting.fit_word_weights(
        [row["text"] for row in rows],
        np.array([[row[channel] for channel in CHANNELS] for row in rows]),
        [row["item_id"] for row in rows],
        held_out=held_out,
        seed=seed,
        source={
            "profile": profile.name,
            "recipes": {kind.value: _describe_recipe(recipe) for kind, recipe in mappers.items()},
        },
    )
    fitted.save(output)
    return dict(fitted.about)


def _describe_recipe(recipe: Recipe) -> dict[str, str]:
    return {"backend": recipe.backend, "revision": recipe.revision, "digest": recipe.digest}


def build_agreement_table(about: Mapping[str, Any]) -> Table:
    """Build the printed table of the agreement with held-out triples."""
    return Table(
        "agreement",
        "Agreement with triples of items that were held out",
        (
            "",
            "captions",
            *(f"rho {c}" for c in CHANNELS),
            *(f"error {c}" for c in CHANNELS),
            "cosine",
        ),
        [
            (
                name,
                found["captions"],
                *found["spearman"].values(),
                *found["mean_absolute_error"].values(),
                found["mean_cosine"],
            )
            for name, found in about["agreement"].items()
        ],
        "rho: Spearman's rank correlation; error: mean absolute, of 255; cosine: the mean. "
        "Constant: the mean triple for every caption. Each item was held out once, with all its "
        "captions.",
    )
