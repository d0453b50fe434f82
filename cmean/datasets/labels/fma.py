"""The Free Music Archive's `echonest.csv`: audio features of tracks, under a header of three rows.

M. Defferrard et al., "FMA: a dataset for music analysis", 2017. The rows name a source, a group
and a feature; then comes one with the word `track_id` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import label_rows, named
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import Sheet

NAME: Final = "fma"
_GROUP: Final = "audio_features"
_INDEX: Final = "track_id"

if TYPE_CHECKING:
    from collections.abc import Sequence


def matches(sheet: Sheet) -> bool:
    """Whether this is the layout."""
    return "echonest" in sheet.header and len(sheet.rows) > 1 and _GROUP in sheet.rows[0][1]


def read(sheet: Sheet) -> LabelFile:
    """Acousticness, danceability, energy, …, tempo and valence of the tracks.

    Raises:
        InputError: the header is another.
    """
    if not matches(sheet):
        raise InputError(
            f"{sheet.path} is not laid out as {NAME}: echonest.csv has three header rows, "
            f"with the group {_GROUP} in the second"
        )
    (_, groups), (_, features), *rows = sheet.rows
    rows = [row for row in rows if row[1][0] != _INDEX]
    tracks = Sheet(sheet.path, [_INDEX, *features[1:]], rows, sheet.rejected, sheet.notes)
    kept, items = named(tracks, lambda cells: cells[:1], Kind.TRACK)
    labels, rejected = label_rows(kept, items, _used(groups, features), numeric=True)
    return LabelFile(NAME, labels, (), [*kept.rejected, *rejected], sheet.notes)


def _used(groups: Sequence[str], features: Sequence[str]) -> dict[int, str]:
    named_groups = zip(groups, features, strict=True)
    return {at: name for at, (group, name) in enumerate(named_groups) if group == _GROUP}
