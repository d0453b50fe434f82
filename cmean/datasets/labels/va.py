"""Valence and arousal of songs: emoMusic and DEAM, whose files differ in their columns' names.

emoMusic: M. Soleymani et al., "1000 songs for emotional analysis of music", 2013. DEAM: A.
Aljanaki, Y.-H. Yang & M. Soleymani, "Developing a benchmark for emotional analysis of music",
2017. Both give means of ratings from 1 to 9, and of DEAM's a song is called by its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import label_rows, named
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind
from cmean.util.tabular import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.util.tabular import Sheet

_SONG: Final = "song_id"
_SCALE: Final = (1, 9)


class ValenceArousal:
    """A layout of one row a song.

    Args:
        name: of the layout.
        columns: each dimension's column with the mean rating.
    """

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.columns = columns

    def matches(self, sheet: Sheet) -> bool:
        """Whether this is the layout."""
        return sheet.has(_SONG, *self.columns.values())

    def read(self, sheet: Sheet) -> LabelFile:
        """The mean ratings of the songs; how raters differ is left out."""
        require(sheet, (_SONG, *self.columns.values()), self.name)
        song = sheet.column(_SONG)
        kept, items = named(sheet, lambda cells: (cells[song],), Kind.TRACK)
        used = {sheet.column(column): dimension for dimension, column in self.columns.items()}
        rows, rejected = label_rows(kept, items, used, numeric=True, scale=_SCALE)
        return LabelFile(self.name, rows, (), [*kept.rejected, *rejected], sheet.notes)


EMOMUSIC: Final = ValenceArousal("emomusic", {"valence": "mean_valence", "arousal": "mean_arousal"})
DEAM: Final = ValenceArousal("deam", {"valence": "valence_mean", "arousal": "arousal_mean"})
