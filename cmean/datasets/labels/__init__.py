"""Files of labels that people gave to tracks and artworks, in the layouts of public data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from cmean.datasets.labels import artemis, emid, fma, plain, wikiart
from cmean.datasets.labels.valence_arousal import DEAM, EMOMUSIC
from cmean.errors import InputError
from cmean.util.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.datasets.labels.label_file import LabelFile
    from cmean.util.tabular import CsvTable

__all__ = ["LAYOUTS", "read_label_file"]


class LabelLayout(Protocol):
    """A reader of one layout of label files."""

    def matches_table(self, table: CsvTable, /) -> bool:
        """Return whether a file has the columns of the layout."""

    def read_labels(self, table: CsvTable, /) -> LabelFile:
        """Return the labels and labelled pairs of a file."""


LAYOUTS: Final[Mapping[str, LabelLayout]] = {
    artemis.NAME: artemis,
    wikiart.NAME: wikiart,
    emid.NAME: emid,
    fma.NAME: fma,
    EMOMUSIC.name: EMOMUSIC,
    DEAM.name: DEAM,
    plain.NAME: plain,
}
"""The layouts by name, in the order in which they are tried."""


def read_label_file(path: Path, layout: str | None = None) -> LabelFile:
    """Read a file of labels.

    Args:
        path: of the file.
        layout: a name of `LAYOUTS` (default: the first one whose columns the file has).

    Raises:
        InputError: it cannot be read, or has another layout; the message says what is missing.
    """
    table = read_table(path)
    if not table.rows and not table.rejected:
        raise InputError(f"{path} has a header but no rows; label at least one item")
    if layout is None:
        layout = next(name for name, each in LAYOUTS.items() if each.matches_table(table))
    return LAYOUTS[layout].read_labels(table)
