"""Which column of a published file holds which field, told by its header."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from cmean.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OTHER_SIGNS: Final = re.compile("[^a-z0-9]")


class ColumnLayout(NamedTuple):
    """The index of each field's column, and how many columns there are."""

    indices: Mapping[str, int]
    width: int

    @property
    def last_field(self) -> str:
        """The field whose column stands last."""
        return max(self.indices, key=lambda field: self.indices[field])


def find_columns(header: Sequence[str], columns: Mapping[str, Sequence[str]]) -> ColumnLayout:
    """Find the columns of a file.

    Args:
        header: the cells of its first record.
        columns: field → the names that its column may have.

    Raises:
        InputError: a column is missing.
    """
    names = [_normalise_name(cell) for cell in header]
    indices = {
        field: names.index(_normalise_name(name))
        for field, known in columns.items()
        for name in known
        if _normalise_name(name) in names
    }
    missing = [repr(columns[field][0]) for field in columns if field not in indices]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        listed = ", ".join(missing)
        raise InputError(f"its first line does not name the column{plural} {listed}")
    return ColumnLayout(indices, len(names))


def _normalise_name(name: str) -> str:
    """Remove case, accents, spaces and signs from a name: other programs change these."""
    return _OTHER_SIGNS.sub("", unicodedata.normalize("NFKD", name).casefold())
