"""The comparison of recomputed with printed tables as a document: `cmean reproduce --json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cmean.datasets.published.model import Problem
from cmean.stats.coherence import DescriptiveStatistics
from cmean.stats.estimate import Estimate
from cmean.util.dataclass_json import make_json_options

SAME: Final = "same"
DIFFERS: Final = "differs"
MISSING: Final = "missing"
VERDICTS: Final = (SAME, DIFFERS, MISSING)


@dataclass(frozen=True, slots=True)
class TableCell:
    """A printed figure and the recomputed one.

    Attributes:
        table: the number of the study's table.
        column: of the table.
        metric: the row.
        recomputed: None where the data are not there.
        printed: None where the study does not print it.
        verdict: a name of `VERDICTS`; missing where one of the two figures is not there.
        why: why they are not the same; empty where they are.
        is_incomplete: whether the figures differ and some published rows behind it are not there.
    """

    table: str
    column: str
    metric: str
    recomputed: float | int | None
    printed: float | int | None
    verdict: str
    why: str
    is_incomplete: bool = field(default=False, metadata=make_json_options(internal=True))


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """The study's earlier run paired anew, and its nulls; only its triples allow that.

    Attributes:
        pairing: the id of the greedy pairing.
        pairs: how many.
        null_mean: the mean over random one-to-one pairings.
        null_sd: its standard deviation.
        z: of the greedy mean.
        resampled_mean: the mean over greedy pairings of resampled vectors.
        resampled_sd: its standard deviation.
        greedy: the mean similarity of greedy pairs.
        optimal: that of the optimal one-to-one assignment.
    """

    pairing: int
    pairs: int
    null_mean: float | None
    null_sd: float | None
    z: float | None
    resampled_mean: float | None
    resampled_sd: float | None
    greedy: float
    optimal: float


@dataclass(frozen=True, slots=True)
class ReproducedPairings:
    """The ids of the pairings that can be evaluated: the published pairs, the earlier run."""

    published: int | None
    earlier: int | None


@dataclass(frozen=True, slots=True)
class ReproductionDocument:
    """What was recomputed and stored.

    Attributes:
        cells: of all tables.
        summary: the number of cells by verdict.
        problems: rows that could not be read.
        stored: the number of rows in the catalog, by what they are.
        pairings: that can be evaluated.
        pairs: similarities of the published pairs.
        correlation: Pearson's, of these with their ImageBind scores.
        earlier: None where its triples are not there.
    """

    cells: Sequence[TableCell]
    summary: Mapping[str, int]
    problems: Sequence[Problem]
    stored: Mapping[str, int]
    pairings: ReproducedPairings
    pairs: DescriptiveStatistics
    correlation: Estimate
    earlier: EarlierRun | None
