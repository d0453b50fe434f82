"""Recipes, workers, tasks, and how many tasks there are in each state."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cmean.catalog.tables.columns import Id, created_at, metadata, one_of, primary_key, reference

STATES = ("ready", "leased", "done", "failed", "dead")
"""The states of a task; each is a column of `task_counts`."""

recipes = Table(
    "recipes",
    metadata,
    primary_key(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("backend", String(100), nullable=False),
    Column("revision", String(100), nullable=False),
    Column("parameters", JSON, nullable=False),
    reference("input_id", "recipes", nullable=True, index=True),
    created_at(),
    one_of("role", "captioner", "mapper", "embedder"),
    one_of("kind", "track", "artwork"),
)

workers = Table(
    "workers",
    metadata,
    primary_key(),
    reference("parent_id", "workers", nullable=True, index=True),
    Column("host", String(200), nullable=False),
    Column("namespace", String(40)),
    Column("pid", Integer, nullable=False),
    Column("process_started", Float(53), nullable=False),
    Column("queues", JSON(none_as_null=True)),
    Column("unable", JSON(none_as_null=True)),
    reference("recipe_id", "recipes", nullable=True),
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
    primary_key(),
    Column("stage", String(10), nullable=False),
    reference("recipe_id", "recipes", nullable=True),
    reference("fragment_id", "fragments", nullable=True, index=True),
    Column("request", JSON(none_as_null=True)),
    Column("digest", String(64)),
    reference("pairing_id", "pairings", nullable=True, index=True),
    Column("state", String(10), nullable=False, server_default="ready"),
    Column("token", String(32)),
    reference("worker_id", "workers", nullable=True),
    Column("lease_until", Float(53)),
    Column("not_before", Float(53)),
    Column("lease_attempts", Integer, nullable=False, server_default="0"),
    Column("error_attempts", Integer, nullable=False, server_default="0"),
    Column("device_faults", Integer, nullable=False, server_default="0"),
    Column("reason", String(60)),
    Column("detail", Text),
    Column("finished", Float(53)),
    created_at(),
    one_of("stage", "caption", "emotion", "embed", "pair", "evaluate"),
    one_of("state", *STATES),
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
        "ix_tasks_failures",
        "id",
        sqlite_where=text("state IN ('failed', 'dead')"),
        postgresql_where=text("state IN ('failed', 'dead')"),
    ),
    Index(
        "uq_tasks_digest",
        "digest",
        unique=True,
        sqlite_where=text("digest IS NOT NULL"),
        postgresql_where=text("digest IS NOT NULL"),
    ),
)

# How many tasks of a stage and a recipe are in each state, kept by triggers on `tasks`. On SQLite
# one row for each; on PostgreSQL their sum counts. No foreign key: on PostgreSQL its check would
# cost every claim and commit a lock on the recipe's row.
task_counts = Table(
    "task_counts",
    metadata,
    primary_key(),
    Column("stage", String(10), nullable=False),
    Column("recipe_id", Id),
    *(Column(state, BigInteger, nullable=False, server_default="0") for state in STATES),
    Index("ix_task_counts_recipe_id_stage", "recipe_id", "stage"),
)
