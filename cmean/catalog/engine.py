"""The catalog's engine: connections, transactions, prepared statements, readable errors."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from cmean.errors import CatalogError, CatalogUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import CursorResult
    from sqlalchemy.engine.interfaces import IsolationLevel
    from sqlalchemy.sql.dml import UpdateBase

__all__ = ["Catalog", "Connection", "PreparedStatement", "parse_url"]

_SQLITE_BUSY_SECONDS = 30


class Catalog:
    """A catalog that is open. Use `read` and `write` for every transaction.

    Args:
        url: an SQLAlchemy URL of SQLite or PostgreSQL.

    Raises:
        CatalogError: the URL is of another database, or cannot be parsed.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        secret = {key: "***" for key in self.url.query if "pass" in key}
        shown = self.url.update_query_dict(secret) if secret else self.url
        self.name = shown.render_as_string(hide_password=True)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            _create_sqlite_engine(self.url)
            if self.is_sqlite
            else _create_postgresql_engine(self.url)
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that reads one consistent state."""
        # PostgreSQL's default would give each statement a state of its own.
        with self._transaction("BEGIN", isolation="REPEATABLE READ") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes: committed at the end of the block, else rolled back."""
        # The write lock at once: this is what keeps several writers from failing with lock errors.
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(
        self, sqlite_begin: str, isolation: IsolationLevel | None = None
    ) -> Iterator[Connection]:
        with self._translate_errors(), self.engine.connect() as connection:
            if not self.is_sqlite:
                if isolation is not None:
                    connection.execution_options(isolation_level=isolation)
                with connection.begin():
                    yield connection
                return
            driver: Any = connection.connection.driver_connection
            driver.execute(sqlite_begin)
            try:
                yield connection
            except BaseException:
                with suppress(sqlite3.ProgrammingError):  # closed: an interrupted statement does so
                    driver.rollback()
                raise
            driver.commit()

    @contextmanager
    def alter(self) -> Iterator[Connection]:
        """Open a transaction that changes the schema.

        SQLite alters a table by copying it, which foreign keys must not hinder; they are switched
        off around the transaction, since inside one it cannot be done, and checked at its end.
        """
        with self._translate_errors(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if self.is_sqlite:
                driver.execute("PRAGMA foreign_keys = OFF")
                driver.execute("BEGIN IMMEDIATE")
            try:
                with connection.begin():
                    yield connection
                    if self.is_sqlite and driver.execute("PRAGMA foreign_key_check").fetchone():
                        raise CatalogError(
                            f"catalog {self.name}: rows refer to rows that do not exist"
                        )
            finally:
                if self.is_sqlite:
                    with suppress(sqlite3.ProgrammingError):  # closed, as in _transaction
                        driver.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def read_only(self) -> Iterator[Connection]:
        """Open a transaction in which the database itself refuses to write, for users' queries."""
        with self.read() as connection:
            if not self.is_sqlite:
                connection.execute(text("SET TRANSACTION READ ONLY"))
                yield connection
                return
            connection.execute(text("PRAGMA query_only = ON"))
            try:
                yield connection
            finally:  # the setting belongs to the pooled connection, not to the transaction
                connection.execute(text("PRAGMA query_only = OFF"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:  # BEGIN and COMMIT pass SQLAlchemy by
            kind = CatalogUnavailableError if self._is_unavailable(error) else CatalogError
            raise kind(self._explain(error)) from error
        except SQLAlchemyError as error:
            raise CatalogError(f"catalog {self.name}: {_get_first_line(error)}") from error

    def _is_unavailable(self, error: Exception) -> bool:
        """Tell whether a retry may succeed: the server is unavailable, or the file is locked."""
        if self.is_sqlite:
            return "locked" in str(error)
        return isinstance(error, OperationalError) or getattr(
            error, "connection_invalidated", False
        )

    def _explain(self, error: Exception) -> str:
        message = _get_first_line(getattr(error, "orig", None) or error)
        for fragment, meaning in _MEANINGS:
            if fragment in message:
                return f"catalog {self.name}: {meaning}"
        if not self.is_sqlite and isinstance(error, OperationalError):
            return f"catalog {self.name}: {message}; check the server and CMEAN_DATABASE_URL"
        return f"catalog {self.name}: {message}"


class PreparedStatement:
    """A statement with named parameters, compiled once and then issued as text.

    For the statements that a worker issues for every batch: building one and looking up its
    compiled form costs a tenth of a millisecond, more than SQLite needs to execute it.

    Values go to the driver as they are: a JSON column wants its text.

    Args:
        statement: an UPDATE or INSERT; its values and conditions may be `bindparam`.
    """

    def __init__(self, statement: UpdateBase) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, Mapping[str, Any], Sequence[str] | None]] = {}

    def __call__(self, connection: Connection, **values: object) -> CursorResult[Any]:
        """Execute it once."""
        text, fixed, order = self._compile(connection)
        return connection.exec_driver_sql(text, _bind_values({**fixed, **values}, order))

    def execute_many(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute it for each row."""
        text, fixed, order = self._compile(connection)
        connection.exec_driver_sql(text, [_bind_values({**fixed, **row}, order) for row in rows])

    def _compile(
        self, connection: Connection
    ) -> tuple[str, Mapping[str, Any], Sequence[str] | None]:
        name = connection.dialect.name
        if name not in self._texts:
            compiled: Any = self._statement.compile(dialect=connection.dialect)
            self._texts[name] = (str(compiled), compiled.params, compiled.positiontup)
        return self._texts[name]


def _bind_values(values: Mapping[str, Any], order: Sequence[str] | None) -> Any:  # noqa: ANN401
    """Bind values by position where the driver needs it, else by name."""
    return values if order is None else tuple(values[name] for name in order)


_MEANINGS = (
    ("file is not a database", "the file is not an SQLite database; name another one"),
    ("database disk image is malformed", "the file is damaged; restore a backup"),
    ("unable to open database file", "the file cannot be opened or created; check the folder"),
    ("readonly database", "no permission to write; check the file and its folder"),
    (
        "database or disk is full",
        "the disk is full; free some space and run again; no committed result is lost",
    ),
    (
        "disk I/O error",
        "the disk failed or is full; free some space and run again; no committed result is lost",
    ),
    ("database is locked", "another program holds the catalog locked; try again"),
)


_CONNECTION_TIMEOUTS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that vanished from the network counts as unavailable after a minute, not hours."""


def _get_first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def parse_url(url: str) -> URL:
    """Parse a database URL; only SQLite and PostgreSQL are accepted."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise CatalogError(
            "the database URL cannot be parsed; it should look like sqlite:///cmean.db "
            "or postgresql://user:password@host/name"
        ) from error
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise CatalogError(
            f"{parsed.get_backend_name()} is not supported; use an sqlite:// or postgresql:// URL"
        )
    return parsed


def _create_sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).expanduser().resolve().parent
        if not folder.is_dir():
            raise CatalogError(f"the catalog's folder does not exist: {folder}")
    try:
        engine = create_engine(url, connect_args={"timeout": _SQLITE_BUSY_SECONDS})
    except (NoSuchModuleError, ArgumentError) as error:
        raise CatalogError(f"the database URL cannot be used: {_get_first_line(error)}") from error

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not open transactions by itself: the catalog does, each in its way.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "invalidate")
    def _roll_back(connection: sqlite3.Connection, _record: object, _exception: object) -> None:
        # An interrupted statement's connection is closed; half-done it would keep its locks.
        connection.rollback()

    return engine


def _create_postgresql_engine(url: URL) -> Engine:
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise CatalogError(f"{url.drivername}:// is not supported; use postgresql+psycopg://")
    url = url.set(drivername="postgresql+psycopg")
    try:
        return create_engine(url, connect_args=_CONNECTION_TIMEOUTS)
    except (ModuleNotFoundError, NoSuchModuleError, ArgumentError) as error:
        raise CatalogError(f"the database URL cannot be used: {_get_first_line(error)}") from error
