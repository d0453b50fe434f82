"""Titles, creators and more from a CSV file, for the media files that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cmean.errors import InputError
from cmean.media.tags import clean_text
from cmean.util.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cmean.util.tabular import CsvTable

_FACTS: Final = ("title", "creator", "year", "licence")
_NAMES: Final = ("path", "kind", *_FACTS)


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts of media files.

    The columns title, creator, year and licence are facts of an item; `kind` is its kind; every
    other column goes into the item's `metadata`.

    Attributes:
        rows: the cells of a row by column, by the resolved path of the file that it names.
        notes: what a reader should know of how the metadata file was read.
    """

    rows: Mapping[Path, Mapping[str, str]]
    notes: Sequence[str] = ()

    def get_facts(self, path: Path) -> dict[str, object]:
        """Return the columns of `items` to set for a file; none where it is not named."""
        row = self.rows.get(path, {})
        facts: dict[str, object] = {key: clean_text(row[key]) for key in _FACTS if row.get(key)}
        others = {key: value for key, value in row.items() if key not in _NAMES and value}
        return facts | ({"metadata": others} if others else {})

    def get_kind(self, path: Path) -> str | None:
        """Return the kind that a file is declared to be, if any."""
        return self.rows.get(path, {}).get("kind") or None


NO_METADATA: Final = Metadata({})


def read_metadata_file(path: Path) -> Metadata:
    """Read a CSV file whose column `path` names media files, relative to its own folder.

    Raises:
        InputError: it cannot be read, has no column `path`, or a row cannot be used.
    """
    if not path.exists():
        raise InputError(f"no such metadata file: {path}")
    table = read_table(path, hand_edited=True)
    if not table.has_columns("path"):
        raise InputError(f"{path}: the first line must name a column 'path'")
    if table.rejected:  # e.g. a title cut at its comma: the rest would go to wrong columns
        first = table.rejected[0]
        raise InputError(f"{path}, line {first.line}: {first.detail}")
    names = _normalise_names(table)
    rows = {}
    for _, cells in table.rows:
        row = dict(zip(names, cells, strict=True))
        rows[(path.parent / row["path"]).resolve()] = row
    return Metadata(rows, table.notes)


def _normalise_names(table: CsvTable) -> list[str]:
    """Return the names of the columns, those that are known here in lower case."""
    return [name.lower() if name.lower() in _NAMES else name for name in table.header]
