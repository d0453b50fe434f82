"""Valence and arousal of songs: emoMusic and DEAM, whose files differ in their columns' names.

emoMusic: M. Soleymani et al., "1000 songs for emotional analysis of music", 2013. DEAM: A.
Aljanaki, Y.-H. Yang & M. Soleymani, "Developing a benchmark for emotional analysis of music",
2017. Both give means of ratings from 1 to 9, and of DEAM's a song is called by its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import collect_labels, name_items
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.util.tabular import CsvTable

_SONG: Final = "song_id"
_SCALE: Final = (1, 9)


class ValenceArousalLayout:
    """A layout of one row a song.

    Args:
        name: of the layout.
        columns: each dimension's column with the mean rating.
    """

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.columns = columns

    def matches_table(self, table: CsvTable) -> bool:
        """Return whether the columns are those of this layout."""
        return table.has_columns(_SONG, *self.columns.values())

    def read_labels(self, table: CsvTable) -> LabelFile:
        """Read the mean ratings of the songs, without their standard deviations."""
        table.require_columns((_SONG, *self.columns.values()), self.name)
        song = table.find_column(_SONG)
        kept, items = name_items(table, lambda cells: (cells[song],), Kind.TRACK)
        used = {table.find_column(column): dimension for dimension, column in self.columns.items()}
        rows, rejected = collect_labels(kept, items, used, numeric=True, scale=_SCALE)
        return LabelFile(self.name, rows, (), [*kept.rejected, *rejected], table.notes)


EMOMUSIC: Final = ValenceArousalLayout(
    "emomusic", {"valence": "mean_valence", "arousal": "mean_arousal"}
)
DEAM: Final = ValenceArousalLayout("deam", {"valence": "valence_mean", "arousal": "arousal_mean"})
