"""Validity measured with labels, as tables; none is wider than 100 characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmean.domain import Kind
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cmean.evaluation.documents.label_tables import (
        ChannelAssociation,
        LabelAgreement,
        LabelValidity,
        RetrievalDirection,
    )
    from cmean.presentation.tables import Cell

_CONSTANT_TRIPLE = "a constant triple does not vary"


def build_label_validity_tables(labels: LabelValidity) -> list[Table]:
    """Build the tables of one label set."""
    made = [_build_triple_table(labels, kind) for kind in Kind if kind.value in labels.triples]
    if labels.agreement:
        made += [
            _build_agreement_table(labels.name, labels.agreement),
            _build_control_table(labels.name, labels.agreement),
        ]
    if labels.retrieval:
        made.append(_build_retrieval_table(labels.name, labels.retrieval))
    return made


def _build_triple_table(labels: LabelValidity, kind: Kind) -> Table:
    validity = labels.triples[kind.value]
    rows: list[Sequence[Cell]] = [
        (
            *(_name_row(row), row.channel, row.expected, row.statistic),
            *(row.value, row.low, row.high, row.p, row.n),
        )
        for row in validity.rows
    ]
    rows.append(("(constant)", "any", "", "", *[None] * 5))
    left_out = [
        f" Left out: {_list_some(each.categories, each.count)} of {each.dimension}: {each.why}."
        for each in validity.left_out
    ]
    return Table(
        f"labels {labels.name} {kind.value}s",
        f"Labels {labels.name}: association with the channels of {kind.value}s (whole)",
        ("dimension", "channel", "expected", "figure", "value", "low", "high", "p", "n"),
        rows,
        "Without association Spearman is 0 and AUC 0.5. low, high: 95 % bootstrap interval. p: "
        "two-sided permutation p. expected: the sign that the channel's meaning implies. "
        "(constant): the same triple for all."
        + "".join(left_out)
        + _join_reasons([*(row.why for row in validity.rows), _CONSTANT_TRIPLE]),
    )


def _build_agreement_table(name: str, rows: Sequence[LabelAgreement]) -> Table:
    cells: list[Sequence[Cell]] = []
    for row in rows:
        null = row.random
        null_cells = (None,) * 4 if null is None else (null.mean, null.sd, null.z, null.p)
        cells.append((row.dimension, row.statistic, row.n, row.value, *null_cells))
    return Table(
        f"labels {name} pairs",
        f"Labels {name}: agreement across the pairs compared with random pairs",
        ("dimension", "figure", "n", "value", "null", "null sd", "z", "p"),
        cells,
        "n: pairs that have the label on both sides. difference: mean absolute difference, "
        "meaningful only where both sides use one scale. equal: share of pairs with one category. "
        "null, null sd: mean and standard deviation over random one-to-one pairings of the same "
        "items, of the pairs that have the label on both sides. p: one-sided permutation p, of "
        "more agreement or less difference."
        + _join_reasons(
            why for row in rows for why in (row.why, "" if row.random is None else row.random.why)
        ),
    )


def _build_control_table(name: str, rows: Sequence[LabelAgreement]) -> Table:
    cells: list[Sequence[Cell]] = []
    reasons = [row.why for row in rows]
    for row in rows:
        mean, sd = (None, None) if row.resampled is None else (row.resampled.mean, row.resampled.sd)
        constant = None if row.constant is None else row.constant.value
        interval = row.value, row.low, row.high
        cells.append((row.dimension, row.statistic, *interval, mean, sd, constant))
        reasons += [each.why for each in (row.resampled, row.constant) if each is not None]
    return Table(
        f"labels {name} controls",
        f"Labels {name}: agreement across the pairs compared with controls",
        ("dimension", "figure", "value", "low", "high", "resampled", "sd", "constant"),
        cells,
        "low, high: 95 % interval. resampled, sd: mean and standard deviation over pairings by the "
        "same method of resampled artwork vectors. constant: one label for all artworks, their "
        "most frequent category or their median." + _join_reasons(reasons),
    )


def _build_retrieval_table(name: str, directions: Sequence[RetrievalDirection]) -> Table:
    cells: list[Sequence[Cell]] = []
    reasons = []
    for way in directions:
        label = f"{way.queries} → {way.targets}"
        reasons += [way.why, "" if way.permuted is None else way.permuted.why]
        for figure, each in way.figures.items():
            p = way.permuted.p if way.permuted is not None and figure == "MRR" else None
            cells.append((label, figure, each.n, each.value, each.low, each.high, each.chance, p))
            reasons.append(each.why)
        if not way.figures:
            cells.append((label, "any", 0, *[None] * 5))
    permutations = sorted({way.permuted.permutations for way in directions if way.permuted})
    return Table(
        f"labels {name} retrieval",
        f"Labels {name}: retrieval of labelled partners by the vectors that were paired",
        ("direction", "figure", "n", "value", "low", "high", "chance", "p"),
        cells,
        "R@k: share of items with a labelled partner among the k nearest by cosine. MRR: mean "
        "reciprocal rank of the nearest partner. chance: expected of random ranks. p: permutation "
        "p of MRR, partners permuted among the items "
        f"({_list_some(map(str, permutations))} permutations)." + _join_reasons(reasons),
    )


def _name_row(row: ChannelAssociation) -> str:
    return row.dimension if row.category is None else f"{row.dimension} = {row.category}"


def _list_some(names: Iterable[str], count: int = 0) -> str:
    """List names, and how many more there are of `count`."""
    shown = list(names)
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return (", ".join(shown) or "no") + more


def _join_reasons(reasons: Iterable[str]) -> str:
    """Join the reasons why something is undefined, once each."""
    known = list(dict.fromkeys(filter(None, reasons)))
    return f" Undefined (–): {'; '.join(known)}." if known else ""
