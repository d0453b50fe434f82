"""Agreement of emotion recipes as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.domain import CHANNELS
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cmean.evaluation.documents.recipe_agreement import (
        RecipeAgreement,
        RecipeAgreementDocument,
        RecipePairAgreement,
    )
    from cmean.presentation.tables import Cell
    from cmean.stats.estimate import Estimate


@dataclass(frozen=True, slots=True)
class _Row:
    """Two recipes compared in one part of an item: how they are called, and over n items."""

    label: str
    n: int
    pair: RecipePairAgreement


def build_recipe_tables(document: RecipeAgreementDocument) -> list[Table]:
    """Build four tables for each kind: channels, cosines, retrieval, intraclass correlation."""
    letters = [chr(ord("A") + at) for at in range(len(document.recipes))]
    named = zip(letters, document.recipes, strict=True)
    legend = ", ".join(f"{letter}: {recipe.name}" for letter, recipe in named)
    made = []
    for kind, parts in document.kinds.items():
        rows = [
            _Row(
                f"{letters[pair.recipes[0]]} and {letters[pair.recipes[1]]}, {part}", found.n, pair
            )
            for part, found in parts.items()
            for pair in found.pairs
        ]
        made += [
            _build_channel_table(kind, rows, legend),
            _build_cosine_table(kind, rows, legend),
            _build_retrieval_table(kind, rows, legend),
            _build_icc_table(kind, parts, len(letters), legend),
        ]
    return made


def _build_channel_table(kind: str, rows: Sequence[_Row], legend: str) -> Table:
    by_channel = [(row.pair.pearson, row.pair.spearman) for row in rows]
    reasons = [each.why for both in by_channel for by in both for each in by.values()]
    return Table(
        f"channels-{kind}",
        f"Correlation of two recipes on {kind}s, channel by channel",
        ("", "n", *(f"r {c}" for c in CHANNELS), *(f"rho {c}" for c in CHANNELS)),
        [
            (
                row.label,
                row.n,
                *(row.pair.pearson[c].value for c in CHANNELS),
                *(row.pair.spearman[c].value for c in CHANNELS),
            )
            for row in rows
        ],
        "r: Pearson's correlation; rho: Spearman's. All five: of the triples of all positions. "
        f"n: {kind}s that all recipes mapped. {legend}.{_join_reasons(reasons)}",
    )


def _build_cosine_table(kind: str, rows: Sequence[_Row], legend: str) -> Table:
    nulls = [row.pair.cosine.chance for row in rows]
    return Table(
        f"nearness-{kind}",
        f"Cosine of the two triples of one {kind}, compared with two different {kind}s",
        ("", "n", "mean", "chance", "sd", "z", "p"),
        [
            (row.label, row.n, row.pair.cosine.value, null.mean, null.sd, null.z, null.p)
            for row, null in zip(rows, nulls, strict=True)
        ],
        f"chance, sd: mean and standard deviation of the mean over random pairings of the "
        f"{kind}s' triples; p: one-sided permutation p. All five: as one vector of 15 numbers. "
        f"{legend}.{_join_reasons(null.why for null in nulls)}",
    )


def _build_retrieval_table(kind: str, rows: Sequence[_Row], legend: str) -> Table:
    body: list[Sequence[Cell]] = []
    reasons = []
    for row in rows:
        found = row.pair.retrieval
        figures = (found.median_rank, found.first, found.mean_reciprocal_rank)
        cells = [cell for figure in figures for cell in (figure.value, figure.chance)]
        body.append((row.label, row.n, *cells))
        reasons += [figure.why for figure in figures]
    return Table(
        f"retrieval-{kind}",
        f"Retrieval of {kind}s among all by their own triples of another recipe",
        ("", "n", "median rank", "chance", "first", "chance", "mean 1/rank", "chance"),
        body,
        "Rank of an item's own triple by the second recipe among all, by similarity to its triple "
        "by the first; equal ones share their mean rank. first: the share at rank 1. chance: "
        f"expected of random ranks. {legend}.{_join_reasons(reasons)}",
    )


def _build_icc_table(
    kind: str, parts: Mapping[str, RecipeAgreement], runs: int, legend: str
) -> Table:
    forms = (("one run", ""), (f"mean of {runs}", "k"))
    estimates = [
        estimate
        for found in parts.values()
        for forms_of_channel in found.icc.values()
        for estimate in forms_of_channel.values()
    ]
    return Table(
        f"icc-{kind}",
        f"Intraclass correlation of {runs} recipes on {kind}s, with 95 % intervals",
        ("", "n", "of", "ICC(1)", "ICC(2)", "ICC(3)"),
        [
            (
                f"{channel}, {part}",
                found.icc[channel]["ICC1"].n,
                of,
                *(_format_interval(found.icc[channel][f"ICC{form}{k}"]) for form in (1, 2, 3)),
            )
            for part, found in parts.items()
            for channel in CHANNELS
            for of, k in forms
        ],
        "ICC(1): one-way; ICC(2): two-way, absolute agreement; ICC(3): two-way, consistency "
        "(Shrout & Fleiss 1979). 1: the recipes agree; 0 or less: no more than independent "
        f"recipes. n: triples of each recipe. {legend}."
        f"{_join_reasons(estimate.why for estimate in estimates)}",
    )


_DECIMALS: Final = 3


def _format_interval(estimate: Estimate) -> str | None:
    """Format `value [low, high]`; without an interval the value alone."""
    if estimate.value is None:
        return None
    known = [each for each in (estimate.value, estimate.low, estimate.high) if each is not None]
    shown = [f"{round(each, _DECIMALS) + 0:.{_DECIMALS}f}" for each in known]  # + 0: no −0
    return shown[0] if estimate.low is None else f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _join_reasons(reasons: Iterable[str]) -> str:
    """Join the reasons why something is undefined, once each."""
    known = sorted(set(filter(None, reasons)))
    return f" Undefined: {'; '.join(known)}." if known else ""
