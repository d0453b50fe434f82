"""What raters are asked: couples, and codes that tell nobody which of them are by chance.

A code names the question, the two pairings and the couple, but not which of the two pairings the
couple is of: it is a digest of the two pairings' digests, in alphabetical order, and of the couple.
So are the order of the rows and the sides of a choice. What answers are about is found again from
the catalog alone, also from one that was copied to another database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cmean.util.hashing import hash_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

ASKS: Final = {
    "congruence": "how well do the two go together, 1 (not at all) to 5 (perfectly)",
    "choice": "which of two artworks goes better with the track, a or b",
}
"""The questions, and what each asks."""

SIDES: Final = ("a", "b")
"""What the two artworks of a choice are called."""

_KEY, _COUPLE = 8, 12
"""Hexadecimal digits of a code that name the sheet and the couple."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The pairs of a pairing.

    Attributes:
        digest: the pairing's.
        pairs: `PAIR`.
        ids: the key of each pair, in the same order.
    """

    digest: str
    pairs: NDArray[np.void]
    ids: NDArray[np.int64]

    def __iter__(self) -> Iterator[Pair]:
        names = ("position", "track_id", "artwork_id", "rank", "similarity")
        columns = (self.pairs[name].tolist() for name in names)
        return map(Pair, self.ids.tolist(), *columns)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that can be asked about: its key, and its columns."""

    id: int
    position: int
    track_id: int
    artwork_id: int
    rank: int
    similarity: float

    @property
    def couple(self) -> tuple[int, int, int]:
        """What is shown: position, track and artwork."""
        return self.position, self.track_id, self.artwork_id


@dataclass(frozen=True, slots=True)
class Question:
    """A row of a form.

    Attributes:
        code: what it is called there.
        pair: that an answer rates.
        artwork_ids: the artwork, or in a choice those at side a and b.
        other_artwork_id: in a choice, the one of the two that is by chance.
        control: whether the pair itself is by chance.
    """

    code: str
    pair: Pair
    artwork_ids: tuple[int, ...]
    other_artwork_id: int | None = None
    control: bool = False


def key(ask: str, digests: Iterable[str]) -> str:
    """What the codes of a sheet begin with: the same for all its rows.

    Args:
        ask: a name of `ASKS`.
        digests: of the pairing, and of the random one beside it.
    """
    return _hex(ask, sorted(digests))[:_KEY]


def key_of(code: str) -> str:
    """The key of the sheet that a code is from."""
    return code.partition("-")[0]


def questions(ask: str, pairing: Source, control: Source | None) -> list[Question]:
    """All that a sheet can ask of a pairing, in the order of the sheet.

    Of congruence: the couples of both pairings; one that is in both is asked once, as a pair.
    Of choice: the tracks that both pair, with different artworks.

    Args:
        ask: a name of `ASKS`.
        pairing: what is to be rated.
        control: the random pairing beside it; None: there is none, and no choice then.
    """
    digests = [source.digest for source in (pairing, control) if source is not None]
    name = f"{key(ask, digests)}-"
    made = _congruence if ask == "congruence" else _choices
    found = made([ask, *sorted(digests)], name, pairing, control)
    return sorted(found, key=lambda question: question.code)


def _congruence(
    sheet: Sequence[str], name: str, pairing: Source, control: Source | None
) -> Iterator[Question]:
    asked = set()
    for pair in pairing:
        asked.add(pair.couple)
        yield Question(_code(name, sheet, pair.couple), pair, (pair.artwork_id,))
    for pair in control or ():
        if pair.couple not in asked:
            code = _code(name, sheet, pair.couple)
            yield Question(code, pair, (pair.artwork_id,), control=True)


def _choices(
    sheet: Sequence[str], name: str, pairing: Source, control: Source | None
) -> Iterator[Question]:
    others = {(pair.position, pair.track_id): pair.artwork_id for pair in control or ()}
    for pair in pairing:
        artwork = pair.artwork_id
        other = others.get((pair.position, pair.track_id), artwork)
        if other != artwork:
            shown = (pair.position, pair.track_id, *sorted((artwork, other)))
            code = _code(name, sheet, shown)
            first = _hex("side", code, artwork) < _hex("side", code, other)
            sides = (artwork, other) if first else (other, artwork)
            yield Question(code, pair, sides, other)


def _code(name: str, sheet: Sequence[str], couple: Sequence[int]) -> str:
    return name + _hex(*sheet, *couple)[:_COUPLE]


def sampled(asked: Sequence[Question], number: int, controls: int, seed: int) -> list[Question]:
    """A seeded sample of the pairs and of the controls of a sheet, in its order."""
    chosen: set[str] = set()
    for control, wanted in ((False, number), (True, controls)):
        codes = [question.code for question in asked if question.control is control]
        chosen.update(sorted(codes, key=lambda code: _hex("sample", seed, code))[:wanted])
    return [question for question in asked if question.code in chosen]


def _hex(*content: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    return hash_json(content)
