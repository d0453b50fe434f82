"""The comparison of emotion recipes as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cmean.domain import CHANNELS
from cmean.presentation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmean.presentation.tables import Cell


def tables(found: Mapping[str, Any]) -> list[Table]:
    """What `reliability.compare` found, four tables a kind."""
    letters = [chr(ord("A") + at) for at in range(len(found["recipes"]))]
    named = zip(letters, found["recipes"], strict=True)
    key = ", ".join(f"{letter}: {recipe['name']}" for letter, recipe in named)
    made = []
    for kind, parts in found["kinds"].items():
        rows = [
            (f"{letters[one]} and {letters[other]}, {part}", measured["n"], pair)
            for part, measured in parts.items()
            for pair in measured["pairs"]
            for one, other in [pair["recipes"]]
        ]
        pairs = [pair for _, _, pair in rows]
        for build, names in _TABLES:
            why = _why([pair[name] for pair in pairs for name in names])
            made.append(build(kind, rows, f" {key}.{why}"))
        why = _why([measured["icc"] for measured in parts.values()])
        made.append(_icc(kind, parts, len(letters), f" {key}.{why}"))
    return made


_Rows: TypeAlias = "Sequence[tuple[str, int, Mapping[str, Any]]]"
"""Two recipes and what is compared of them, how many items, and what was found."""


def _channels(kind: str, rows: _Rows, key: str) -> Table:
    return Table(
        f"channels-{kind}",
        f"Agreement of two recipes on {kind}s, channel by channel",
        ("", "n", *(f"r {c}" for c in CHANNELS), *(f"rho {c}" for c in CHANNELS)),
        [
            (
                label,
                n,
                *(pair[name][c]["value"] for name in ("pearson", "spearman") for c in CHANNELS),
            )
            for label, n, pair in rows
        ],
        "r: Pearson's correlation; rho: Spearman's. All five: of the triples of all positions. "
        f"n: {kind}s that all recipes mapped.{key}",
    )


def _cosines(kind: str, rows: _Rows, key: str) -> Table:
    return Table(
        f"nearness-{kind}",
        f"Cosine of the two triples of one {kind}, beside those of two {kind}s",
        ("", "n", "mean", "chance", "sd", "z", "p"),
        [
            (
                label,
                n,
                pair["cosine"]["value"],
                *(pair["cosine"]["chance"][name] for name in ("mean", "sd", "z", "p")),
            )
            for label, n, pair in rows
        ],
        f"Chance: each {kind}'s triple beside that of one at random; sd of the mean over all such "
        f"pairings; p by permutation. All five: as one vector of 15 numbers.{key}",
    )


def _retrieval(kind: str, rows: _Rows, key: str) -> Table:
    figures = ("median_rank", "first", "mean_reciprocal_rank")
    body: list[Sequence[Cell]] = []
    for label, n, pair in rows:
        cells = [pair["retrieval"][name] for name in figures]
        body.append((label, n, *(cell[key] for cell in cells for key in ("value", "chance"))))
    return Table(
        f"retrieval-{kind}",
        f"Finding {kind}s again among all by their triples of another run",
        ("", "n", "median rank", "chance", "first", "chance", "mean 1/rank", "chance"),
        body,
        "Rank of an item's own triple by the second recipe, all ordered by likeness to its "
        f"triple by the first; equal ones share their mean rank. First: the share at rank 1.{key}",
    )


def _icc(kind: str, parts: Mapping[str, Any], runs: int, key: str) -> Table:
    forms = (("one run", ""), (f"mean of {runs}", "k"))
    return Table(
        f"icc-{kind}",
        f"Intraclass correlation of {runs} recipes on {kind}s, with 95 % intervals",
        ("", "n", "of", "ICC(1)", "ICC(2)", "ICC(3)"),
        [
            (
                f"{channel}, {part}",
                measured["icc"][channel]["ICC1"]["n"],
                of,
                *(_interval(measured["icc"][channel][f"ICC{form}{k}"]) for form in (1, 2, 3)),
            )
            for part, measured in parts.items()
            for channel in CHANNELS
            for of, k in forms
        ],
        "ICC(1): one-way; ICC(2): two-way, absolute agreement; ICC(3): two-way, consistency "
        "(Shrout & Fleiss 1979). 1: the recipes agree; 0 or less: no more than recipes that know "
        f"nothing of each other. n: triples of each recipe.{key}",
    )


def _interval(estimate: Mapping[str, Any]) -> str | None:
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if value is None:
        return None
    known = [each for each in (value, low, high) if each is not None]
    shown = [f"{round(each, 3) + 0:.3f}" for each in known]  # + 0: no −0
    return shown[0] if low is None else f"{shown[0]} [{shown[1]}, {shown[2]}]"


_TABLES: Final = (
    (_channels, ("pearson", "spearman")),
    (_cosines, ("cosine",)),
    (_retrieval, ("retrieval",)),
)
"""The tables of two recipes each, and what of the comparison each shows."""


def _why(found: Sequence[Any]) -> str:
    """The reasons why something is undefined, once each."""
    reasons = sorted(set(_reasons(found)))
    return f" Undefined: {'; '.join(reasons)}." if reasons else ""


def _reasons(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        if found.get("why"):
            yield found["why"]
        for inner in found.values():
            yield from _reasons(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from _reasons(inner)
