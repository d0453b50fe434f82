"""Write the rows of an SQLite catalog as JSON lines, for `catalogs/NNNN.jsonl`.

Usage: python tests/migration/write_catalog.py CATALOG.db MEDIA_FOLDER OUTPUT.jsonl
"""

from __future__ import annotations

import base64
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from old_catalogs import TABLES

PLACEHOLDERS = {("workers", "host"): "{host}", ("workers", "namespace"): "{namespace}"}


def write_catalog(database: Path, media_folder: Path, output: Path) -> None:
    """Write all rows; paths and the machine's identity become placeholders."""
    with (
        closing(sqlite3.connect(database)) as connection,
        output.open("w", encoding="utf-8") as file,
    ):
        connection.row_factory = sqlite3.Row
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        for table in sorted(present & set(TABLES)):
            types = {
                row["name"]: row["type"]
                for row in connection.execute(f"PRAGMA table_info({table})")
            }
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608 - of TABLES
                cells = {
                    name: PLACEHOLDERS.get((table, name)) or as_json(row[name], types[name])
                    for name in row.keys()  # noqa: SIM118 - a row iterates over its values
                    if row[name] is not None
                }
                line = json.dumps({"table": table} | cells, ensure_ascii=False)
                file.write(line.replace(media_folder.resolve().as_uri(), "file://{media}") + "\n")


def as_json(value: object, type_: str) -> object:
    """A cell as JSON."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    return json.loads(value) if type_ == "JSON" and isinstance(value, str) else value


if __name__ == "__main__":
    write_catalog(*map(Path, sys.argv[1:4]))
