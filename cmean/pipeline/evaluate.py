"""The study's tables for a pairing and its recipes, each figure beside its null."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import pairings, queries
from cmean.catalog import recipes as recipe_rows
from cmean.domain import POSITION_NAMES, POSITIONS, WHOLE, Kind
from cmean.evaluation.coherence import CoherenceTable, coherence
from cmean.evaluation.lengths import LengthTable, length_table
from cmean.matching.null import random_pairing, similarities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.engine import Catalog
    from cmean.catalog.pairings import Triple

_FRAGMENTS = POSITIONS[1:]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed; the first column names the row."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float | None]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A pairing with its Tables I, II and V.

    Attributes:
        pairing: the columns of its row.
        lengths: Table I (tracks) and II (artworks).
        finish_reasons: how many captions of each kind ended why.
        coherence: Table V.
    """

    pairing: Mapping[str, Any]
    lengths: Mapping[Kind, LengthTable]
    finish_reasons: Mapping[Kind, Mapping[str, int]]
    coherence: CoherenceTable

    def as_dict(self) -> dict[str, Any]:
        """For JSON: by the number of the table."""
        names = ("method", "vector", "metric", "pairs", "mean", "null_mean", "null_sd", "z")
        return {
            "pairing": self.pairing["id"],
            **{name: self.pairing[name] for name in names},
            "tables": {
                "I": self.lengths[Kind.TRACK].as_dict(),
                "II": self.lengths[Kind.ARTWORK].as_dict(),
                "V": self.coherence.as_dict(),
            },
            "finish_reasons": {kind.value: dict(self.finish_reasons[kind]) for kind in Kind},
        }

    def tables(self) -> list[Table]:
        """For people."""
        lengths = [self._length_table(kind, number) for kind, number in _NUMBERS.items()]
        return [*lengths, self._coherence_table()]

    def _length_table(self, kind: Kind, number: str) -> Table:
        found = self.lengths[kind].as_dict()
        why = self.finish_reasons[kind]
        ended = ", ".join(f"{count} {reason}" for reason, count in sorted(why.items()))
        return Table(
            f"Table {number}: caption lengths of {kind.value}s, in words",
            ("", *found["total"]),
            [(name, *row.values()) for name, row in found.items()],
            "Aggregated: the four fragments joined. Above, below and equal to the mean; complete: "
            f"ends like a sentence. Finish reasons: {ended or 'none'}.",
        )

    def _coherence_table(self) -> Table:
        rows = {name: row.as_dict() for name, row in self.coherence.rows.items()}
        left = (self.coherence.unpaired_tracks, self.coherence.unpaired_artworks)
        return Table(
            "Table V: emotional coherence of the pairs (cosine), beside its null",
            ("", *next(iter(rows.values()))),
            [(name, *row.values()) for name, row in rows.items()],
            "Null: the mean over random one-to-one pairings of the same items, and its standard "
            f"deviation. {left[0]} tracks and {left[1]} artworks are unpaired.",
        )


_NUMBERS = {Kind.TRACK: "I", Kind.ARTWORK: "II"}


def evaluate(catalog: Catalog, pairing_id: int | None = None) -> Evaluation:
    """Evaluate a pairing (default: the newest).

    Raises:
        InputError: there is no such pairing.
    """
    with catalog.read() as connection:
        pairing = pairings.get(connection, pairing_id)
        recipe_ids = {kind: pairing[f"{kind.value}_recipe_id"] for kind in Kind}
        pairs = pairings.pair_rows(connection, pairing["id"])
        sides = {
            kind: _by_item(pairings.triples(connection, recipe_ids[kind], POSITIONS))
            for kind in Kind
        }
        captions = {}
        for kind in Kind:
            (mapper,) = recipe_rows.rows(connection, [recipe_ids[kind]])
            captions[kind] = queries.captions_by_item(connection, mapper["input_id"])
    partners = [(row["track_id"], row["artwork_id"]) for row in pairs]
    return Evaluation(
        pairing,
        {kind: _lengths(captions[kind]) for kind in Kind},
        {kind: _finish_reasons(captions[kind]) for kind in Kind},
        _coherence(pairing, partners, sides),
    )


def _by_item(triples: Sequence[Triple]) -> dict[int, dict[int, Triple]]:
    result: dict[int, dict[int, Triple]] = {}
    for triple in triples:
        result.setdefault(triple.item_id, {})[triple.position] = triple
    return result


def _lengths(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> LengthTable:
    """Of the wholes that have a caption, and of the items whose four fragments all have one."""
    wholes = [found[WHOLE][0] for found in captions.values() if WHOLE in found]
    complete = [found for found in captions.values() if all(p in found for p in _FRAGMENTS)]
    return length_table(wholes, [[found[p][0] for p in _FRAGMENTS] for found in complete])


def _finish_reasons(captions: Mapping[int, Mapping[int, tuple[str, str]]]) -> dict[str, int]:
    return dict(Counter(reason for found in captions.values() for _, reason in found.values()))


def _coherence(
    pairing: Mapping[str, Any],
    partners: Sequence[tuple[int, int]],
    sides: Mapping[Kind, Mapping[int, Mapping[int, Triple]]],
) -> CoherenceTable:
    """Table V over the whole, each fragment with its counterpart, and the fragments aggregated."""
    names = [f"{t} / {a}" for t, a in zip(*(POSITION_NAMES[kind] for kind in Kind), strict=True)]
    wanted: dict[str, tuple[int, ...]] = {"pairs (whole)": (WHOLE,)}
    wanted |= {names[position]: (position,) for position in _FRAGMENTS}
    wanted["fragments aggregated"] = _FRAGMENTS
    rows = {}
    for name, positions in wanted.items():
        usable = {kind: _vectors(sides[kind], positions) for kind in Kind}
        tracks, artworks = (usable[kind] for kind in Kind)
        both = [(t, a) for t, a in partners if t in tracks and a in artworks]
        if not both:
            continue
        found = similarities(
            np.stack([tracks[t] for t, _ in both]),
            np.stack([artworks[a] for _, a in both]),
            pairing["metric"],
        )
        null = random_pairing(
            np.stack(list(tracks.values())),
            np.stack(list(artworks.values())),
            pairing["metric"],
            pairing["parameters"]["permutations"],
            pairing["parameters"]["seed"],
        )
        rows[name] = coherence(found, null)
    return CoherenceTable(rows, pairing["unpaired_tracks"], pairing["unpaired_artworks"])


def _vectors(
    side: Mapping[int, Mapping[int, Triple]], positions: Sequence[int]
) -> dict[int, NDArray[np.int64]]:
    """The triples of the items that have all these positions, each of shape (positions, 3)."""
    return {
        item: np.array([(found[p].red, found[p].green, found[p].blue) for p in positions])
        for item, found in side.items()
        if all(p in found for p in positions)
    }
