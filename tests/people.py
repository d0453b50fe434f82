"""A catalog with a pairing that can be rated, and raters."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
from triples import Triples

from cmean.catalog import pairings
from cmean.config import Settings
from cmean.domain import POSITIONS, Kind
from cmean.evaluation.evaluated_pairing import EvaluatedPairing
from cmean.jobs import requests
from cmean.pairing import service as pairing_service
from cmean.stats.sampling import SamplingOptions

if TYPE_CHECKING:
    from pathlib import Path

    from cmean.catalog.engine import Catalog
    from cmean.ratings import rating_sheets


def add_items(catalog: Catalog, tracks: int, artworks: int, seed: int = 0) -> None:
    """Items with triples of all five positions."""
    random = np.random.default_rng(seed)
    triples = Triples(catalog)
    for kind, number in ((Kind.TRACK, tracks), (Kind.ARTWORK, artworks)):
        for _ in range(number):
            drawn = random.integers(0, 256, (5, 3)).tolist()
            triples.add(kind, {p: tuple(drawn[p]) for p in POSITIONS})


def make_pairing(catalog: Catalog, vector: str = "whole", **choices: Any) -> int:
    """Pair all items. Returns the pairing's id."""
    profile = Settings().get_profile("embedded")
    task = pairing_service.request_pairing(catalog, profile, vector=vector, **choices)
    requests.complete_request(catalog, Settings(), task, None)
    return int(pairing_service.read_pairing_document(catalog, task)["pairing"])


def load_evaluated(catalog: Catalog, pairing_id: int, permutations: int = 200) -> EvaluatedPairing:
    """A pairing as the measures of its evaluation read it."""
    with catalog.read() as connection:
        return EvaluatedPairing(
            row=pairings.read_pairing(connection, pairing_id),
            pairs=pairings.read_pairs(connection, pairing_id),
            pair_ids=pairings.read_pair_ids(connection, pairing_id),
            items={},
            triples={},
            resampled=(),
            sampling=SamplingOptions(permutations=permutations, bootstraps=100),
        )


def write_sheet(
    path: Path, sheet: rating_sheets.RatingSheet, answers: list[dict[str, object]]
) -> Path:
    """A sheet as a rater fills it in: the answers by column, row by row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sheet.columns)
        writer.writeheader()
        for row, answer in zip(sheet.rows, answers, strict=True):
            writer.writerow(dict(zip(sheet.columns, row, strict=True)) | answer)
    return path
