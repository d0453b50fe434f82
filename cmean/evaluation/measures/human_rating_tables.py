"""People's ratings as tables."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from cmean.evaluation.documents.rating_tables import BinomialNull, RaterSummary
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cmean.evaluation.documents.rating_tables import (
        CongruenceComparison,
        CongruenceCorrelation,
        PreferenceSummary,
        RaterAgreement,
        RatingSummary,
    )
    from cmean.presentation.tables import Cell
    from cmean.stats.null_distribution import NullComparison


def build_human_rating_tables(ratings: RatingSummary | None) -> list[Table]:
    """Build the tables of ratings; none where no pair is rated."""
    if ratings is None:
        return []
    made = []
    if ratings.congruence is not None:
        made += [
            _build_congruence_table(ratings.congruence),
            _build_difference_table(ratings.congruence),
        ]
    if ratings.similarity is not None:
        made.append(_build_similarity_table(ratings.similarity))
    if ratings.choice is not None:
        made.append(_build_choice_table(ratings.choice))
    return [*made, _build_agreement_table(ratings.agreement), _build_rater_table(ratings.raters)]


_NULL_COLUMNS: Final = ("null mean", "null sd", "z", "p")
_INTERVAL_COLUMNS: Final = ("low", "high")


def _build_congruence_table(congruence: Mapping[str, CongruenceComparison]) -> Table:
    rows = []
    for over, row in congruence.items():
        mean, control = row.mean, row.control_mean
        cells = (mean.n, mean.value, mean.low, mean.high, control.n, control.value)
        rows.append((over, *cells, control.low, control.high))
    counts = next(iter(congruence.values()))
    reasons = _join_reasons(
        each.why for row in congruence.values() for each in (row.mean, row.control_mean)
    )
    return Table(
        "people",
        "People: congruence of the pairs compared with that of random pairs (1 to 5)",
        (
            *("over", "n", "mean", *_INTERVAL_COLUMNS),
            *("random n", "random mean", "random low", "random high"),
        ),
        rows,
        f"Raters: {counts.raters}; pairs: {counts.rated_pairs}; random pairs: "
        f"{counts.rated_controls}. low, high: 95 % interval of Student's t.{reasons}",
    )


def _build_difference_table(congruence: Mapping[str, CongruenceComparison]) -> Table:
    reasons = _join_reasons(row.null.why for row in congruence.values())
    return Table(
        "people nulls",
        "People: difference of congruence between pairs and random pairs",
        ("over", "difference", *_NULL_COLUMNS),
        [(over, row.difference, *_null_cells(row.null)) for over, row in congruence.items()],
        "Null: the difference where each rater's answers, or the means of the pairs, are permuted "
        "among pairs and random pairs. p: one-sided permutation p; over ratings it generalises to "
        "other answers about these pairs, over pairs to other pairs. Resampled and constant nulls "
        f"do not apply: there are no ratings of their pairs.{reasons}",
    )


def _build_similarity_table(correlation: CongruenceCorrelation) -> Table:
    cells = (correlation.n, correlation.value, correlation.low, correlation.high)
    return Table(
        "people similarity",
        "People: correlation of congruence with similarity (Spearman)",
        ("", "n", "correlation", *_INTERVAL_COLUMNS, *_NULL_COLUMNS),
        [("mean congruence of a pair, similarity", *cells, *_null_cells(correlation.null))],
        "low, high: 95 % bootstrap interval over pairs. Null: similarities permuted among the "
        f"rated pairs; p: one-sided permutation p.{_join_reasons([correlation.why])}",
    )


def _build_choice_table(choice: PreferenceSummary) -> Table:
    rows = []
    for over, row in {"choices": choice, "pairs": choice.pairs}.items():
        rate = row.win_rate
        cells = (rate.n, row.won, rate.value, rate.low, rate.high)
        rows.append((over, *cells, *_null_cells(row.null)))
    return Table(
        "people choice",
        "People: preference of the pair over a random artwork",
        ("over", "n", "won", "win rate", *_INTERVAL_COLUMNS, *_NULL_COLUMNS),
        rows,
        f"Raters: {choice.raters}; pairs: {choice.rated_pairs}, {choice.pairs.tied} of them tied. "
        "Over pairs each counts once, by the majority of its choices; ties are left out. low, "
        "high: exact 95 % binomial interval. Null: a fair coin; p: exact, one-sided. Over choices "
        "all are taken as independent, which several of one pair or one rater are not."
        f"{_join_reasons([choice.pairs.win_rate.why])}",
    )


def _build_agreement_table(agreement: Mapping[str, Mapping[str, RaterAgreement]]) -> Table:
    rows = [
        (f"{question}, {level}", row.units, row.n, row.value, row.low, row.high)
        for question, levels in agreement.items()
        for level, row in levels.items()
    ]
    reasons = _join_reasons(row.why for levels in agreement.values() for row in levels.values())
    return Table(
        "people agreement",
        "People: agreement of the raters (Krippendorff's alpha)",
        ("", "units", "ratings", "alpha", *_INTERVAL_COLUMNS),
        rows,
        "1: raters agree; 0: as expected by chance. units: pairs, and for congruence random pairs "
        f"too, that two raters or more rated. low, high: 95 % bootstrap interval over units."
        f"{reasons}",
    )


def _build_rater_table(raters: Sequence[RaterSummary]) -> Table:
    names = [field.name for field in fields(RaterSummary)]
    return Table(
        "people raters",
        "People: ratings by rater",
        tuple(name.replace("_", " ") for name in names),
        [tuple(getattr(row, name) for name in names) for row in raters],
        "controls: random pairs. mean, std: of congruence, over pairs and controls. choices: "
        "between the artwork of a pair and a random one; won: for that of the pair.",
    )


def _null_cells(null: NullComparison | BinomialNull) -> tuple[Cell, ...]:
    return null.mean, null.sd, null.z, null.p


def _join_reasons(reasons: Iterable[str]) -> str:
    """Join the reasons why something is undefined, once each, as sentences."""
    return "".join(f" {why[0].upper()}{why[1:]}." for why in dict.fromkeys(reasons) if why)
