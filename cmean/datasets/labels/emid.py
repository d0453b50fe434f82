"""EMID: clips of music, each with images that go with it.

J. Zou et al., "EMID: an emotional aligned dataset in audio-visual modality", 2023. A row a clip:
its genre and its emotion, one of thirteen; then its images, each with one of eight emotions. The
two sets of words differ, so that of the images is a dimension of its own.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import is_missing
from cmean.datasets.labels.label_file import LabelFile, LabelRow, NamedItem, PairRow
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.util.tabular import CsvTable

NAME: Final = "emid"
_CLIP: Final = "Audio_Filename"
_IMAGE: Final = re.compile(r"(Image\d+)_filename", re.IGNORECASE)
_OF_CLIPS: Final = ("genre", "emotion")
_TAG: Final = "tag"


def matches_table(table: CsvTable) -> bool:
    """Return whether the columns are those of this layout."""
    return table.has_columns(_CLIP) and bool(_find_image_columns(table))


def read_labels(table: CsvTable) -> LabelFile:
    """Read the pairs, the categories `genre` and `emotion` of clips, and `tag` of images.

    Raises:
        InputError: it has no such columns.
    """
    table.require_columns((_CLIP,), NAME)
    images = _find_image_columns(table)
    if not images:
        raise InputError(f"{table.path} is not laid out as {NAME}: no column Image1_filename")
    rows, pairs, rejected = [], [], list(table.rejected)
    for line, cells in table.rows:
        row = partial(table.get_cell, cells)
        if not row(_CLIP):
            rejected.append(RejectedRow(line, f"names no item in column {_CLIP}"))
            continue
        clip = NamedItem((row(_CLIP),), Kind.TRACK)
        if labels := {name: row(name) for name in _OF_CLIPS if not is_missing(row(name))}:
            rows.append(LabelRow(line, clip, labels))
        for column, tag in images.items():
            if row(column):
                image = NamedItem((row(column),), Kind.ARTWORK)
                pairs.append(PairRow(line, clip, image))
                if not is_missing(row(tag)):
                    rows.append(LabelRow(line, image, {_TAG: row(tag)}))
    return LabelFile(NAME, rows, pairs, rejected, table.notes)


def _find_image_columns(table: CsvTable) -> Mapping[str, str]:
    """Return the columns that name images, each with the column of its tag."""
    found = map(_IMAGE.fullmatch, table.header)
    return {image[0]: f"{image[1]}_{_TAG}" for image in found if image}
