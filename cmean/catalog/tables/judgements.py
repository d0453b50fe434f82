"""Labels and ratings that people gave, and scores that were computed."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from cmean.catalog.tables.columns import created_at, metadata, one_of, primary_key, reference

labels = Table(
    "labels",
    metadata,
    primary_key(),
    reference("item_id", "items"),
    Column("name", String(100), nullable=False),
    Column("dimension", String(100), nullable=False),
    Column("value", Float(53)),
    Column("category", Text),
    created_at(),
    CheckConstraint("(value IS NULL) <> (category IS NULL)", name="value"),
    UniqueConstraint("item_id", "name", "dimension"),
    Index("ix_labels_name", "name"),
)

label_pairs = Table(
    "label_pairs",
    metadata,
    primary_key(),
    Column("name", String(100), nullable=False),
    reference("track_id", "items", index=True),
    reference("artwork_id", "items", index=True),
    created_at(),
    UniqueConstraint("name", "track_id", "artwork_id"),
)

ratings = Table(
    "ratings",
    metadata,
    primary_key(),
    reference("pair_id", "pairs"),
    Column("rater", String(100), nullable=False),
    Column("congruence", Integer),
    Column("preferred", String(10)),
    reference("other_artwork_id", "items", nullable=True),
    Column("comment", Text),
    Column("seconds", Float(53)),
    created_at(),
    CheckConstraint("congruence BETWEEN 1 AND 5", name="congruence"),
    one_of("preferred", "pair", "random"),
    CheckConstraint("congruence IS NOT NULL OR preferred IS NOT NULL", name="answer"),
    UniqueConstraint("pair_id", "rater"),
)

scores = Table(
    "scores",
    metadata,
    primary_key(),
    Column("metric", String(60), nullable=False),
    reference("pair_id", "pairs", nullable=True, index=True),
    reference("caption_id", "captions", nullable=True, index=True),
    reference("item_id", "items", nullable=True, index=True),
    reference("recipe_id", "recipes", nullable=True, index=True),
    Column("value", Float(53), nullable=False),
    created_at(),
    CheckConstraint(
        "(pair_id IS NOT NULL AND caption_id IS NULL AND item_id IS NULL)"
        " OR (pair_id IS NULL AND caption_id IS NOT NULL AND item_id IS NULL)"
        " OR (pair_id IS NULL AND caption_id IS NULL AND item_id IS NOT NULL)",
        name="subject",
    ),
    UniqueConstraint("metric", "pair_id", "recipe_id"),
    UniqueConstraint("metric", "caption_id", "recipe_id"),
    UniqueConstraint("metric", "item_id", "recipe_id"),
)
