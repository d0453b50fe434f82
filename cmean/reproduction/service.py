"""The study's published results: stored in the catalog, its tables recomputed cell by cell.

What it printed as one figure stands beside its null where the data allow it: the earlier run of
100 tracks and 100 artworks is the only one whose triples were published for both kinds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import pairings
from cmean.datasets.published import BACKEND
from cmean.datasets.published.reader import read_published_files
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.pairing import null_models, spaces
from cmean.pairing import service as pairing_service
from cmean.pairing.pairing_request import PairingRequest
from cmean.presentation.tables import Table
from cmean.reproduction import importer
from cmean.reproduction.table_cells import cells, shown
from cmean.stats.coherence import describe_values
from cmean.stats.correlation import pearson_interval
from cmean.stats.sampling import SamplingOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.catalog.engine import Catalog
    from cmean.datasets.published.model import PublishedResults

VERDICTS: Final = ("same", "differs", "missing")

_TITLES: Final = {
    "I": "caption lengths of tracks, in words",
    "II": "caption lengths of artworks, in words",
    "III": "CLAP similarity of tracks and their captions",
    "IV": "CLIP similarity of artworks and their captions",
    "V": "the pairs",
    "VI": "ImageBind similarity of the two of each pair",
}


def reproduce(catalog: Catalog, folder: Path) -> dict[str, Any]:
    """Load the published files of a folder, and compare the study's tables with them.

    The same files again add nothing, and give the same document.

    Returns:
        The document of `cmean reproduce --json`: ``cells``, their ``summary`` by verdict,
        ``problems``, what was ``stored``, the ``pairings`` that can be evaluated, the ``pairs``'
        similarities, their ``correlation`` with ImageBind, and the ``earlier`` run beside its null.

    Raises:
        InputError: there is no such folder, or none of the files in it.
    """
    published = read_published_files(folder)
    stored = importer.store(catalog, published)
    found = [cell.as_dict() for cell in cells(published)]
    counted = Counter(cell["verdict"] for cell in found)
    earlier = None if stored.earlier is None else _earlier(catalog, stored.earlier)
    return {
        "cells": found,
        "summary": {verdict: counted[verdict] for verdict in VERDICTS},
        "problems": [asdict(problem) for problem in published.problems],
        "stored": dict(stored.stock),
        "pairings": {
            "published": stored.pairing_id,
            "earlier": None if earlier is None else earlier["pairing"],
        },
        "pairs": describe_values([row.similarity for row in published.pairs.rows]).as_dict(),
        "correlation": _correlation(published),
        "earlier": earlier,
    }


def _earlier(catalog: Catalog, mappers: Mapping[Kind, int]) -> dict[str, Any] | None:
    """The earlier run paired by this engine, beside its null. The greedy pairing is stored.

    None where no item of a kind has all five triples.
    """
    request = PairingRequest(
        profile=BACKEND,
        method="greedy",
        vector="concatenated",
        metric="cosine",
        track_recipe_id=mappers[Kind.TRACK],
        artwork_recipe_id=mappers[Kind.ARTWORK],
    )
    try:
        greedy, optimal = (
            pairing_service.compute_pairing(catalog, replace(request, method=method))
            for method in ("greedy", "optimal")
        )
    except InputError:
        return None
    with catalog.write() as connection:
        pairing_id = pairings.store(connection, greedy.columns, greedy.pairs, greedy.inputs)
        sides = spaces.read_sides(connection, request, pairing_id)
    made = null_models.resample_pairings(
        greedy.columns, sides, SamplingOptions(), lambda _done, _total: None
    )
    beside = describe_values([pairs["similarity"].mean() for pairs in made])
    null = {name: getattr(greedy.columns, name) for name in ("pairs", "null_mean", "null_sd", "z")}
    means = {"greedy": greedy.columns.mean, "optimal": optimal.columns.mean}
    without = {"resampled_mean": beside.mean, "resampled_sd": beside.std}
    return {"pairing": pairing_id} | null | without | means


def _correlation(published: PublishedResults) -> dict[str, Any]:
    """Pearson's correlation of the cosine by which the study paired with ImageBind's."""
    values = {(row.track, row.artwork): row.value for row in published.imagebind.rows}
    both = [
        (row.similarity, values[row.track, row.artwork])
        for row in published.pairs.rows
        if (row.track, row.artwork) in values
    ]
    return pearson_interval(*(zip(*both, strict=True) if both else ((), ()))).as_dict()


def tables(found: Mapping[str, Any]) -> list[Table]:
    """The study's tables of a document of `reproduce`, for people: the reasons are footnotes."""
    return [_table(name, found["cells"]) for name in _TITLES]


def _table(name: str, found: list[Mapping[str, Any]]) -> Table:
    notes: dict[str, int] = {}
    rows = []
    for cell in (cell for cell in found if cell["table"] == name):
        why = cell["why"]
        mark = f"[{notes.setdefault(why, len(notes) + 1)}]" if why else ""
        figures = [shown(cell, key) for key in ("recomputed", "printed")]
        rows.append([f"{cell['column']} {cell['metric']}", *figures, cell["verdict"], mark])
    for column in (1, 2):
        width = max(len(row[column]) for row in rows)
        for row in rows:
            row[column] = row[column].rjust(width)
    header = ("", "recomputed", "printed", "verdict", "why")
    note = "\n".join(f"[{mark}] {why}" for why, mark in notes.items())
    return Table(name, f"Table {name}: {_TITLES[name]}", header, rows, note)
