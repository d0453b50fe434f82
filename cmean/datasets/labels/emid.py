"""EMID: clips of music, each with images that go with it.

J. Zou et al., "EMID: an emotional aligned dataset in audio-visual modality", 2023. A row a clip:
its genre and its emotion, one of thirteen; then its images, each with one of eight emotions. The
two sets of words differ, so that of the images is a dimension of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cmean.datasets.labels.columns import is_missing
from cmean.datasets.labels.label_file import LabelFile, LabelRow, Named, PairRow
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import RejectedRow, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmean.util.tabular import Sheet

NAME: Final = "emid"
_CLIP: Final = "Audio_Filename"
_IMAGE: Final = re.compile(r"(Image\d+)_filename")
_OF_CLIPS: Final = ("genre", "emotion")
_TAG: Final = "tag"


def matches(sheet: Sheet) -> bool:
    """Whether this is the layout."""
    return sheet.has(_CLIP) and bool(_images(sheet))


def read(sheet: Sheet) -> LabelFile:
    """The pairs, the categories `genre` and `emotion` of clips, and `tag` of images.

    Raises:
        InputError: it has no such columns.
    """
    require(sheet, (_CLIP,), NAME)
    images = _images(sheet)
    if not images:
        raise InputError(f"{sheet.path} is not laid out as {NAME}: no column Image1_filename")
    rows, pairs, rejected = [], [], list(sheet.rejected)
    for line, cells in sheet.rows:
        row = dict(zip(sheet.header, cells, strict=True))
        if not row[_CLIP]:
            rejected.append(RejectedRow(line, f"names no item in column {_CLIP}"))
            continue
        clip = Named((row[_CLIP],), Kind.TRACK)
        if labels := {name: row[name] for name in _OF_CLIPS if not is_missing(row.get(name, ""))}:
            rows.append(LabelRow(line, clip, labels))
        for column, tag in images.items():
            if row[column]:
                image = Named((row[column],), Kind.ARTWORK)
                pairs.append(PairRow(line, clip, image))
                if not is_missing(row.get(tag, "")):
                    rows.append(LabelRow(line, image, {_TAG: row[tag]}))
    return LabelFile(NAME, rows, pairs, rejected, sheet.notes)


def _images(sheet: Sheet) -> Mapping[str, str]:
    """The columns that name images, and those of their tags."""
    found = map(_IMAGE.fullmatch, sheet.header)
    return {image[0]: f"{image[1]}_{_TAG}" for image in found if image}
