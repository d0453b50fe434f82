"""Collections, items, their fragments, and the files that were rejected."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from cmean.catalog.tables.columns import Id, created_at, metadata, one_of, primary_key, reference

collections = Table(
    "collections",
    metadata,
    primary_key(),
    Column("name", String(200), nullable=False, unique=True),
    created_at(),
)

items = Table(
    "items",
    metadata,
    primary_key(),
    Column("kind", String(10), nullable=False),
    Column("sha256", String(64), unique=True),
    Column("uri", Text),
    Column("title", Text),
    Column("creator", Text),
    Column("year", String(40)),
    Column("licence", Text),
    Column("format", String(20)),
    Column("bytes", BigInteger),
    Column("modified", Float(53)),
    Column("seconds", Float(53)),
    Column("rate", Integer),
    Column("channels", Integer),
    Column("width", Integer),
    Column("height", Integer),
    Column("metadata", JSON, nullable=False),
    created_at(),
    one_of("kind", "track", "artwork"),
    Index("ix_items_kind_id", "kind", "id"),
    # A hash on PostgreSQL: its B-trees take no key of over 2,704 bytes, and a path may be longer.
    Index("ix_items_uri", "uri", postgresql_using="hash"),
)

collection_items = Table(
    "collection_items",
    metadata,
    Column("collection_id", Id, ForeignKey("collections.id"), primary_key=True),
    Column("item_id", Id, ForeignKey("items.id"), primary_key=True, index=True),
)

fragments = Table(
    "fragments",
    metadata,
    primary_key(),
    reference("item_id", "items"),
    Column("position", Integer, nullable=False),
    Column("name", String(20), nullable=False),
    CheckConstraint("position BETWEEN 0 AND 4", name="position"),
    UniqueConstraint("item_id", "position"),
)

rejections = Table(
    "rejections",
    metadata,
    primary_key(),
    Column("path", Text, nullable=False, unique=True),
    Column("reason", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    created_at(),
)
