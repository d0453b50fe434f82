"""WikiArt Emotions: which emotions annotators saw in paintings.

S. M. Mohammad & S. Kiritchenko, "WikiArt Emotions: an annotated dataset of emotions evoked by
art", 2018. A column an emotion, 0/1 or the share of the annotators, once for each of: the picture
alone, the title alone, both together.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from cmean.datasets.labels.columns import collect_labels, name_items
from cmean.datasets.labels.label_file import LabelFile
from cmean.domain import Kind
from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmean.util.tabular import CsvTable

NAME: Final = "wikiart"
_ID, _URL, _TITLE = "ID", "Image URL", "Title"
_PREFIXES: Final = ("ImageOnly: ", "Art (image+title): ")
"""Of the columns, the preferred one first: captions describe the picture without its title."""


def matches_table(table: CsvTable) -> bool:
    """Return whether the columns are those of this layout."""
    return table.has_columns(_ID) and any(
        _find_emotion_columns(table, prefix) for prefix in _PREFIXES
    )


def read_labels(table: CsvTable) -> LabelFile:
    """Read the emotions seen in the picture alone or, where they are missing, with its title.

    A painting is looked up by its ID, by the file's name in its URL, and by its title.

    Raises:
        InputError: it has no such columns.
    """
    table.require_columns((_ID,), NAME)
    used = next(filter(None, (_find_emotion_columns(table, prefix) for prefix in _PREFIXES)), None)
    if used is None:
        raise InputError(f"{table.path} is not laid out as {NAME}: no column begins ImageOnly:")
    kept, items = name_items(table, partial(_collect_names, table), Kind.ARTWORK)
    rows, rejected = collect_labels(kept, items, used, numeric=True)
    return LabelFile(NAME, rows, (), [*kept.rejected, *rejected], table.notes)


def _collect_names(table: CsvTable, cells: Sequence[str]) -> tuple[str, ...]:
    item, url, title = (table.get_cell(cells, column) for column in (_ID, _URL, _TITLE))
    return item, unquote(urlsplit(url).path).rpartition("/")[2], title


def _find_emotion_columns(table: CsvTable, prefix: str) -> dict[int, str]:
    return {
        column: name[len(prefix) :]
        for column, name in enumerate(table.header)
        if name.casefold().startswith(prefix.casefold())
    }
