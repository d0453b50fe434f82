"""Tables I and II: how long the captions of tracks and of artworks are, and how they ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import browse
from cmean.catalog import recipes as recipe_rows
from cmean.domain import WHOLE, FinishReason, Kind
from cmean.pairing.vectors import FRAGMENTS
from cmean.presentation.tables import Table
from cmean.stats.text_lengths import length_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cmean.catalog.engine import Connection
    from cmean.evaluation.inputs import Study

NUMBERS: Final = {Kind.TRACK: "I", Kind.ARTWORK: "II"}
"""The table of each kind."""

Captions = dict[int, dict[int, tuple[str, str]]]
"""Item → position → text and finish reason."""


def measure(connection: Connection, study: Study) -> dict[str, Any]:
    """Both tables by number, over the captions that were there when the pairing was made."""
    return {number: _measure(connection, study, kind) for kind, number in NUMBERS.items()}


def _measure(connection: Connection, study: Study, kind: Kind) -> dict[str, Any]:
    (mapper,) = recipe_rows.rows(connection, [study.pairing[f"{kind.value}_recipe_id"]])
    found = browse.captions_by_item(connection, mapper["input_id"], study.pairing["id"])
    wholes = [captions[WHOLE] for captions in found.values() if WHOLE in captions]
    complete = [c for c in found.values() if all(position in c for position in FRAGMENTS)]
    parts = [[captions[position] for position in FRAGMENTS] for captions in complete]
    table = length_table(
        [text for text, _ in wholes], [[text for text, _ in four] for four in parts]
    ).as_dict()
    table["total"]["finish_reasons"] = _ended(reason for _, reason in wholes)
    table["aggregated"]["finish_reasons"] = _ended(reason for four in parts for _, reason in four)
    return table


def _ended(reasons: Iterable[str]) -> dict[str, int]:
    counts = Counter(reasons)
    return {reason.value: counts[reason.value] for reason in FinishReason}


def finish_reasons(found: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """How the captions of each kind ended, wholes and fragments together."""
    totals = {}
    for kind, number in NUMBERS.items():
        rows = [row["finish_reasons"] for row in found[number].values()]
        totals[kind.value] = {
            reason.value: sum(r[reason.value] for r in rows) for reason in FinishReason
        }
    return totals


def tables(found: Mapping[str, Any]) -> list[Table]:
    """Both tables."""
    return [_table(number, kind, found[number]) for kind, number in NUMBERS.items()]


def _table(number: str, kind: Kind, found: Mapping[str, Any]) -> Table:
    names = [name for name in found["total"] if name != "finish_reasons"]
    reasons = list(found["total"]["finish_reasons"])
    return Table(
        number,
        f"Table {number}: caption lengths of {kind.value}s, in words",
        ("", *names, *(f"ended: {reason}" for reason in reasons)),
        [
            (
                row,
                *(values[name] for name in names),
                *(values["finish_reasons"][reason] for reason in reasons),
            )
            for row, values in found.items()
            if values["n"]
        ],
        " ".join(
            [
                *([_ABOUT] if any(row["n"] for row in found.values()) else []),
                *(_LACKING[row] for row in found if not found[row]["n"]),
            ]
        ),
    )


_ABOUT: Final = (
    "Aggregated: the four fragments joined. Above, below and equal to the mean; complete: ends "
    "like a sentence. Ended: captions that the captioner finished (stop), and that its token cap "
    "cut (length)."
)
_LACKING: Final = {
    "total": "No caption of a whole is known.",
    "aggregated": "No item has captions of all four fragments.",
}
