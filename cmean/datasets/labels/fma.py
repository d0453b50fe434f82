"""The Free Music Archive's `echonest.csv`: audio features of tracks, under a header of three rows.

M. Defferrard et al., "FMA: a dataset for music analysis", 2017. The rows name a source, a group
and a feature; then comes one with the word `track_id` alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import collect_labels, name_items
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind
from cmean.errors import InputError

NAME: Final = "fma"
_GROUP: Final = "audio_features"
_INDEX: Final = "track_id"

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.util.tabular import CsvTable


def matches_table(table: CsvTable) -> bool:
    """Return whether the columns are those of this layout."""
    return (
        table.has_columns("echonest")
        and len(table.rows) > 1
        and _GROUP in map(str.lower, table.rows[0].cells)
    )


def read_labels(table: CsvTable) -> LabelFile:
    """Read acousticness, danceability, energy, …, tempo and valence of the tracks.

    Raises:
        InputError: the header is another.
    """
    if not matches_table(table):
        raise InputError(
            f"{table.path} is not laid out as {NAME}: echonest.csv has three header rows, "
            f"with the group {_GROUP} in the second"
        )
    (_, groups), (_, features), *rows = table.rows
    rows = [row for row in rows if row.cells[0].lower() != _INDEX]
    tracks = replace(table, header=[_INDEX, *features[1:]], rows=rows)
    kept, items = name_items(tracks, lambda cells: cells[:1], Kind.TRACK)
    labels, rejected = collect_labels(kept, items, _select_features(groups, features), numeric=True)
    return LabelFile(NAME, labels, (), [*kept.rejected, *rejected], table.notes)


def _select_features(groups: Sequence[str], features: Sequence[str]) -> dict[int, str]:
    features_by_group = zip(groups, features, strict=True)
    return {
        at: name for at, (group, name) in enumerate(features_by_group) if group.lower() == _GROUP
    }
