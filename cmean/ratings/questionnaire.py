"""Questions that raters are asked, and codes that do not reveal which pairs are random.

A code is a digest of the digests of both pairings, in alphabetical order, and of what is shown, so
it does not reveal which of the two a pair is from; nor do the order of the rows and the sides of a
choice. The catalog alone, or a copy of it, suffices to find what a code is about.
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
"""The names of the two artworks of a choice."""

_SHEET_DIGITS, _SUBJECT_DIGITS = 8, 12
"""Hexadecimal digits of a code that identify the sheet, and what is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class SourcePairs:
    """The pairs of a pairing.

    Attributes:
        digest: the pairing's.
        pairs: `PAIR`.
        ids: the key of each pair, in the same order.
    """

    digest: str
    pairs: NDArray[np.void]
    ids: NDArray[np.int64]

    def __iter__(self) -> Iterator[RatedPair]:
        names = ("position", "track_id", "artwork_id", "rank", "similarity")
        columns = (self.pairs[name].tolist() for name in names)
        return map(RatedPair, self.ids.tolist(), *columns)


@dataclass(frozen=True, slots=True)
class RatedPair:
    """A pair that can be rated: its key, and its columns."""

    id: int
    position: int
    track_id: int
    artwork_id: int
    rank: int
    similarity: float

    @property
    def subject(self) -> tuple[int, int, int]:
        """Position, track and artwork that are shown."""
        return self.position, self.track_id, self.artwork_id


@dataclass(frozen=True, slots=True)
class RatingQuestion:
    """A row of a sheet.

    Attributes:
        code: identifies it on the sheet.
        pair: the pair that an answer rates.
        artwork_ids: the artwork, or in a choice those at side a and b.
        other_artwork_id: in a choice, the random one of the two.
        control: whether the pair itself is random.
    """

    code: str
    pair: RatedPair
    artwork_ids: tuple[int, ...]
    other_artwork_id: int | None = None
    control: bool = False


def compute_sheet_key(ask: str, digests: Iterable[str]) -> str:
    """Compute the key that the codes of all rows of a sheet begin with.

    Args:
        ask: a name of `ASKS`.
        digests: of the pairing, and of its random control.
    """
    return _compute_digest(ask, sorted(digests))[:_SHEET_DIGITS]


def read_sheet_key(code: str) -> str:
    """Read the key of the sheet from a code."""
    return code.partition("-")[0]


def list_questions(
    ask: str, pairing: SourcePairs, control: SourcePairs | None
) -> list[RatingQuestion]:
    """List all that a sheet can ask of a pairing, in the order of the sheet.

    Of congruence: the pairs of both pairings; one that is in both is asked once, as a pair.
    Of choice: the tracks that both pair, with different artworks.

    Args:
        ask: a name of `ASKS`.
        pairing: the pairing that is rated.
        control: its random control; None: there is none, and no choice then.
    """
    digests = [source.digest for source in (pairing, control) if source is not None]
    name = f"{compute_sheet_key(ask, digests)}-"
    made = _list_congruence_questions if ask == "congruence" else _list_choice_questions
    found = made([ask, *sorted(digests)], name, pairing, control)
    return sorted(found, key=lambda question: question.code)


def _list_congruence_questions(
    sheet: Sequence[str], name: str, pairing: SourcePairs, control: SourcePairs | None
) -> Iterator[RatingQuestion]:
    asked = set()
    for pair in pairing:
        asked.add(pair.subject)
        yield RatingQuestion(_compute_code(name, sheet, pair.subject), pair, (pair.artwork_id,))
    for pair in control or ():
        if pair.subject not in asked:
            code = _compute_code(name, sheet, pair.subject)
            yield RatingQuestion(code, pair, (pair.artwork_id,), control=True)


def _list_choice_questions(
    sheet: Sequence[str], name: str, pairing: SourcePairs, control: SourcePairs | None
) -> Iterator[RatingQuestion]:
    others = {(pair.position, pair.track_id): pair.artwork_id for pair in control or ()}
    for pair in pairing:
        artwork = pair.artwork_id
        other = others.get((pair.position, pair.track_id), artwork)
        if other != artwork:
            shown = (pair.position, pair.track_id, *sorted((artwork, other)))
            code = _compute_code(name, sheet, shown)
            first = _compute_digest("side", code, artwork) < _compute_digest("side", code, other)
            sides = (artwork, other) if first else (other, artwork)
            yield RatingQuestion(code, pair, sides, other)


def _compute_code(name: str, sheet: Sequence[str], subject: Sequence[int]) -> str:
    return name + _compute_digest(*sheet, *subject)[:_SUBJECT_DIGITS]


def sample_questions(
    asked: Sequence[RatingQuestion], number: int, controls: int, seed: int
) -> list[RatingQuestion]:
    """Sample pairs and controls of a sheet by a seed, in its order."""
    chosen: set[str] = set()
    for control, wanted in ((False, number), (True, controls)):
        codes = [question.code for question in asked if question.control is control]
        chosen.update(
            sorted(codes, key=lambda code: _compute_digest("sample", seed, code))[:wanted]
        )
    return [question for question in asked if question.code in chosen]


def _compute_digest(*content: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    return hash_json(content)
