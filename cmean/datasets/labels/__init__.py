"""Files of labels that people gave to tracks and artworks, in the layouts of public data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from cmean.datasets.labels import artemis, emid, fma, plain, wikiart
from cmean.datasets.labels.va import DEAM, EMOMUSIC
from cmean.errors import InputError
from cmean.util.tabular import read_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cmean.datasets.labels.label_file import LabelFile
    from cmean.util.tabular import Sheet

__all__ = ["LAYOUTS", "read"]


class Layout(Protocol):
    """What reads one layout."""

    def matches(self, sheet: Sheet, /) -> bool:
        """Whether a file is laid out so, told by its columns."""

    def read(self, sheet: Sheet, /) -> LabelFile:
        """What the file says."""


LAYOUTS: Final[Mapping[str, Layout]] = {
    artemis.NAME: artemis,
    wikiart.NAME: wikiart,
    emid.NAME: emid,
    fma.NAME: fma,
    EMOMUSIC.name: EMOMUSIC,
    DEAM.name: DEAM,
    plain.NAME: plain,
}
"""The layouts by name, in the order in which they are tried."""


def read(path: Path, layout: str | None = None) -> LabelFile:
    """Read a file of labels.

    Args:
        path: of the file.
        layout: a name of `LAYOUTS` (default: told by the columns).

    Raises:
        InputError: it cannot be read, or is not laid out so; the message says what lacks.
    """
    sheet = read_sheet(path)
    if not sheet.rows and not sheet.rejected:
        raise InputError(f"{path} has a header but no rows; label at least one item")
    if layout is None:
        layout = next(name for name, each in LAYOUTS.items() if each.matches(sheet))
    return LAYOUTS[layout].read(sheet)
