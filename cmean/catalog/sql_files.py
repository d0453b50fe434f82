"""Read SQL files: the views and triggers, which SQLAlchemy has no constructs for."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_VIEW = re.compile(r"CREATE VIEW (\w+) AS")


def read_statements(name: str) -> list[str]:
    """Read the statements of a file of this package; empty lines separate them."""
    text = files("cmean.catalog").joinpath(name).read_text(encoding="utf-8")
    paragraphs = (_strip_comments(paragraph) for paragraph in text.split("\n\n"))
    return [statement for statement in paragraphs if statement]


def read_views() -> dict[str, str]:
    """Read the views: name → the statement that creates it."""
    found = {}
    for statement in read_statements("views.sql"):
        match = _VIEW.match(statement)
        if match is None:
            raise ValueError(f"views.sql holds something other than a view: {statement[:60]}")
        found[match[1]] = statement
    return found


def create_count_triggers(connection: Connection) -> None:
    """Create the triggers on `tasks` that keep `task_counts`."""
    for statement in read_statements(f"task_counts_{connection.dialect.name}.sql"):
        connection.exec_driver_sql(statement)


def _strip_comments(paragraph: str) -> str:
    lines = (line for line in paragraph.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip()
