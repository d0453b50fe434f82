"""The schema, as SQLAlchemy Core tables. Migrations create it; a test holds the two equal.

The chain of foreign keys is the chain of the data: item → fragment → caption → emotion → pair. A
derived row (`captions`, `emotions`, `embeddings`) carries the id of the task that made it as its
own primary key: the same work committed twice is impossible by construction, and ids do not depend
on the order in which workers finish. Times of the ledger are seconds since 1970 by the database's
clock. `docs/schema.md` documents each column.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
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


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _created() -> Column[object]:
    return Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("CURRENT_TIMESTAMP"),
    )


def _fk(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


def _task() -> Column[int]:
    """The primary key of a derived row: the task that made it."""
    return Column("id", Id, ForeignKey("tasks.id"), primary_key=True, autoincrement=False)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


collections = Table(
    "collections",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    _created(),
)

items = Table(
    "items",
    metadata,
    _id(),
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
    _created(),
    _one_of("kind", "track", "artwork"),
    Index("ix_items_kind_id", "kind", "id"),
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
    _id(),
    _fk("item_id", "items"),
    Column("position", Integer, nullable=False),
    Column("name", String(20), nullable=False),
    CheckConstraint("position BETWEEN 0 AND 4", name="position"),
    UniqueConstraint("item_id", "position"),
)

recipes = Table(
    "recipes",
    metadata,
    _id(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("backend", String(100), nullable=False),
    Column("revision", String(100), nullable=False),
    Column("parameters", JSON, nullable=False),
    _fk("input_id", "recipes", nullable=True, index=True),
    _created(),
    _one_of("role", "captioner", "mapper", "embedder"),
    _one_of("kind", "track", "artwork"),
)

workers = Table(
    "workers",
    metadata,
    _id(),
    _fk("parent_id", "workers", nullable=True, index=True),
    Column("host", String(200), nullable=False),
    Column("namespace", String(40)),
    Column("pid", Integer, nullable=False),
    Column("process_started", Float(53), nullable=False),
    Column("queues", JSON(none_as_null=True)),
    Column("unable", JSON(none_as_null=True)),
    _fk("recipe_id", "recipes", nullable=True),
    Column("tasks_done", BigInteger, nullable=False, server_default="0"),
    Column("tasks_failed", BigInteger, nullable=False, server_default="0"),
    Column("batches", BigInteger, nullable=False, server_default="0"),
    Column("batch_seconds", Float(53), nullable=False, server_default="0"),
    Column("heartbeat", Float(53), nullable=False),
    Column("stopped", Float(53)),
)

tasks = Table(
    "tasks",
    metadata,
    _id(),
    Column("stage", String(10), nullable=False),
    _fk("recipe_id", "recipes", nullable=True),
    _fk("fragment_id", "fragments", nullable=True, index=True),
    Column("request", JSON(none_as_null=True)),
    Column("digest", String(64)),
    _fk("pairing_id", "pairings", nullable=True, index=True),
    Column("state", String(10), nullable=False, server_default="ready"),
    Column("token", String(32)),
    _fk("worker_id", "workers", nullable=True),
    Column("lease_until", Float(53)),
    Column("not_before", Float(53)),
    Column("lease_attempts", Integer, nullable=False, server_default="0"),
    Column("error_attempts", Integer, nullable=False, server_default="0"),
    Column("reason", String(60)),
    Column("detail", Text),
    Column("finished", Float(53)),
    _created(),
    _one_of("stage", "caption", "emotion", "embed", "pair", "evaluate"),
    _one_of("state", "ready", "leased", "done", "failed", "dead"),
    CheckConstraint("(state = 'leased') = (token IS NOT NULL)", name="token"),
    CheckConstraint(
        "(stage IN ('pair', 'evaluate')) = (request IS NOT NULL)"
        " AND (request IS NULL) = (digest IS NULL)"
        " AND (request IS NULL) = (recipe_id IS NOT NULL)"
        " AND (request IS NULL) = (fragment_id IS NOT NULL)",
        name="subject",
    ),
    UniqueConstraint("recipe_id", "fragment_id"),
    Index(
        "ix_tasks_ready",
        "recipe_id",
        "id",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index(
        "ix_tasks_leased",
        "lease_until",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index(
        "ix_tasks_failed",
        "not_before",
        sqlite_where=text("state = 'failed'"),
        postgresql_where=text("state = 'failed'"),
    ),
    Index(
        "uq_tasks_digest",
        "digest",
        unique=True,
        sqlite_where=text("digest IS NOT NULL"),
        postgresql_where=text("digest IS NOT NULL"),
    ),
)

captions = Table(
    "captions",
    metadata,
    _task(),
    _fk("recipe_id", "recipes"),
    _fk("fragment_id", "fragments", index=True),
    Column("text", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("finish_reason", String(10), nullable=False),
    Column("measurements", JSON, nullable=False),
    Column("tokens", Integer),
    Column("seconds", Float(53)),
    Column("language", String(10)),
    Column("windows", JSON(none_as_null=True)),
    _created(),
    _one_of("finish_reason", "stop", "length"),
    CheckConstraint("words >= 0", name="words"),
    UniqueConstraint("recipe_id", "fragment_id"),
)

emotions = Table(
    "emotions",
    metadata,
    _task(),
    _fk("recipe_id", "recipes"),
    _fk("caption_id", "captions", nullable=True, index=True),
    _fk("fragment_id", "fragments", nullable=True, index=True),
    Column("red", Integer, nullable=False),
    Column("green", Integer, nullable=False),
    Column("blue", Integer, nullable=False),
    Column("samples", Integer),
    Column("red_sd", Float(53)),
    Column("green_sd", Float(53)),
    Column("blue_sd", Float(53)),
    _created(),
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
    _task(),
    _fk("recipe_id", "recipes"),
    _fk("fragment_id", "fragments", index=True),
    _fk("caption_id", "captions", nullable=True, index=True),
    Column("width", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    _created(),
    CheckConstraint("width > 0 AND length(vector) = 4 * width", name="vector"),
)

pairings = Table(
    "pairings",
    metadata,
    _id(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("profile", String(100), nullable=False),
    Column("method", String(20), nullable=False),
    Column("vector", String(20), nullable=False),
    Column("metric", String(20), nullable=False),
    Column("space", String(20), nullable=False, server_default="emotion"),
    Column("calibrate", String(20), nullable=False, server_default="none"),
    Column("min_similarity", Float(53)),
    _fk("track_recipe_id", "recipes", index=True),
    _fk("artwork_recipe_id", "recipes", index=True),
    _fk("track_embedding_recipe_id", "recipes", nullable=True),
    _fk("artwork_embedding_recipe_id", "recipes", nullable=True),
    _fk("parent_id", "pairings", nullable=True, index=True),
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
    _created(),
    _one_of("method", "greedy", "sequential", "optimal", "random"),
    _one_of("vector", "whole", "fragments", "concatenated"),
    _one_of("metric", "cosine", "euclidean"),
    _one_of("space", "emotion", "imagebind", "captions"),
    _one_of("calibrate", "none", "quantile"),
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
    _id(),
    _fk("pairing_id", "pairings"),
    Column("position", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("similarity", Float(53), nullable=False),
    _fk("track_id", "items", index=True),
    _fk("artwork_id", "items", index=True),
    _fk("track_emotion_id", "emotions", nullable=True, index=True),
    _fk("artwork_emotion_id", "emotions", nullable=True, index=True),
    CheckConstraint("position BETWEEN 0 AND 4", name="position"),
    CheckConstraint("rank >= 1", name="rank"),
    CheckConstraint("similarity BETWEEN -1 AND 1", name="similarity"),
    UniqueConstraint("pairing_id", "position", "track_id"),
    UniqueConstraint("pairing_id", "position", "artwork_id"),
    UniqueConstraint("pairing_id", "position", "rank"),
)

evaluations = Table(
    "evaluations",
    metadata,
    _task(),
    _fk("pairing_id", "pairings", index=True),
    Column("document", JSON, nullable=False),
    _created(),
)

scores = Table(
    "scores",
    metadata,
    _id(),
    Column("metric", String(60), nullable=False),
    _fk("pair_id", "pairs", nullable=True, index=True),
    _fk("caption_id", "captions", nullable=True, index=True),
    _fk("item_id", "items", nullable=True, index=True),
    _fk("recipe_id", "recipes", nullable=True, index=True),
    Column("value", Float(53), nullable=False),
    _created(),
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

labels = Table(
    "labels",
    metadata,
    _id(),
    _fk("item_id", "items"),
    Column("name", String(100), nullable=False),
    Column("dimension", String(100), nullable=False),
    Column("value", Float(53)),
    Column("category", Text),
    _created(),
    CheckConstraint("(value IS NULL) <> (category IS NULL)", name="value"),
    UniqueConstraint("item_id", "name", "dimension"),
    Index("ix_labels_name", "name"),
)

label_pairs = Table(
    "label_pairs",
    metadata,
    _id(),
    Column("name", String(100), nullable=False),
    _fk("track_id", "items", index=True),
    _fk("artwork_id", "items", index=True),
    _created(),
    UniqueConstraint("name", "track_id", "artwork_id"),
)

ratings = Table(
    "ratings",
    metadata,
    _id(),
    _fk("pair_id", "pairs"),
    Column("rater", String(100), nullable=False),
    Column("congruence", Integer),
    Column("preferred", String(10)),
    _fk("other_artwork_id", "items", nullable=True),
    Column("comment", Text),
    Column("seconds", Float(53)),
    _created(),
    CheckConstraint("congruence BETWEEN 1 AND 5", name="congruence"),
    _one_of("preferred", "pair", "random"),
    CheckConstraint("congruence IS NOT NULL OR preferred IS NOT NULL", name="answer"),
    UniqueConstraint("pair_id", "rater"),
)

rejections = Table(
    "rejections",
    metadata,
    _id(),
    Column("path", Text, nullable=False, unique=True),
    Column("reason", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    _created(),
)
