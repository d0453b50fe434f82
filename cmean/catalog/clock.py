"""The database's own clock, in seconds since 1970: the same for all machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """The current time, not the start of the transaction, in seconds since 1970."""

    type = Float()
    inherit_cache = True
    name = "now"


@compiles(now, "sqlite")
def _compile_for_sqlite(_element: now, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's hook
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _compile_for_postgresql(_element: now, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - as above
    return "extract(epoch FROM clock_timestamp())::float8"
