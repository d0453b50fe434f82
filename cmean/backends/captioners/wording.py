"""Small pieces of English that captioners share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


def join_words(words: Sequence[str]) -> str:
    """Join words to an English list: a, b and c; there is at least one."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


MOST_CHANGES: Final = 2
"""Maximum number of changes described for a fragment."""


class NotableChange(NamedTuple):
    """How far a fragment must differ from the whole, in the measure's unit, to be told from it."""

    measure: str
    step: float
    less: str
    more: str


def name_changes(part: object, whole: object, changes: Sequence[NotableChange]) -> list[str]:
    """Name the largest changes from the measures of a whole to those of a part of it."""
    steps = [
        ((getattr(part, change.measure) - getattr(whole, change.measure)) / change.step, change)
        for change in changes
    ]
    told = [each for each in sorted(steps, key=lambda each: -abs(each[0])) if abs(each[0]) >= 1]
    return [change.more if step > 0 else change.less for step, change in told[:MOST_CHANGES]]
