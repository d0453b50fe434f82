"""ArtEmis: emotions that people chose for paintings, a row for each choice.

P. Achlioptas et al., "ArtEmis: affective language for visual art", 2021.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import is_missing
from cmean.datasets.labels.label_file import LabelFile, LabelRow, Named
from cmean.domain import Kind
from cmean.util.tabular import RejectedRow, require

if TYPE_CHECKING:
    from collections.abc import Collection

    from cmean.datasets.labels.label_file import Label
    from cmean.util.tabular import Sheet

NAME: Final = "artemis"
_COLUMNS: Final = ("art_style", "painting", "emotion")


def matches(sheet: Sheet) -> bool:
    """Whether this is the layout."""
    return sheet.has(*_COLUMNS)


def read(sheet: Sheet) -> LabelFile:
    """For each painting the share of each emotion, and the one that most people chose.

    The shares are the numbers `emotion:awe` and so on, one for every emotion of the file; what
    most chose is the category `emotion`, which a painting without a single most frequent one
    lacks.
    """
    require(sheet, _COLUMNS, NAME)
    style, painting, emotion = (sheet.column(name) for name in _COLUMNS)
    chosen: dict[tuple[str, str], Counter[str]] = {}
    lines: dict[tuple[str, str], int] = {}
    rejected = list(sheet.rejected)
    for line, cells in sheet.rows:
        key = (cells[style], cells[painting])
        if not cells[painting]:
            rejected.append(RejectedRow(line, "names no item in column painting"))
        elif not is_missing(cells[emotion]):
            lines.setdefault(key, line)
            chosen.setdefault(key, Counter())[cells[emotion]] += 1
    emotions = sorted(set().union(*chosen.values()))
    rows = [
        LabelRow(lines[key], _named(*key), _labels(counts, emotions))
        for key, counts in chosen.items()
    ]
    return LabelFile(NAME, rows, (), rejected, sheet.notes)


def _named(style: str, painting: str) -> Named:
    """A painting lies in the folder of its style; several may be called the same."""
    return Named((f"{style}/{painting}", painting) if style else (painting,), Kind.ARTWORK)


def _labels(counts: Counter[str], emotions: Collection[str]) -> dict[str, Label]:
    labels: dict[str, Label] = {
        f"emotion:{emotion}": counts[emotion] / counts.total() for emotion in emotions
    }
    (first, most), *others = counts.most_common(2)
    if not others or others[0][1] < most:
        labels["emotion"] = first
    return labels
