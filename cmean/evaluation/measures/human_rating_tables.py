"""What `people` has measured, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cmean.presentation.tables import Cell


def tables(found: Mapping[str, Any] | None) -> list[Table]:
    """The tables of what `measure` found; none where nobody has rated anything."""
    if found is None:
        return []
    made = []
    if found["congruence"] is not None:
        made += [
            _congruence_table(found["congruence"]),
            _difference_table(found["congruence"]),
            _similarity_table(found["similarity"]),
        ]
    if found["choice"] is not None:
        made.append(_choice_table(found["choice"]))
    return [*made, _agreement_table(found["agreement"]), _raters_table(found["raters"])]


_NULL: Final = {"mean": "null mean", "sd": "null sd", "z": "z", "p": "p"}
_INTERVAL: Final = ("low", "high")


def _congruence_table(found: Mapping[str, Any]) -> Table:
    rows = []
    for over, row in found.items():
        mean, control = row["mean"], row["control_mean"]
        cells = (mean["n"], mean["value"], *_ends(mean), control["n"], control["value"])
        rows.append((over, *cells, *_ends(control)))
    counts = next(iter(found.values()))
    return Table(
        "people",
        "People: congruence of the pairs (1 to 5) beside that of random pairs",
        (
            *("over", "n", "mean", *_INTERVAL),
            *("random n", "random mean", "random low", "random high"),
        ),
        rows,
        f"Raters: {counts['raters']}; pairs: {counts['rated_pairs']}; random pairs: "
        f"{counts['rated_controls']}. Low and high: Student's 95 % interval."
        f"{_reasons(found.values(), 'mean', 'control_mean')}",
    )


def _difference_table(found: Mapping[str, Any]) -> Table:
    return Table(
        "people nulls",
        "People: how far the pairs' congruence lies above that of random pairs",
        ("over", "difference", *_NULL.values()),
        [(over, row["difference"], *_null(row["null"])) for over, row in found.items()],
        "Null: the difference where the answers of each rater, or the means of the pairs, are "
        "dealt out anew among pairs and random pairs; that over ratings takes the pairs as given, "
        "that over pairs speaks of others like them. Nobody rates the pairs of resampled or "
        "constant vectors, so those nulls do not apply to people."
        f"{_reasons(found.values(), 'null')}",
    )


def _similarity_table(found: Mapping[str, Any]) -> Table:
    cells = (found["n"], found["value"], *_ends(found), *_null(found["null"]))
    return Table(
        "people similarity",
        "People: do similar pairs seem congruent (Spearman)",
        ("", "n", "correlation", *_INTERVAL, *_NULL.values()),
        [("mean congruence of a pair, similarity", *cells)],
        "Low and high: 95 % bootstrap interval over pairs. Null: the similarities dealt out anew "
        f"among the rated pairs.{_reasons([{'own': found}], 'own')}",
    )


def _choice_table(found: Mapping[str, Any]) -> Table:
    rows = []
    for over, row in {"choices": found, "pairs": found["pairs"]}.items():
        rate = row["win_rate"]
        cells = (rate["n"], row["won"], rate["value"], *_ends(rate))
        rows.append((over, *cells, *_null(row["null"])))
    tied = found["pairs"]["tied"]
    return Table(
        "people choice",
        "People: how often the pair was preferred to a random artwork",
        ("over", "n", "won", "win rate", *_INTERVAL, *_NULL.values()),
        rows,
        f"Raters: {found['raters']}; pairs: {found['rated_pairs']}, of which {tied} in a tie. "
        "Over pairs each counts once, by the majority of its choices; ties do not count. Low and "
        "high: exact 95 % binomial interval. Null: a coin is thrown; p is exact. Over choices "
        "all are taken as independent, which several of one pair or one rater are not."
        f"{_reasons([found['pairs']], 'win_rate')}",
    )


def _agreement_table(found: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        (f"{question}, {level}", row["units"], row["n"], row["value"], *_ends(row))
        for question, levels in found.items()
        for level, row in levels.items()
    ]
    each = [row for levels in found.values() for row in levels.values()]
    return Table(
        "people agreement",
        "People: agreement of the raters (Krippendorff's alpha)",
        ("", "units", "ratings", "alpha", *_INTERVAL),
        rows,
        "1: raters agree; 0: as chance would have it. Over all that two raters or more rated, of "
        "congruence random pairs too. Low and high: 95 % bootstrap interval over units."
        f"{_reasons([{'own': row} for row in each], 'own')}",
    )


def _raters_table(found: Sequence[Mapping[str, Any]]) -> Table:
    names = ("rater", "pairs", "controls", "mean", "std", "choices", "won", "median_seconds")
    return Table(
        "people raters",
        "People: who rated what",
        tuple(name.replace("_", " ") for name in names),
        [tuple(row[name] for name in names) for row in found],
        "Controls: random pairs. Mean and std: of congruence, over both. Choices: between the "
        "artwork of a pair and a random one; won: by that of the pair.",
    )


def _ends(estimate: Mapping[str, Any]) -> tuple[Cell, Cell]:
    return estimate["low"], estimate["high"]


def _null(chance: Mapping[str, Any]) -> tuple[Cell, ...]:
    return tuple(chance[name] for name in _NULL)


def _reasons(rows: Iterable[Mapping[str, Any]], *names: str) -> str:
    """Why something is undefined, once each."""
    reasons = dict.fromkeys(row[name]["why"] for row in rows for name in names)
    return "".join(f" {why[0].upper()}{why[1:]}." for why in reasons if why)
