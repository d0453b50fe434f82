"""Titles, creators and more from a CSV file, for the files that it names."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmean.errors import InputError
from cmean.media.tags import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FACTS = ("title", "creator", "year", "licence")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts by resolved path. Column `path` is relative to the CSV file's own folder.

    The columns title, creator, year and licence are facts of an item; `kind` says which kind it
    is; every other column goes into the item's `metadata`.
    """

    rows: Mapping[Path, Mapping[str, str]]

    def facts(self, path: Path) -> dict[str, object]:
        """The columns of `items` to set for a file; empty when it is not named."""
        row = self.rows.get(path, {})
        facts: dict[str, object] = {key: clean(row[key]) for key in _FACTS if row.get(key)}
        others = {k: v for k, v in row.items() if k not in (*_FACTS, "path", "kind") and v}
        return facts | ({"metadata": others} if others else {})

    def kind(self, path: Path) -> str | None:
        """The kind that the file is said to be, if any."""
        return self.rows.get(path, {}).get("kind") or None


NOTHING = Metadata({})


def read(path: Path) -> Metadata:
    """Read a metadata file.

    Raises:
        InputError: it cannot be read, is not UTF-8 CSV, or lacks the column `path`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if "path" not in (reader.fieldnames or []):
                raise InputError(f"{path}: the first line must name a column 'path'")
            rows = {}
            for row in reader:
                if None in row:
                    message = f"{path}, line {reader.line_num}: more fields than columns"
                    raise InputError(message)
                named = (path.parent / row["path"].strip()).resolve()
                rows[named] = {key: (value or "").strip() for key, value in row.items()}
    except FileNotFoundError as error:
        raise InputError(f"no such metadata file: {path}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file: {error}") from error
    except ValueError as error:  # a null byte in a path
        raise InputError(f"{path} names a path that cannot be: {error}") from error
    return Metadata(rows)
