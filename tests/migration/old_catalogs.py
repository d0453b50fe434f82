"""Catalogs of earlier schema versions, restored from JSON lines into a database of that version."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text  # noqa: TID251 - writes rows that no current code writes
from support import write_small_corpus

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection  # noqa: TID251 - as above

FOLDER = Path(__file__).with_name("catalogs")
VERSIONS = tuple(sorted(path.stem for path in FOLDER.glob("*.jsonl")))
"""The schema versions of which there is a catalog."""

# Parents before children. Within a table the rows are in the order of their keys, and a row refers
# only to earlier rows of its own table. Not task_counts: triggers on tasks fill it.
TABLES = (
    *("collections", "items", "collection_items", "fragments", "recipes", "workers", "pairings"),
    *("pairing_inputs", "tasks", "captions", "emotions", "embeddings", "pairs", "evaluations"),
    *("scores", "labels", "label_pairs", "ratings", "rejections"),
)


@dataclass(frozen=True)
class OldCatalog:
    """A catalog of an earlier version, and the rows that were put into it."""

    version: str
    url: str
    rows: dict[str, list[dict[str, Any]]]

    def count_tasks(self, stage: str, state: str) -> int:
        """How many tasks of a stage were in a state."""
        return sum((row["stage"], row["state"]) == (stage, state) for row in self.rows["tasks"])


def read_rows(version: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, as they are in the file."""
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for line in (FOLDER / f"{version}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row.pop("table")].append(row)
    return rows


def restore_catalog(
    version: str, url: str, folder: Path, *, host: str, namespace: str | None
) -> OldCatalog:
    """Make a catalog of an earlier version.

    Args:
        version: of `VERSIONS`.
        url: an empty database.
        folder: where the media files are written.
        host: the machine that its workers ran on.
        namespace: of process numbers on that machine.
    """
    write_small_corpus(folder)
    rows = read_rows(version)
    for row in rows["items"]:
        row["uri"] = row["uri"].replace("file://{media}", folder.as_uri())
        _describe_file(row, folder / Path(row["uri"]).name)
    for row in rows["workers"]:
        row["host"] = host
        if "namespace" in row:
            row["namespace"] = namespace
    catalog = Catalog(url)
    config = Config()
    config.set_main_option("script_location", str(migrate.find_migrations()))
    with catalog.alter() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for table in TABLES:
            _insert_rows(connection, table, rows[table])
        if not catalog.is_sqlite:
            _advance_sequences(connection)
    catalog.close()
    return OldCatalog(version, url, rows)


def _describe_file(row: dict[str, Any], path: Path) -> None:
    """Give an item the digest of the file written here: encoders of other versions differ."""
    content, status = path.read_bytes(), path.stat()
    row["sha256"] = hashlib.sha256(content).hexdigest()
    row["bytes"], row["modified"] = status.st_size, status.st_mtime


def _insert_rows(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        statement = text(f"INSERT INTO {table} ({names}) VALUES ({places})")  # noqa: S608 - of TABLES
        connection.execute(statement, {name: _as_cell(value) for name, value in row.items()})


def _as_cell(value: Any) -> Any:
    """The value as a statement without types takes it: JSON as text, binary as bytes."""
    if isinstance(value, dict) and set(value) == {"base64"}:
        return base64.b64decode(value["base64"])
    return json.dumps(value) if isinstance(value, dict | list) else value


def _advance_sequences(connection: Connection) -> None:
    """PostgreSQL numbers new rows after those that were inserted with their keys."""
    for table in inspect(connection).get_table_names():
        found = connection.execute(
            text(
                "SELECT column_name FROM information_schema.columns WHERE table_name = :table"
                " AND column_name = 'id' AND (column_default IS NOT NULL OR is_identity = 'YES')"
            ),
            {"table": table},
        ).first()
        if found:
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id))"  # noqa: S608 - of the schema
                f" FROM {table} HAVING MAX(id) IS NOT NULL"
            )
