"""The study's published results: stored in the catalog, and its tables recomputed cell by cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from cmean.catalog import pairings
from cmean.datasets.published import BACKEND
from cmean.datasets.published.reader import read_published_files
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.pairing import computation, null_models, spaces
from cmean.pairing.pairing_request import PairingRequest
from cmean.reproduction.document import (
    VERDICTS,
    EarlierRun,
    ReproducedPairings,
    ReproductionDocument,
)
from cmean.reproduction.importer import import_published_results
from cmean.reproduction.table_cells import recompute_cells
from cmean.stats.coherence import describe_values
from cmean.stats.correlation import bootstrap_pearson
from cmean.stats.sampling import SamplingOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.catalog.engine import Catalog
    from cmean.datasets.published.model import PublishedResults
    from cmean.stats.estimate import Estimate


def reproduce_study(catalog: Catalog, folder: Path) -> ReproductionDocument:
    """Import the published files of a folder, and compare the study's tables with them.

    The same files again add nothing, and give the same document.

    Raises:
        InputError: there is no such folder, or none of the files in it.
    """
    published = read_published_files(folder)
    imported = import_published_results(catalog, published)
    cells = recompute_cells(published)
    counts = Counter(cell.verdict for cell in cells)
    earlier = None if imported.earlier is None else _pair_earlier_run(catalog, imported.earlier)
    return ReproductionDocument(
        cells=cells,
        summary={verdict: counts[verdict] for verdict in VERDICTS},
        problems=published.problems,
        stored=imported.row_counts,
        pairings=ReproducedPairings(
            imported.pairing_id, None if earlier is None else earlier.pairing
        ),
        pairs=describe_values([row.similarity for row in published.pairs.rows]),
        correlation=_correlate_scores(published),
        earlier=earlier,
    )


def _pair_earlier_run(catalog: Catalog, mappers: Mapping[Kind, int]) -> EarlierRun | None:
    """Pair the earlier run, and compare it with its nulls. The greedy pairing is stored.

    The earlier run of 100 tracks and 100 artworks is the only one whose triples were published for
    both kinds. None where no item of a kind has all five triples.
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
            computation.compute_pairing(catalog, replace(request, method=method))
            for method in ("greedy", "optimal")
        )
    except InputError:
        return None
    with catalog.write() as connection:
        pairing_id = pairings.write_pairing(connection, greedy.columns, greedy.pairs, greedy.inputs)
        sides = spaces.read_sides(connection, request, pairing_id)
    resampled = null_models.resample_pairings(
        greedy.columns, sides, SamplingOptions(), lambda _done, _total: None
    )
    null = describe_values([pairs["similarity"].mean() for pairs in resampled])
    return EarlierRun(
        pairing=pairing_id,
        pairs=greedy.columns.pairs,
        null_mean=greedy.columns.null_mean,
        null_sd=greedy.columns.null_sd,
        z=greedy.columns.z,
        resampled_mean=null.mean,
        resampled_sd=null.std,
        greedy=greedy.columns.mean,
        optimal=optimal.columns.mean,
    )


def _correlate_scores(published: PublishedResults) -> Estimate:
    """Correlate the cosines by which the study paired with the ImageBind scores of the pairs."""
    values = {(row.track, row.artwork): row.value for row in published.imagebind.rows}
    both = [
        (row.similarity, values[row.track, row.artwork])
        for row in published.pairs.rows
        if (row.track, row.artwork) in values
    ]
    return bootstrap_pearson(*(zip(*both, strict=True) if both else ((), ())))
