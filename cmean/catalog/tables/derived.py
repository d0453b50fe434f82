"""What models made of fragments: captions, emotions and embeddings."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from cmean.catalog.tables.columns import created_at, metadata, one_of, reference, task_key

captions = Table(
    "captions",
    metadata,
    task_key(),
    reference("recipe_id", "recipes"),
    reference("fragment_id", "fragments", index=True),
    Column("text", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("finish_reason", String(10), nullable=False),
    Column("measurements", JSON, nullable=False),
    Column("tokens", Integer),
    Column("seconds", Float(53)),
    Column("language", String(10)),
    Column("windows", JSON(none_as_null=True)),
    created_at(),
    one_of("finish_reason", "stop", "length"),
    CheckConstraint("words >= 0", name="words"),
    UniqueConstraint("recipe_id", "fragment_id"),
)

emotions = Table(
    "emotions",
    metadata,
    task_key(),
    reference("recipe_id", "recipes"),
    reference("caption_id", "captions", nullable=True, index=True),
    reference("fragment_id", "fragments", nullable=True, index=True),
    Column("red", Integer, nullable=False),
    Column("green", Integer, nullable=False),
    Column("blue", Integer, nullable=False),
    Column("samples", Integer),
    Column("red_sd", Float(53)),
    Column("green_sd", Float(53)),
    Column("blue_sd", Float(53)),
    created_at(),
    CheckConstraint("red BETWEEN 0 AND 255", name="red"),
    CheckConstraint("green BETWEEN 0 AND 255", name="green"),
    CheckConstraint("blue BETWEEN 0 AND 255", name="blue"),
    CheckConstraint("(caption_id IS NULL) <> (fragment_id IS NULL)", name="subject"),
    UniqueConstraint("recipe_id", "caption_id"),
    UniqueConstraint("recipe_id", "fragment_id"),
)

embeddings = Table(
    "embeddings",
    metadata,
    task_key(),
    reference("recipe_id", "recipes"),
    reference("fragment_id", "fragments", index=True),
    reference("caption_id", "captions", nullable=True, index=True),
    Column("width", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    created_at(),
    CheckConstraint("width > 0 AND length(vector) = 4 * width", name="vector"),
)
