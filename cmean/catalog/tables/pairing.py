"""Pairings, their pairs and inputs, and their evaluations."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from cmean.catalog.tables.columns import (
    Id,
    created_at,
    metadata,
    one_of,
    primary_key,
    reference,
    task_key,
)

pairings = Table(
    "pairings",
    metadata,
    primary_key(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("profile", String(100), nullable=False),
    Column("method", String(20), nullable=False),
    Column("vector", String(20), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("space", String(20), nullable=False, server_default="emotion"),
    Column("calibrate", String(20), nullable=False, server_default="none"),
    Column("min_similarity", Float(53)),
    reference("track_recipe_id", "recipes", index=True),
    reference("artwork_recipe_id", "recipes", index=True),
    reference("track_embedding_recipe_id", "recipes", nullable=True),
    reference("artwork_embedding_recipe_id", "recipes", nullable=True),
    reference("parent_id", "pairings", nullable=True, index=True),
    Column("parameters", JSON, nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("unpaired_tracks", Integer, nullable=False),
    Column("unpaired_artworks", Integer, nullable=False),
    Column("below_floor", Integer, nullable=False, server_default="0"),
    Column("mean", Float(53), nullable=False),
    Column("tenth_percentile", Float(53), nullable=False),
    Column("minimum", Float(53), nullable=False),
    Column("maximum", Float(53), nullable=False),
    Column("null_mean", Float(53)),
    Column("null_sd", Float(53)),
    Column("z", Float(53)),
    Column("gap", Float(53)),
    created_at(),
    one_of("method", "greedy", "sequential", "optimal", "random"),
    one_of("vector", "whole", "fragments", "concatenated"),
    one_of("metric", "cosine", "euclidean"),
    one_of("space", "emotion", "imagebind", "captions"),
    one_of("calibrate", "none", "quantile"),
    CheckConstraint("calibrate = 'none' OR space = 'emotion'", name="calibrated"),
    CheckConstraint(
        "(track_embedding_recipe_id IS NULL) = (space = 'emotion')"
        " AND (artwork_embedding_recipe_id IS NULL) = (space = 'emotion')",
        name="embedding",
    ),
)

pairs = Table(
    "pairs",
    metadata,
    primary_key(),
    reference("pairing_id", "pairings"),
    Column("position", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("similarity", Float(53), nullable=False),
    reference("track_id", "items", index=True),
    reference("artwork_id", "items", index=True),
    reference("track_emotion_id", "emotions", nullable=True, index=True),
    reference("artwork_emotion_id", "emotions", nullable=True, index=True),
    CheckConstraint("position BETWEEN 0 AND 4", name="position"),
    CheckConstraint("rank >= 1", name="rank"),
    CheckConstraint("similarity BETWEEN -1 AND 1", name="similarity"),
    UniqueConstraint("pairing_id", "position", "track_id"),
    UniqueConstraint("pairing_id", "position", "artwork_id"),
    UniqueConstraint("pairing_id", "position", "rank"),
)

# Which results there were when a pairing was made: ids as runs, see `cmean.catalog.id_runs`.
pairing_inputs = Table(
    "pairing_inputs",
    metadata,
    Column("pairing_id", Id, ForeignKey("pairings.id"), primary_key=True),
    Column("result", String(10), primary_key=True),
    Column("recipe_id", Id, ForeignKey("recipes.id"), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    one_of("result", "caption", "emotion", "embedding"),
    CheckConstraint("number >= 0", name="number"),
)

evaluations = Table(
    "evaluations",
    metadata,
    task_key(),
    reference("pairing_id", "pairings", index=True),
    Column("document", JSON, nullable=False),
    created_at(),
)
