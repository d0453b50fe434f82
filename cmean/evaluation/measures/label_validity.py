"""Are the emotions right? Triples, pairs and vectors against labels that people gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmean.catalog import labels as label_rows
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.evaluation.validity.channel_validity import channels_by_label
from cmean.evaluation.validity.label_agreement import agreement
from cmean.evaluation.validity.pair_retrieval import retrieved
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cmean.catalog.engine import Connection
    from cmean.evaluation.inputs import Study
    from cmean.presentation.tables import Cell

_CONSTANT = "a constant triple does not vary"


def check(connection: Connection, names: Iterable[str]) -> None:
    """Fail unless there are label sets of these names.

    Raises:
        InputError: there is none of a name.
    """
    known = [each["name"] for each in label_rows.sets(connection)]
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none yet"
            message = (
                f"there is no label set {name!r}; there is {listed}; attach one: "
                f"cmean labels FILE --name {name}"
            )
            raise InputError(message)


def measure(connection: Connection, study: Study, name: str) -> dict[str, Any]:
    """A pairing and its triples against one label set.

    Args:
        connection: an open transaction.
        study: the pairing.
        name: of the label set.

    Returns:
        `name`; `triples` by kind (see `channels_by_label`), for kinds that have labels;
        `agreement` across the pairs (see `agreement`); `retrieval` (see `retrieved`).
    """
    columns = label_rows.columns(connection, name)
    pairs = label_rows.pairs_of(connection, name)
    by_kind = {kind: [column for column in columns if column.kind is kind] for kind in Kind}
    return {
        "name": name,
        "triples": {
            kind.value: channels_by_label(by_kind[kind], study.triples[kind], study.choices)
            for kind in Kind
            if by_kind[kind]
        },
        "agreement": agreement(by_kind, study),
        "retrieval": retrieved(pairs, study),
    }


def tables(found: Mapping[str, Any]) -> list[Table]:
    """What `measure` found, for people; nothing is wider than 100 characters."""
    made = [_triple_table(found, kind) for kind in Kind if kind.value in found["triples"]]
    if found["agreement"]:
        made += [_agreement_table(found), _control_table(found)]
    if found["retrieval"]:
        made.append(_retrieval_table(found))
    return made


def _triple_table(found: Mapping[str, Any], kind: Kind) -> Table:
    measured = found["triples"][kind.value]
    rows: list[Sequence[Cell]] = []
    for row in measured["rows"]:
        figures = [row[key] for key in ("value", "low", "high", "p", "n")]
        rows.append((_named(row), row["channel"], row["expected"], row["statistic"], *figures))
    rows.append(("(constant)", "any", "", "", *[None] * 5))
    left_out = [
        f" Left out: {_some(each['categories'], each['count'])} of {each['dimension']}: "
        f"{each['why']}."
        for each in measured["left_out"]
    ]
    return Table(
        f"labels {found['name']} {kind.value}s",
        f"Labels {found['name']}: channels of {kind.value}s (whole) against them",
        ("dimension", "channel", "expected", "figure", "value", "low", "high", "p", "n"),
        rows,
        "Without relation Spearman is 0 and AUC 0.5. Low, high: 95 % bootstrap interval; p: "
        "two-sided, by permutation. Expected: the sign that the channel's meaning promises. "
        "Constant: the same triple for all."
        + "".join(left_out)
        + _undefined([*(row["why"] for row in measured["rows"]), _CONSTANT]),
    )


def _agreement_table(found: Mapping[str, Any]) -> Table:
    rows = found["agreement"]
    cells = []
    for row in rows:
        random = row.get("random", {})
        chance = [random.get(key) for key in ("mean", "sd", "z", "p")]
        cells.append((row["dimension"], row["statistic"], row["n"], row["value"], *chance))
    return Table(
        f"labels {found['name']} pairs",
        f"Labels {found['name']}: agreement across the pairs, beside its null",
        ("dimension", "figure", "n", "value", "null", "null sd", "z", "p"),
        cells,
        "n: pairs that have the label on both sides; difference: the mean absolute one, which "
        "means something only where both sides use one scale; equal: the share of pairs with one "
        "category. Null: all items that were there to be paired, paired at random, over the pairs "
        "that have the label on both sides; p: by permutation, one-sided: more agreement, or less "
        "difference, than chance."
        + _undefined(
            why for row in rows for why in (row["why"], row.get("random", {}).get("why", ""))
        ),
    )


def _control_table(found: Mapping[str, Any]) -> Table:
    rows = found["agreement"]
    cells = []
    for row in rows:
        resampled, constant = row.get("resampled", {}), row.get("constant", {})
        interval = row["value"], row["low"], row["high"]
        controls = resampled.get("mean"), resampled.get("sd"), constant.get("value")
        cells.append((row["dimension"], row["statistic"], *interval, *controls))
    reasons = [row["why"] for row in rows]
    reasons += [row.get(key, {}).get("why", "") for row in rows for key in _CONTROLS]
    return Table(
        f"labels {found['name']} controls",
        f"Labels {found['name']}: agreement across the pairs, beside its controls",
        ("dimension", "figure", "value", "low", "high", "resampled", "sd", "constant"),
        cells,
        "Low, high: 95 % interval. Resampled: the same method on artwork vectors that carry no "
        "identity, mean and deviation. Constant: one label for all artworks, their most frequent "
        "category or their median." + _undefined(reasons),
    )


_CONTROLS = ("resampled", "constant")


def _retrieval_table(found: Mapping[str, Any]) -> Table:
    cells: list[Sequence[Cell]] = []
    reasons = []
    for way in found["retrieval"]:
        name = f"{way['queries']} → {way['targets']}"
        permuted = way["permuted"] or {}
        reasons += [way["why"], permuted.get("why", "")]
        for figure, each in way["figures"].items():
            interval = [each[key] for key in ("value", "low", "high", "chance")]
            p = permuted.get("p") if figure == "MRR" else None
            cells.append((name, figure, each["n"], *interval, p))
            reasons.append(each["why"])
        if not way["figures"]:
            cells.append((name, "any", 0, *[None] * 5))
    permutations = {
        way["permuted"]["permutations"] for way in found["retrieval"] if way["permuted"]
    }
    return Table(
        f"labels {found['name']} retrieval",
        f"Labels {found['name']}: what belongs to an item, found by the triples",
        ("direction", "figure", "n", "value", "low", "high", "chance", "p"),
        cells,
        "R@k: share of items with a labelled partner among the k nearest by cosine; MRR: mean "
        "reciprocal rank of the nearest partner. Chance: random ranks. p, of MRR alone: items "
        f"that search for each other's partners ({_some(map(str, sorted(permutations)))} "
        "permutations)." + _undefined(reasons),
    )


def _named(row: Mapping[str, Any]) -> str:
    dimension, category = row["dimension"], row["category"]
    return dimension if category is None else f"{dimension} = {category}"


def _some(names: Iterable[str], count: int = 0) -> str:
    shown = list(names)
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return (", ".join(shown) or "no") + more


def _undefined(reasons: Iterable[str]) -> str:
    said = list(dict.fromkeys(filter(None, reasons)))
    return f" Undefined (–): {'; '.join(said)}." if said else ""
