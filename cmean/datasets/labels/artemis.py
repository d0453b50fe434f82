"""ArtEmis: emotions that people chose for paintings, a row for each choice.

P. Achlioptas et al., "ArtEmis: affective language for visual art", 2021.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import is_missing
from cmean.datasets.labels.label_file import LabelFile, LabelRow, NamedItem
from cmean.domain import Kind
from cmean.util.tabular import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from cmean.datasets.labels.label_file import Label
    from cmean.util.tabular import CsvTable

NAME: Final = "artemis"
_COLUMNS: Final = ("art_style", "painting", "emotion")


def matches_table(table: CsvTable) -> bool:
    """Return whether the columns are those of this layout."""
    return table.has_columns(*_COLUMNS)


def read_labels(table: CsvTable) -> LabelFile:
    """Read for each painting the share of each emotion, and the most frequent one.

    The shares are the numbers `emotion:awe` and so on, one for every emotion of the file. The most
    frequent emotion is the category `emotion`; a painting on which two emotions tie has none.
    """
    table.require_columns(_COLUMNS, NAME)
    style, painting, emotion = (table.find_column(name) for name in _COLUMNS)
    choices: dict[tuple[str, str], Counter[str]] = {}
    lines: dict[tuple[str, str], int] = {}
    rejected = list(table.rejected)
    for line, cells in table.rows:
        key = (cells[style], cells[painting])
        if not cells[painting]:
            rejected.append(RejectedRow(line, "names no item in column painting"))
        elif not is_missing(cells[emotion]):
            lines.setdefault(key, line)
            choices.setdefault(key, Counter())[cells[emotion]] += 1
    emotions = sorted(set().union(*choices.values()))
    rows = [
        LabelRow(lines[key], _name_painting(*key), _summarise_choices(counts, emotions))
        for key, counts in choices.items()
    ]
    return LabelFile(NAME, rows, (), rejected, table.notes)


def _name_painting(style: str, painting: str) -> NamedItem:
    """Name a painting by its folder, the style, too: several styles share file names."""
    return NamedItem((f"{style}/{painting}", painting) if style else (painting,), Kind.ARTWORK)


def _summarise_choices(counts: Counter[str], emotions: Collection[str]) -> dict[str, Label]:
    labels: dict[str, Label] = {
        f"emotion:{emotion}": counts[emotion] / counts.total() for emotion in emotions
    }
    (first, most), *others = counts.most_common(2)
    if not others or others[0][1] < most:
        labels["emotion"] = first
    return labels
