"""WikiArt Emotions: which emotions annotators saw in paintings.

S. M. Mohammad & S. Kiritchenko, "WikiArt Emotions: an annotated dataset of emotions evoked by
art", 2018. A column an emotion, 0/1 or the share of the annotators, once for each of: the picture
alone, the title alone, both together.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from cmean.datasets.labels.columns import label_rows, named
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind
from cmean.errors import InputError
from cmean.util.tabular import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.util.tabular import Sheet

NAME: Final = "wikiart"
_ID, _URL, _TITLE = "ID", "Image URL", "Title"
_PREFIXES: Final = ("ImageOnly: ", "Art (image+title): ")
"""Of the emotions, the better one first: what we caption is the picture alone."""


def matches(sheet: Sheet) -> bool:
    """Whether this is the layout."""
    return sheet.has(_ID) and any(name.startswith(_PREFIXES) for name in sheet.header)


def read(sheet: Sheet) -> LabelFile:
    """The emotions seen in the picture alone or, where the file lacks them, with its title.

    A painting is looked for by its ID, by the file's name in its URL, and by its title.

    Raises:
        InputError: it has no such columns.
    """
    require(sheet, (_ID,), NAME)
    used = next(filter(None, (_with_prefix(sheet, prefix) for prefix in _PREFIXES)), None)
    if used is None:
        raise InputError(f"{sheet.path} is not laid out as {NAME}: no column begins ImageOnly:")
    kept, items = named(sheet, partial(_names, sheet), Kind.ARTWORK)
    rows, rejected = label_rows(kept, items, used, numeric=True)
    return LabelFile(NAME, rows, (), [*kept.rejected, *rejected], sheet.notes)


def _names(sheet: Sheet, cells: Sequence[str]) -> tuple[str, ...]:
    row = dict(zip(sheet.header, cells, strict=True))
    file = unquote(urlsplit(row.get(_URL, "")).path).rpartition("/")[2]
    return row[_ID], file, row.get(_TITLE, "")


def _with_prefix(sheet: Sheet, prefix: str) -> dict[int, str]:
    return {
        column: name.removeprefix(prefix)
        for column, name in enumerate(sheet.header)
        if name.startswith(prefix)
    }
