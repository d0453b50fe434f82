"""Statements that a worker issues for every batch: compiled once, then issued as text.

Building a statement and looking up its compiled form costs a tenth of a millisecond, more than
SQLite needs to carry it out. The text is the one that SQLAlchemy makes, so there is one source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection, CursorResult
    from sqlalchemy.sql.dml import UpdateBase


class Hot:
    """A statement with named parameters.

    Values go to the driver as they are: a JSON column wants its text.

    Args:
        statement: an UPDATE or INSERT; its values and conditions may be `bindparam`.
    """

    def __init__(self, statement: UpdateBase) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, Mapping[str, Any], Sequence[str] | None]] = {}

    def __call__(self, connection: Connection, **values: object) -> CursorResult[Any]:
        """Issue it once."""
        text, fixed, order = self._text(connection)
        return connection.exec_driver_sql(text, _bound({**fixed, **values}, order))

    def many(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Issue it for each row."""
        text, fixed, order = self._text(connection)
        connection.exec_driver_sql(text, [_bound({**fixed, **row}, order) for row in rows])

    def _text(self, connection: Connection) -> tuple[str, Mapping[str, Any], Sequence[str] | None]:
        name = connection.dialect.name
        if name not in self._texts:
            compiled: Any = self._statement.compile(dialect=connection.dialect)
            self._texts[name] = (str(compiled), compiled.params, compiled.positiontup)
        return self._texts[name]


def _bound(values: Mapping[str, Any], order: Sequence[str] | None) -> Any:  # noqa: ANN401
    """By position where the driver wants it so, else by name."""
    return values if order is None else tuple(values[name] for name in order)
