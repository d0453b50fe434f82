"""The metadata that all tables belong to, and the columns that many of them have."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def primary_key() -> Column[int]:
    """Make the key `id`, which the database numbers."""
    return Column("id", Id, primary_key=True)


def created_at() -> Column[object]:
    """Make the column of a row's time of creation, UTC."""
    return Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("CURRENT_TIMESTAMP"),
    )


def reference(name: str, table: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """Make a foreign key to the `id` of a table."""
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def task_key() -> Column[int]:
    """Make the key of a derived row: the id of the task that made it."""
    return Column("id", Id, ForeignKey("tasks.id"), primary_key=True, autoincrement=False)


def one_of(column: str, *values: str) -> CheckConstraint:
    """Make the check that a column holds one of some words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
