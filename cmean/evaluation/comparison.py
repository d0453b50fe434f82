"""Several pairings side by side: each figure beside its nulls, and how many pairs they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import pairings
from cmean.domain import Kind
from cmean.evaluation.measures import coherence, embedding_similarity
from cmean.pairing import spaces
from cmean.presentation.tables import NULLS, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog, Connection
    from cmean.presentation.tables import Cell

_APART: Final = "one pairs wholes and the other fragments"
_ABOUT: Final = ("method", "vector", "metric", "calibrate", "space", "profile")


def compare(catalog: Catalog, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Two or more evaluations as one document: `pairings`, each as it is, and their `overlap`."""
    with catalog.read() as connection:
        known = {d["pairing"]: _read(connection, d["pairing"]) for d in documents}
    return {
        "pairings": list(documents),
        "overlap": [
            {"pairings": [one, other], **_overlap(known[one].pairs, known[other])}
            for one, other in combinations(known, 2)
        ],
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Paired:
    """The pairs of a pairing, and by position the items of each kind that were there for it."""

    pairs: NDArray[np.void]
    items: Mapping[int, Mapping[Kind, NDArray[np.int64]]]


def _read(connection: Connection, pairing_id: int) -> _Paired:
    pairs = pairings.pairs_of(connection, pairing_id)
    sides = spaces.sides(connection, pairings.get(connection, pairing_id), pairing_id)
    items = {}
    for position in np.unique(pairs["position"]).tolist():
        here = pairs[pairs["position"] == position]
        items[position] = {  # of published pairs the others are not known
            kind: np.union1d(sides[kind][position].items, here[f"{kind.value}_id"]) for kind in Kind
        }
    return _Paired(pairs, items)


def _overlap(one: NDArray[np.void], other: _Paired) -> dict[str, Any]:
    """Pairs of both, and how many there would be if the other were paired at random.

    A random one-to-one pairing of n tracks and m artworks in k pairs holds a given pair of these
    items with the probability k / (n·m).
    """
    keys = ["position", "track_id", "artwork_id"]
    of = min(len(one), len(other.pairs))
    if not np.isin(one["position"], other.pairs["position"]).any():
        return {"shared": None, "of": of, "expected_by_chance": None, "why": _APART}
    shared = len(np.intersect1d(one[keys], other.pairs[keys]))
    expected = 0.0
    for position, items in other.items.items():
        here = one[one["position"] == position]
        both = [np.isin(here[f"{kind.value}_id"], items[kind]) for kind in Kind]
        k = int((other.pairs["position"] == position).sum())
        possible = math.prod(len(items[kind]) for kind in Kind)
        expected += int((both[0] & both[1]).sum()) * k / possible
    return {"shared": shared, "of": of, "expected_by_chance": expected, "why": ""}


def tables(found: Mapping[str, Any]) -> list[Table]:
    """Each figure over all pairings, then what they share."""
    documents = found["pairings"]
    apart = dict.fromkeys(each["why"] for each in found["overlap"] if each["why"])
    return [
        Table(
            "pairings",
            "Pairings side by side",
            ("pairing", *_ABOUT, "pairs"),
            [(str(d["pairing"]), *(d[name] for name in _ABOUT), d["pairs"]) for d in documents],
        ),
        _weak_end(documents),
        *_compared(documents),
        *(_labels(name, documents) for name in documents[0]["labels"]),
        *_people(documents),
        Table(
            "overlap",
            "Pairs in common",
            ("pairings", "shared", "of", "by chance"),
            [
                (
                    " and ".join(map(str, each["pairings"])),
                    each["shared"],
                    each["of"],
                    each["expected_by_chance"],
                )
                for each in found["overlap"]
            ],
            " ".join(
                [
                    "By chance: expected if the second were paired at random.",
                    *(f"Undefined (–): {why}." for why in apart),
                ]
            ),
        ),
    ]


def _weak_end(documents: Sequence[Mapping[str, Any]]) -> Table:
    """How alike the weakest pairs are, by what each pairing was made by."""
    figures = ("mean", "tenth_percentile", "minimum")
    return Table(
        "weak end",
        "The weakest pairs",
        ("pairing", "mean", "tenth percentile", "minimum", "least asked for"),
        [(str(d["pairing"]), *(d[n] for n in figures), d["min_similarity"]) for d in documents],
        "Each by the similarity that it was made by: of different metrics or calibrations they "
        "do not compare.",
    )


def _compared(documents: Sequence[Mapping[str, Any]]) -> list[Table]:
    """A table for each figure that is known of some pairing; equal tables once."""
    made: list[Table] = []
    for name, title, row, note in _FIGURES:
        if any(map(row, documents)):
            table = _figures(name, title, documents, row, note)
            if not any(table.rows == each.rows for each in made):
                made.append(table)
    return made


def judged(documents: Sequence[Mapping[str, Any]]) -> str | None:
    """A line where nothing judges the pairings that none of them was made by; None: something."""
    judges = [_imagebind(d) or d["labels"] or d["ratings"] for d in documents]
    if any(judges):
        return None
    return (
        "nothing here judges these pairings from outside, for pairings by emotion were made to be "
        "alike in it: embed by ImageBind, attach labels (cmean labels) or ask people "
        "(cmean rate sheet)"
    )


def _figures(
    name: str,
    title: str,
    documents: Sequence[Mapping[str, Any]],
    row: Callable[[Mapping[str, Any]], Mapping[str, Any] | None],
    note: str,
) -> Table:
    rows = [(document["pairing"], row(document) or {}) for document in documents]
    reasons = dict.fromkeys(values["why"] for _, values in rows if values.get("why"))
    if lacking := [str(key) for key, values in rows if not values]:
        reasons[f"of {', '.join(lacking)}, {_LACKING[name]}"] = None
    return Table(
        name,
        title,
        ("pairing", "n", *NULLS.values()),
        [(str(key), values.get("n"), *(values.get(n) for n in NULLS)) for key, values in rows],
        note + (f" Undefined (–): {'; '.join(reasons)}." if reasons else ""),
    )


def _labels(name: str, documents: Sequence[Mapping[str, Any]]) -> Table:
    """How far the labels of the two of each pair agree."""
    rows = [
        (str(document["pairing"]), row)
        for document in documents
        for row in document["labels"][name]["agreement"]
    ]
    nothing: dict[str, Any] = {}
    return Table(
        f"labels {name}",
        f"Labels {name}: agreement across the pairs",
        ("pairing", "dimension", "statistic", "n", "value", *_CHANCE, "resampled", "constant"),
        [
            (
                pairing,
                *(row[key] for key in ("dimension", "statistic", "n", "value")),
                *(row.get("random", nothing).get(key) for key in _CHANCE.values()),
                row.get("resampled", nothing).get("mean"),
                row.get("constant", nothing).get("value"),
            )
            for pairing, row in rows
        ],
        "" if rows else "No dimension is labelled on both sides of any pair.",
    )


def _people(documents: Sequence[Mapping[str, Any]]) -> list[Table]:
    """What people say of each pairing's pairs; none where nobody has rated any."""
    rated = [(str(d["pairing"]), d["ratings"]) for d in documents if d["ratings"]]
    rows: list[Sequence[Cell]] = []
    for pairing, found in rated:
        for over, row in (found["congruence"] or {}).items():
            mean = row["mean"]
            rows.append(
                (
                    *(pairing, f"congruence, 1 to 5, over {over}", mean["n"], mean["value"]),
                    *(mean["low"], mean["high"], row["control_mean"]["value"], row["null"]["p"]),
                )
            )
        chosen = found["choice"]
        for over, row in {"choices": chosen, "pairs": chosen["pairs"]}.items() if chosen else ():
            rate, null = row["win_rate"], row["null"]
            rows.append(
                (
                    *(pairing, f"preferred to a random one, over {over}", rate["n"], rate["value"]),
                    *(rate["low"], rate["high"], null["mean"], null["p"]),
                )
            )
    header = ("pairing", "people", "n", "value", "low", "high", "random", "p")
    note = (
        "Low, high: 95 % intervals. Over ratings or choices all answers are taken as independent; "
        "over pairs each pair counts once. Random: the same raters' mean over random pairs, or a "
        "coin. p: one-sided."
    )
    return [Table("people", "People", header, rows, note)] if rows else []


_CHANCE: Final = {"random": "mean", "random sd": "sd", "z": "z", "p": "p"}


def _coherence(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first row of Table V: by the vector that was paired."""
    rows = document["tables"]["V"].values()
    return next((row for row in rows if isinstance(row, dict)), None)


def _coherence_of_wholes(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row of Table V over the wholes, whatever was paired."""
    rows: Mapping[str, Any] = document["tables"]["V"]
    return rows.get("pairs (whole)") or rows.get("whole / whole")


def _imagebind(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rows: Mapping[str, Any] = document["tables"]["VI"] or {}
    return rows.get("pairs")


_FIGURES: Final = (
    (
        "coherence",
        "Emotional coherence of the pairs, by the vector of each (Table V)",
        _coherence,
        coherence.NOTE,
    ),
    (
        "coherence whole",
        "Emotional coherence of the whole triples (Table V)",
        _coherence_of_wholes,
        coherence.NOTE,
    ),
    (
        "imagebind",
        "ImageBind similarity of the pairs (Table VI)",
        _imagebind,
        embedding_similarity.NOTE,
    ),
)
_LACKING: Final = {
    "coherence": "no triples of the pairs are known",
    "coherence whole": "no triples of the wholes are known, or the wholes were not paired",
    "imagebind": "no ImageBind embeddings of its items",
}
